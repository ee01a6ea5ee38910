import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { events } from '../database/schema'
import { findModerators } from '../database/moderators'
import { findSessionsOf } from '../database/sessions'
import { createModerators, generatePassword, type Moderators } from './moderators'
import { createModeratorAccounts } from './moderator-accounts'
import { verifyPassword } from '../crypto/password-hash'
import { createSessions } from './sessions'

const ANNA = { username: 'anna', email: 'anna@example.org', password: 'twelve chars' }
const BOSS = { ...ANNA, username: 'boss' }
let test: TestDatabase
let now: number
let moderators: Moderators

beforeEach(async () => {
  test = await openTestDatabase()
  now = 5000
  moderators = createModerators({
    database: test.database,
    accounts: createModeratorAccounts({ database: test.database, clock: () => now }),
  })
})
afterEach(() => test.dispose())

it('makes a moderator, whose password is kept as a hash and never shown', async () => {
  const made = await moderators.create({ ...ANNA, email: ' Anna@Example.org ' })
  expect(made).toMatchObject({
    ok: true,
    moderator: { username: 'anna', email: 'anna@example.org', createdAt: 5000 },
  })
  expect(JSON.stringify([made, await moderators.list(), await moderators.find('anna')])).not.toMatch(
    /argon2|twelve/,
  )
  const [row] = await test.database.read(findModerators)
  expect(await verifyPassword(row?.passwordHash ?? null, ANNA.password)).toBe(true)
})

it.each(['', 'Anna', 'anna maria', 'ännchen', 'a'.repeat(65), 'a\n', '@anna', 'a/b'])(
  'refuses the username %j and says what one looks like',
  async (username) => {
    const made = await moderators.create({ ...ANNA, username })
    expect(made).toMatchObject({ ok: false, problem: expect.stringMatching(/1 to 64 of the characters a-z/) })
    expect(await moderators.list()).toEqual([])
  },
)

it.each(['a', 'a.b_c-9', 'a'.repeat(64), '007'])('takes the username %j', async (username) => {
  expect(await moderators.create({ ...ANNA, username })).toMatchObject({ ok: true })
})

it.each([
  ['eleven char', /11 characters.*at least 12/],
  ['😀'.repeat(11), /11 characters/],
  ['a'.repeat(513), /at most 512/],
  ['Password12345', /too common/],
  ['qwertyuiop123', /too common/],
  ['aaaaaaaaaaaaaaaa', /too common/],
])('refuses the password %j', async (password, problem) => {
  expect(await moderators.create({ ...ANNA, password })).toMatchObject({
    ok: false,
    problem: expect.stringMatching(problem),
  })
})

it('refuses the username for a password', async () => {
  const made = await moderators.create({ ...ANNA, username: 'anna-of-example', password: 'Anna-of-Example' })
  expect(made).toMatchObject({ ok: false, problem: expect.stringContaining('must not be the username') })
})

it.each([
  ['Ａｎｎａ-of-Ｅｘａｍｐｌｅ', 'must not be the username'],
  ['ｐａｓｓｗｏｒｄ１２３４', 'too common'],
  ['u\u0308'.repeat(11), '11 characters; it needs at least 12'],
  ['four unrelated\u0007 words', 'not every terminal'],
])('judges the new password %j by what is hashed of it', async (password, problem) => {
  const made = await moderators.create({ ...ANNA, username: 'anna-of-example', password })
  expect(made).toMatchObject({ ok: false, problem: expect.stringContaining(problem) })
})

it('refuses what is no address', async () => {
  const made = await moderators.create({ ...ANNA, email: 'anna@' })
  expect(made).toMatchObject({
    ok: false,
    problem: expect.stringContaining('"anna@" is not an email address'),
  })
})

it('refuses a name that is taken, also of two at once and of one disabled', async () => {
  const made = await Promise.all([moderators.create(ANNA), moderators.create(ANNA)])
  expect(made.filter((one) => one.ok)).toHaveLength(1)
  await moderators.create(BOSS)
  await moderators.disable('anna')
  expect(await moderators.create(ANNA)).toMatchObject({
    ok: false,
    problem: expect.stringContaining('disabled'),
  })
  expect(await moderators.list()).toHaveLength(2)
})

it('disables a moderator and ends their sessions', async () => {
  await moderators.create(BOSS)
  const made = await moderators.create(ANNA)
  if (!made.ok) throw new Error(made.problem)
  const sessions = createSessions({ database: test.database, secure: true, clock: () => now })
  const { value } = await sessions.signIn(made.moderator.id)
  now = 6000
  expect(await moderators.disable('anna')).toMatchObject({ ok: true, moderator: { disabledAt: 6000 } })
  expect(await test.database.read((reader) => findSessionsOf(reader, made.moderator.id))).toEqual([])
  now = 7000
  expect(await moderators.disable('anna')).toMatchObject({ ok: true, moderator: { disabledAt: 6000 } })
  expect(await moderators.find('anna')).toMatchObject({ disabledAt: 6000 })
  expect(await sessions.check(value)).toBeNull()
})

it('lets a disabled moderator in again, and an active one alone', async () => {
  await moderators.create(BOSS)
  await moderators.create(ANNA)
  await moderators.disable('anna')
  for (const _ of [1, 2])
    expect(await moderators.enable('Anna')).toMatchObject({ ok: true, moderator: { disabledAt: null } })
  expect(await moderators.find('anna')).toMatchObject({ disabledAt: null })
  expect(await moderators.enable('nobody')).toMatchObject({
    ok: false,
    problem: expect.stringContaining('There is no moderator "nobody"'),
  })
})

it('says that there is nobody of that name to disable', async () => {
  expect(await moderators.disable('nobody')).toMatchObject({
    ok: false,
    problem: expect.stringContaining('"nobody"'),
  })
})

it('sets another password, which alone is good from then on, and ends the sessions of that moderator only', async () => {
  const [anna, bert] = [await moderators.create(ANNA), await moderators.create({ ...ANNA, username: 'bert' })]
  if (!anna.ok || !bert.ok) throw new Error('not made')
  const sessions = createSessions({ database: test.database, secure: true, clock: () => now })
  const [hers, his] = [await sessions.signIn(anna.moderator.id), await sessions.signIn(bert.moderator.id)]
  const set = await moderators.setPassword('anna', 'another twelve')
  expect(set).toMatchObject({ ok: true, moderator: { username: 'anna' } })
  expect(JSON.stringify(set)).not.toMatch(/argon2|another/)
  const hashes = (await test.database.read(findModerators)).map(({ passwordHash }) => passwordHash)
  expect(
    await Promise.all(['another twelve', ANNA.password].map((one) => verifyPassword(hashes[0] ?? null, one))),
  ).toEqual([true, false])
  expect(await verifyPassword(hashes[1] ?? null, ANNA.password)).toBe(true)
  expect(await sessions.check(hers.value)).toBeNull()
  expect(await sessions.check(his.value)).toMatchObject({ moderator: { username: 'bert' } })
})

it.each([
  ['nobody', 'another twelve', '"nobody"'],
  ['anna', 'eleven char', 'at least 12'],
  ['clara', 'another twelve', 'is disabled'],
])('refuses %s the new password %j, and changes nothing', async (username, password, problem) => {
  await moderators.create(ANNA)
  await moderators.create({ ...ANNA, username: 'clara' })
  await moderators.disable('clara')
  const before = await test.database.read(findModerators)
  expect(await moderators.setPassword(username, password)).toMatchObject({
    ok: false,
    problem: expect.stringContaining(problem),
  })
  expect(await test.database.read(findModerators)).toEqual(before)
})

it('lists by name', async () => {
  for (const username of ['clara', 'anna', 'bert']) await moderators.create({ ...ANNA, username })
  expect((await moderators.list()).map((one) => one.username)).toEqual(['anna', 'bert', 'clara'])
})

describe('a generated password', () => {
  it('is long, new each time, and good for a moderator', async () => {
    const passwords = Array.from({ length: 200 }, () => generatePassword())
    expect(new Set(passwords).size).toBe(200)
    for (const password of passwords) expect(password).toMatch(/^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){5}$/)
    expect(await moderators.create({ ...ANNA, password: generatePassword() })).toMatchObject({ ok: true })
  })

  it('uses every letter equally often', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte)
    const counts = new Map<string, number>()
    while (bytes.length >= 24)
      for (const letter of generatePassword((wanted) => Uint8Array.from(bytes.splice(0, wanted))).replaceAll(
        '-',
        '',
      ))
        counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(32)
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(8)
  })
})

it('does not disable the last active administrator, and says what to do first', async () => {
  await moderators.create(ANNA)
  await moderators.create({ ...ANNA, username: 'bert', role: 'moderator' })
  await moderators.create({ ...ANNA, username: 'clara' })
  expect(await moderators.disable('clara')).toMatchObject({ ok: true })
  const refused = await moderators.disable('anna')
  expect(refused).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/"anna" is the last active administrator: .*"admin create"/),
  })
  expect(await moderators.find('anna')).toMatchObject({ disabledAt: null })
  expect(await moderators.disable('bert')).toMatchObject({ ok: true })
  await moderators.create(BOSS)
  expect(await moderators.disable('anna')).toMatchObject({ ok: true })
})

it('finds people by their names as they are typed at sign-in', async () => {
  await moderators.create(BOSS)
  await moderators.create(ANNA)
  expect(await moderators.find(' Ａｎｎａ')).toMatchObject({ username: 'anna' })
  expect(await moderators.setPassword('Anna', 'another twelve')).toMatchObject({ ok: true })
  expect(await moderators.disable('ANNA ')).toMatchObject({ ok: true, moderator: { username: 'anna' } })
})

it('writes what the operator does at the terminal into the audit log, once', async () => {
  await moderators.create({ username: 'ada', email: 'ada@example.test', password: 'a long enough password' })
  await moderators.create(BOSS)
  await moderators.setPassword('ada', 'another long password')
  await moderators.disable('ada')
  await moderators.disable('ada')
  const rows = await test.database.read((reader) => reader.select().from(events))
  expect(rows.map(({ kind, actor, detail }) => [kind, actor, detail])).toEqual([
    ['moderator_joined', 'command_line', { moderator: 'ada', role: 'administrator' }],
    ['moderator_joined', 'command_line', { moderator: 'boss', role: 'administrator' }],
    ['password_changed', 'command_line', { moderator: 'ada' }],
    ['moderator_disabled', 'command_line', { moderator: 'ada' }],
  ])
})
