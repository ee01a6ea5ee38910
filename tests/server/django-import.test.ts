import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { kindOf } from '$lib/moderation/rule-kind'
import { PATTERNS_MAXIMUM } from '$lib/moderation/rule-list'
import { parseEmail } from '$lib/registration/email'
import { asNobody } from '../support/as-nobody'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { username } from '../support/registration'
import { DAY } from '$lib/registration/time'
import { findNewestEvents } from '$lib/server/database/events'
import { DatabaseProblem } from '$lib/server/database/problem'
import { readDjangoFile } from '$lib/server/django/read-file'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

let world: TestWorld
let folder: string
let path: string
beforeEach(async () => {
  world = await aWorld()
  folder = mkdtempSync(join(tmpdir(), 'django-test-'))
  path = join(folder, 'db.sqlite3')
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await world.dispose()
})

const readFile = () => readDjangoFile(path, folder)

/** 43 characters of base64url, as Django's program makes them. */
const tokenOf = (letter: string) => `${letter.repeat(42)}A`

const ROWS: [string, string, string, number, string, string, number][] = [
  ['anna', 'anna@mail.test', '203.0.113.1', 0, tokenOf('a'), '', 1],
  ['dora', 'dora@mail.test', '203.0.113.2', 1, tokenOf('d'), '', 1],
  ['farid', 'Farid@Mail.TEST', '203.0.113.40, 198.51.100.1', 1, tokenOf('f'), '', 1],
  ['gina', 'gina@mail.test', 'nowhere', 1, tokenOf('g'), '', 1],
  ['gina', 'other.gina@mail.test', '203.0.113.3', 1, tokenOf('h'), '', 1],
  ['hana', 'hana@mail.test', '2001:db8::1', 2, tokenOf('i'), 'Welcome', 1],
  ['kim', 'kim@mail.test', '203.0.113.4', 3, tokenOf('k'), 'No', 0],
  ['kim', 'kim@mail.test', '203.0.113.4', 1, 'k'.repeat(43), '', 1],
  ['nobody', 'nobody@mail.test', '203.0.113.5', 4, tokenOf('n'), '', 1],
  ['Oskar.Meier', 'oskar@mail.test', '203.0.113.6', 2, tokenOf('o'), '', 1],
  ['dora2', 'DORA@mail.test', '203.0.113.7', 1, tokenOf('p'), '', 1],
]

async function aDjangoFile(newest = '0006_usernamerule') {
  const client = createClient({ url: `file:${path}` })
  await client.executeMultiple(`
    create table django_migrations (id integer primary key, app text, name text);
    create table registration_userregistration (id integer primary key, username text, email text,
      registration_reason text, ip_address text, status integer, token text, email_verified integer, mod_message text,
      notify integer, timestamp text);`)
  await client.execute({
    sql: "insert into django_migrations (app, name) values ('registration', ?)",
    args: [newest],
  })
  for (const [username, email, ip, status, token, message, notify] of ROWS)
    await client.execute({
      sql: 'insert into registration_userregistration values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      args: [
        username,
        email,
        'I like it\r\nhere',
        ip,
        status,
        token,
        0,
        message,
        notify,
        '2025-11-20 08:15:00.123456',
      ],
    })
  client.close()
}

/** Adds the events of there: rows of type, registration and time. */
async function addEvents(rows: string) {
  const client = createClient({ url: `file:${path}` })
  await client.executeMultiple(`
    create table registration_registrationevent (id integer primary key, type text, registration_id integer,
      occurred_at text);
    insert into registration_registrationevent (type, registration_id, occurred_at) values ${rows};`)
  client.close()
}

/** Adds the rules of there: patterns with their end dates, and networks. */
async function addRules({
  emails = [],
  networks = [],
  usernames = [],
}: {
  emails?: [string, string | null][]
  networks?: [string, number, string | null][]
  usernames?: [string, string | null][]
}) {
  const client = createClient({ url: `file:${path}` })
  await client.executeMultiple(`
    create table registration_emailblock (id integer primary key, regex text, reason text, timestamp text, expires text);
    create table registration_ipblock (id integer primary key, network text, netmask integer, reason text,
      timestamp text, expires text);
    create table registration_usernamerule (id integer primary key, regex text, reason text, timestamp text,
      expires text);`)
  const patterns = { emailblock: emails, usernamerule: usernames }
  for (const [table, rows] of Object.entries(patterns))
    for (const row of rows)
      await client.execute({
        sql: `insert into registration_${table} values (null, ?, 'a reason', '2025-11-20 08:15:00', ?)`,
        args: row,
      })
  for (const row of networks)
    await client.execute({
      sql: "insert into registration_ipblock values (null, ?, ?, null, '2025-11-20 08:15:00', ?)",
      args: row,
    })
  client.close()
}

test('every row is taken with its links, or left out with a reason, and a second import changes nothing', async () => {
  await aDjangoFile()
  const before = readFileSync(path)
  const file = await readFile()
  const looked = await world.services.djangoImport.look(file)
  const planned = await world.services.djangoImport.run(file)
  expect(planned).toEqual(looked)
  const told = planned.registrations.map((one) =>
    one.outcome === 'taken'
      ? [one.registration.username, one.registration.state, one.registration.holdsName]
      : one.outcome,
  )
  expect(told).toEqual([
    ['anna', 'started', false],
    ['dora', 'requested', true],
    ['farid', 'requested', true],
    ['gina', 'requested', true],
    ['gina', 'requested', false],
    ['hana', 'approved', true],
    ['kim', 'denied', false],
    ['kim', 'requested', true],
    'left_out',
    ['oskar.meier', 'approved', true],
    'left_out',
  ])
  const again = await world.services.djangoImport.run(file)
  expect(again.registrations.map(({ outcome }) => outcome).filter((outcome) => outcome === 'taken')).toEqual(
    [],
  )
  await world.drain()
  expect(world.mailbox.letters).toEqual([])
  expect(readFileSync(path)).toEqual(before)
})

test('who was approved there sets the password by the old link', async () => {
  await aDjangoFile()
  const file = await readFile()
  await world.services.djangoImport.run(file)
  const { api } = aBrowser(world.services)
  const token = tokenOf('i')
  expect(await api.registration.status({ token })).toMatchObject({ awaitsPassword: true })
  await api.registration.resume({ token })
  await api.registration.setPassword({ password: PASSWORD })
  await world.drain()
  expect(await api.registration.status({ token })).toMatchObject({ state: 'completed' })
  expect(await api.verification.look({ token: tokenOf('a') })).toMatchObject({ email: 'anna@mail.test' })
})

test('the status page has the time of the decision there, or none, and retention counts from the import', async () => {
  await aDjangoFile()
  await addEvents(`
      ('started', 2, '2025-11-20 08:15:00'), ('requested', 2, '2025-11-20 09:30:00.25'),
      ('requested', 6, '2025-11-20 09:00:00'), ('approved', 6, '2025-11-21 10:00:00'),
      ('password_form_opened', 6, '2025-11-22 10:00:00'), ('started', 10, '2025-11-20 08:15:00')`)
  await world.services.djangoImport.run(await readFile())
  const { api } = aBrowser(world.services)
  const reachedAt = async (letter: string) =>
    (await api.registration.status({ token: tokenOf(letter) })).reachedAt
  expect(await reachedAt('d')).toBe(Date.parse('2025-11-20T09:30:00.250Z'))
  expect(await reachedAt('i')).toBe(Date.parse('2025-11-21T10:00:00Z'))
  expect(await reachedAt('o')).toBeNull()

  const { api: desk } = await aModerator(world.services)
  const [one] = (await desk.moderation.queue({ tab: 'all', q: 'hana' })).items
  expect(one?.stateSince).toBe(world.now())
  const { events } = await desk.moderation.registration({ id: one?.id ?? '' })
  expect(events).toMatchObject([
    { kind: 'imported', at: world.now(), detail: { reachedAt: Date.parse('2025-11-21T10:00:00Z') } },
  ])
  world.pass(DAY)
  await api.registration.resume({ token: tokenOf('i') })
  await api.registration.setPassword({ password: PASSWORD })
  await world.drain()
  expect(await reachedAt('i')).toBe(world.now())
})

test('a message to the applicant is on the status page, whatever was decided', async () => {
  await aDjangoFile()
  await world.services.djangoImport.run(await readFile())
  const { api } = aBrowser(world.services)
  const message = async (letter: string) =>
    (await api.registration.status({ token: tokenOf(letter) })).message
  expect(await message('i')).toBe('Welcome')
  expect(await message('k')).toBe('No')
})

test('what was typed to somebody who still waits is in the list, as it is not sent', async () => {
  await aDjangoFile()
  const client = createClient({ url: `file:${path}` })
  await client.execute(
    "update registration_userregistration set mod_message = 'Who\r\nare you?' where username = 'dora'",
  )
  client.close()
  const { registrations } = await world.services.djangoImport.run(await readFile())
  const dora = registrations.find(({ row }) => row.username === 'dora')
  expect(dora?.notes).toContain('a message for the applicant, not sent yet, is left out: “Who are you?”')
})

test('who waits there has waited since then, also once a decision is undone', async () => {
  await world.dispose()
  world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: 20_000 } })
  await aDjangoFile()
  await addEvents("('requested', 2, '2025-11-20 09:30:00.25')")
  await world.services.djangoImport.run(await readFile())
  const { api: desk } = await aModerator(world.services)
  const waiting = async (q: string) => {
    const [one] = (await desk.moderation.queue({ tab: 'waiting', q })).items
    if (one === undefined) throw new Error(`${q} does not wait`)
    return one
  }
  const sent = Date.parse('2025-11-20T09:30:00.250Z')
  const begun = Date.parse('2025-11-20T08:15:00.123Z')
  const { id, version, stateSince } = await waiting('dora')
  expect(stateSince).toBe(sent)
  expect((await waiting('farid')).stateSince).toBe(begun)
  await desk.moderation.decide({ id, version, decision: 'approve', message: '', silent: false })
  await desk.moderation.undo({ id })
  expect((await waiting('dora')).stateSince).toBe(sent)
  const { api } = aBrowser(world.services)
  const reachedAt = async (letter: string) =>
    (await api.registration.status({ token: tokenOf(letter) })).reachedAt
  expect(await reachedAt('d')).toBe(sent)
  // When it was begun is known, and not when it was sent.
  expect(await reachedAt('f')).toBeNull()
})

test('who waits there is approved here without an account, and sets the password by the old link', async () => {
  await aDjangoFile()
  const file = await readFile()
  await world.services.djangoImport.run(file)
  const { api: desk } = await aModerator(world.services)
  const { items } = await desk.moderation.queue({ tab: 'waiting', q: 'dora' })
  const [{ id = '', version = 0 } = {}] = items
  await desk.moderation.decide({ id, version, decision: 'approve', message: '', silent: false })
  await world.drain()
  expect(world.mailbox.kinds('dora@mail.test')).toEqual(['set_password'])
  expect(await signInToMatrix(world, 'dora')).toBe('M_FORBIDDEN')
  const { api } = aBrowser(world.services)
  const token = tokenOf('d')
  await api.registration.resume({ token })
  await api.registration.setPassword({ password: PASSWORD })
  await world.drain()
  expect(await signInToMatrix(world, 'dora')).toBe('in')
  expect((await desk.moderation.registration({ id })).events.map(({ kind }) => kind)).toContain('imported')
})

test('who is denied here after the import leaves the name to the next', async () => {
  await aDjangoFile()
  const file = await readFile()
  await world.services.djangoImport.run(file)
  const { api: desk } = await aModerator(world.services)
  const { items } = await desk.moderation.queue({ tab: 'waiting', q: 'dora' })
  const [{ id = '', version = 0 } = {}] = items
  await desk.moderation.decide({ id, version, decision: 'deny', message: '', silent: true })
  await world.drain()
  await requested(world, 'dora', 'another.dora@mail.test')
  expect(await signInToMatrix(world, 'dora')).toBe('M_USER_LOCKED')
})

test('those who are approved are told once', async () => {
  await aDjangoFile()
  const file = await readFile()
  await world.services.djangoImport.run(file)
  expect(await world.services.djangoImport.tell(file)).toEqual({
    applicants: ['hana', 'oskar.meier'],
    moderators: [],
  })
  await world.drain()
  expect(world.mailbox.kinds('hana@mail.test')).toEqual(['set_password'])
  const until = world.now() + world.config.retention.approved * DAY
  expect(world.mailbox.last('hana@mail.test', 'set_password')).toMatchObject({ until })
  expect(await world.services.djangoImport.tell(file)).toEqual({ applicants: [], moderators: [] })
})

test('who is approved there and lost the username is told to choose another one, not to set a password', async () => {
  await aDjangoFile()
  await world.homeserver.claim(username('hana'))
  const file = await readFile()
  await world.services.djangoImport.run(file)
  await world.services.djangoImport.tell(file)
  await world.drain()
  expect(world.mailbox.last('hana@mail.test', 'set_password')).toMatchObject({ nameLost: true })
  expect(world.mailbox.last('oskar@mail.test', 'set_password')).toMatchObject({ nameLost: false })
})

test('a file that cannot be read is named with its whole path, and why', async () => {
  const refusal = async (named: string) => {
    const error: unknown = await readDjangoFile(relative('', named), folder).catch((error: unknown) => error)
    return error instanceof DatabaseProblem ? error.message : error
  }
  const forbidden = `${path} cannot be read by the user that runs this program. Put it where that user may read it`
  expect(await refusal(path)).toBe(`${path}: no such file`)
  expect(await refusal(folder)).toBe(`${folder} is a folder or the like: name a file`)
  await aDjangoFile()
  expect(await refusal(join(path, 'db.sqlite3'))).toBe(`${path}/db.sqlite3: no such file`)
  chmodSync(path, 0)
  expect(await asNobody(() => refusal(path))).toBe(forbidden)
  chmodSync(path, 0o600)
  chmodSync(folder, 0)
  expect(await asNobody(() => refusal(path))).toBe(forbidden)
  chmodSync(folder, 0o755)
})

test('the copy is made in the folder of the database, the only one that may be writable, and is gone afterwards', async () => {
  await aDjangoFile()
  const data = join(folder, 'made', 'data')
  vi.stubEnv('TMPDIR', join(folder, 'nowhere'))
  try {
    expect((await readDjangoFile(path, data)).registrations).toHaveLength(ROWS.length)
    expect(readdirSync(data)).toEqual([])
    writeFileSync(path, 'no database, but long enough to be read as one'.repeat(200))
    await expect(readDjangoFile(path, data)).rejects.toThrow(`${path} is not a database`)
    expect(readdirSync(data)).toEqual([])
    await expect(readDjangoFile(path, join(path, 'data'))).rejects.toThrow(`${path}/data cannot be opened`)
  } finally {
    vi.unstubAllEnvs()
  }
})

test('bad input is refused with a sentence', async () => {
  writeFileSync(path, 'no database, but long enough to be read as one'.repeat(200))
  await expect(readFile()).rejects.toThrow('is not a database')
  rmSync(path)
  await aDjangoFile('0009_future')
  await expect(readFile()).rejects.toThrow('newer version')
  writeFileSync(`${path}-journal`, 'x')
  await expect(readFile()).rejects.toThrow('in use')
})

/** Users of there: name, address, superuser, staff, active. */
async function addModerators(rows: [string, string, number, number, number][]) {
  const client = createClient({ url: `file:${path}` })
  await client.execute(`create table auth_user (id integer primary key, password text, last_login text,
    is_superuser integer, username text, email text, is_staff integer, is_active integer, date_joined text)`)
  for (const [username, email, superuser, staff, active] of rows)
    await client.execute({
      sql: `insert into auth_user values (null, 'pbkdf2_sha256$x', null, ?, ?, ?, ?, ?, '2024-01-01 10:00:00.5')`,
      args: [superuser, username, email, staff, active],
    })
  client.close()
}

test('moderators are invited by email in their role, once, and only when wished', async () => {
  await aDjangoFile()
  await aModerator(world.services, 'there')
  const { api } = await aModerator(world.services, 'ada', 'administrator')
  await api.moderators.invite({ email: 'asked@example.test', role: 'moderator' })
  await world.drain()
  await addModerators([
    ['maja', 'Maja@Example.test', 1, 1, 1],
    ['jonas', 'jonas@example.test', 0, 1, 1],
    ['former', 'former@example.test', 0, 1, 0],
    ['nobody', 'nobody@example.test', 0, 0, 1],
    ['silent', '', 0, 1, 1],
    ['broken', 'not an address', 0, 1, 1],
    ['There', 'elsewhere@example.test', 0, 1, 1],
    ['other', 'there@example.test', 0, 1, 1],
    ['twice', 'maja@example.test', 0, 1, 1],
    ['asked', 'asked@example.test', 0, 1, 1],
  ])
  const file = await readFile()
  const { djangoImport } = world.services
  const outcomes = async () =>
    (await djangoImport.run(file)).moderators.map((one) =>
      one.outcome === 'taken' ? one.role : `${one.outcome}: ${one.notes.join('; ')}`,
    )
  expect(await outcomes()).toEqual([
    'administrator',
    'moderator',
    'left_out: not active there',
    'left_out: neither staff nor superuser there',
    'left_out: no email address',
    'left_out: its email address cannot be used',
    'left_out: there is a moderator with this username',
    'left_out: there is a moderator with this email address',
    'left_out: another moderator of the file has the same email address',
    'known: an invitation is open',
  ])
  await world.drain()
  expect(world.mailbox.kinds('maja@example.test')).toEqual([])

  expect((await djangoImport.tell(file)).moderators).toEqual(['maja', 'jonas'])
  await world.drain()
  expect(world.mailbox.last('maja@example.test', 'invitation')).toMatchObject({
    role: 'administrator',
    by: null,
  })
  expect(world.mailbox.last('jonas@example.test', 'invitation')).toMatchObject({ role: 'moderator' })
  const events = await world.database.read((reader) => findNewestEvents(reader, 20))
  const invited = events.filter(({ kind, actor }) => kind === 'moderator_invited' && actor === 'command_line')
  expect(invited).toHaveLength(2)
  expect(JSON.stringify(invited)).not.toContain('maja')

  const { link } = world.mailbox.last('jonas@example.test', 'invitation')
  const token = tokenIn(link)
  await aBrowser(world.services).api.moderators.join({
    token,
    username: 'jo',
    password: 'a moderators password',
  })
  expect((await world.services.moderators.find('jo'))?.role).toBe('moderator')

  // The invitation that nobody followed ends, and is forgotten.
  world.pass(30 * DAY)
  expect((await djangoImport.tell(file)).moderators).toEqual(['asked'])
  await world.drain()
  expect(world.mailbox.kinds('maja@example.test')).toEqual(['invitation'])
  expect((await outcomes()).slice(0, 2)).toEqual(['known: invited before', 'known: invited before'])
})

/** A time of Django's, so many days from now. */
const inDays = (days: number) =>
  new Date(world.now() + days * DAY).toISOString().replace('T', ' ').slice(0, -1)

test('each block rule becomes one of here, or is left out with a reason', async () => {
  await aDjangoFile()
  await addRules({
    emails: [
      [String.raw`.*@mailinator\.com`, null],
      ['@Shop.example', null],
      ['burner.example', null],
      ['spam', inDays(30)],
      [String.raw`^(?!.*@example\.org$).*bulk`, null],
      ['.*@expired.example', inDays(-1)],
      ['[^@]+@mailinator.com$', null],
      ['a{,3}b', null],
      ['', null],
      ['x'.repeat(300), null],
      ['Bulk.*', 'tomorrow'],
    ],
    networks: [
      ['192.0.2.130', 25, null],
      ['2001:db8:bad::', 48, inDays(1)],
      ['198.51.100.23', -1, null],
      ['192.0.2.0', 99, null],
      ['10.0.0.0', 8, null],
    ],
    usernames: [
      ['.*Admin.*', inDays(3000)],
      ['mod(erator)?', null],
      [String.raw`(\w)\1\1\1`, inDays(30)],
    ],
  })
  const { rules } = await world.services.djangoImport.look(await readFile())
  const told = rules.map((one) =>
    one.outcome === 'taken'
      ? [kindOf(one.rule), one.rule.value, one.isWider]
      : [one.outcome, one.notes.join('; ')],
  )
  expect(told).toEqual([
    ['domain', 'mailinator.com', false],
    ['domain', 'shop.example', true],
    ['domain', 'burner.example', true],
    ['address_pattern', '(?:spam).*', false],
    ['left_out', 'look-ahead and look-behind do not exist here'],
    ['left_out', 'it has expired'],
    ['left_out', 'another rule of the file is the same, and lasts at least as long'],
    ['left_out', '{,n} is no repetition here; write {0,n}'],
    ['left_out', 'it is empty, and would match everybody'],
    ['left_out', 'it is longer than the 255 characters of a pattern here'],
    ['left_out', 'its end date cannot be read'],
    ['network', '192.0.2.128/25', true],
    ['network', '2001:db8:bad::/48', true],
    ['network', '198.51.100.23', true],
    ['left_out', 'it is not a network'],
    ['network', '10.0.0.0/8', true],
    ['name_pattern', '(?:.*Admin.*).*', true],
    ['name_pattern', '(?:mod(erator)?).*', true],
    ['left_out', 'back-references do not exist here'],
    ['address_pattern', '(?:burner.example).*', false],
  ])
  const notesOf = (value: string) => rules.find(({ row }) => row.value === value)?.notes
  expect(notesOf('10.0.0.0/8')).toEqual(['networks never matched there', 'it is very large'])
  expect(notesOf('.*Admin.*')).toEqual(['case is ignored here'])
})

test('block rules are written only when asked for, once, with their ends, in the name of the command line', async () => {
  await aDjangoFile()
  const ends = inDays(30)
  await addRules({
    emails: [
      ['spam', ends],
      ['.*@mailinator.com', null],
    ],
    usernames: [['mod(erator)?', null]],
  })
  const file = await readFile()
  const { services } = world
  await services.djangoImport.run(file)
  expect((await services.ruleListing.page({ over: false }, undefined)).all).toBe(0)

  const outcomes = async () =>
    (await services.djangoImport.run(file, { rules: true })).rules.map(({ outcome, notes }) => [
      outcome,
      ...notes,
    ])
  expect((await outcomes()).map(([outcome]) => outcome)).toEqual(['taken', 'taken', 'taken'])
  const { items } = await services.ruleListing.page({ over: false }, undefined)
  expect(
    items.map(({ rule, author }) => [rule.value, rule.effect, rule.reason, rule.expiresAt, author]),
  ).toEqual([
    ['(?:spam).*', 'block', 'a reason', world.now() + 30 * DAY, 'command line'],
    ['mailinator.com', 'block', 'a reason', null, 'command line'],
    ['(?:mod(erator)?).*', 'block', 'a reason', null, 'command line'],
  ])
  const events = await world.database.read((reader) => findNewestEvents(reader, 5))
  expect(events.map(({ kind, actor, detail }) => [kind, actor, detail])).toEqual([
    ['rules_imported', 'command_line', { count: 3, effect: 'block' }],
  ])
  const address = parseEmail('spammer@mail.test')
  if (address === null) throw new Error('not an email address')
  world.pass(2_000)
  expect(await services.rules.verdict({ email: address })).toMatchObject({ value: '(?:spam).*' })

  await services.rules.end(items[1]?.rule.id ?? '', { kind: 'command_line' }, () => true)
  expect(await outcomes()).toEqual([['known'], ['known', 'it was ended here'], ['known']])
})

test('a rule that is here for a day is prolonged where it lasts longer there', async () => {
  await aDjangoFile()
  await addRules({ emails: [['.*@mailinator.com', null]] })
  const { services } = world
  const core = { subject: 'domain', form: 'exact', effect: 'block', value: 'mailinator.com' } as const
  await services.rules.add({ ...core, reason: null, days: 1 }, { kind: 'command_line' })
  const file = await readFile()
  const outcomes = async () =>
    (await services.djangoImport.run(file, { rules: true })).rules.map(({ outcome }) => outcome)
  expect(await outcomes()).toEqual(['taken'])
  expect(await outcomes()).toEqual(['known'])
  expect((await services.ruleListing.page({ over: false }, undefined)).all).toBe(1)
  world.pass(2 * DAY)
  expect(await services.rules.verdict({ domain: 'mailinator.com' })).toMatchObject({ expiresAt: null })
})

test('no more patterns are taken than can be active', async () => {
  await aDjangoFile()
  await addRules({
    emails: Array.from({ length: PATTERNS_MAXIMUM + 1 }, (_, at) => [`spam${String(at)}-`, null]),
  })
  const { rules } = await world.services.djangoImport.run(await readFile(), { rules: true })
  expect(rules.filter(({ outcome }) => outcome === 'taken')).toHaveLength(PATTERNS_MAXIMUM)
  expect(rules.at(-1)).toMatchObject({ outcome: 'left_out', notes: ['there would be too many patterns'] })
})

/** An account as 0.1.1 of there made it with the request: with password and address, and locked. */
async function anAccountOf(name: string, address: string, change: object = {}): Promise<void> {
  const id = `@${name}:example.test`
  await asAdmin(world, 'PUT', id, { password: PASSWORD })
  const threepids = [{ medium: 'email', address }]
  expect(await asAdmin(world, 'PUT', id, { threepids, locked: true, ...change })).toBe(200)
}

/** The registrations that an import takes, by username. */
async function imported() {
  const { registrations } = await world.services.djangoImport.run(await readFile())
  return new Map(registrations.map((one) => [one.row.username, one]))
}

test('a request whose account is there, locked and unused, waits with it: approved, it opens with its password', async () => {
  await aDjangoFile()
  await anAccountOf('dora', 'dora@mail.test')
  const dora = (await imported()).get('dora')
  expect(dora).toMatchObject({
    outcome: 'taken',
    registration: { state: 'requested', holdsName: true, account: 'filled', passwordMode: 'at_request' },
    notes: ['its account is there already, locked, and keeps its password'],
  })
  expect(await world.services.reconciliation.list()).toEqual([])
  expect(await signInToMatrix(world, 'dora')).toBe('M_USER_LOCKED')
  await decideOn(world, dora?.id ?? '', 'approve')
  await world.drain()
  expect(await signInToMatrix(world, 'dora')).toBe('in')
  expect(world.mailbox.kinds('dora@mail.test')).toEqual(['approved'])
  expect(await world.homeserver.account(username('dora'))).toMatchObject({ addresses: ['dora@mail.test'] })
})

test('denied, such an account is removed, and its name is free again', async () => {
  await aDjangoFile()
  await anAccountOf('dora', 'dora@mail.test')
  const dora = (await imported()).get('dora')
  await decideOn(world, dora?.id ?? '', 'deny')
  expect(await world.services.reconciliation.list()).toEqual([])
  await world.drain()
  expect(await world.homeserver.account(username('dora'))).toMatchObject({ deactivated: true })
  expect(await world.services.ambiguousAccounts.list()).toEqual([])
  const { view } = await requested(world, 'dora', 'next.dora@mail.test')
  await decideOn(world, view.id, 'approve')
  await world.drain()
  expect(await signInToMatrix(world, 'dora')).toBe('in')
})

test.each([
  ['another address', 'other@mail.test', {}, 'taken'],
  ['a display name', 'dora@mail.test', { displayname: 'Dora' }, 'left_out'],
  ['rights', 'dora@mail.test', { admin: true }, 'left_out'],
])('an account with %s stays whose it is', async (_, address, change, outcome) => {
  await aDjangoFile()
  await anAccountOf('dora', address, change)
  const dora = (await imported()).get('dora')
  expect(dora?.outcome).toBe(outcome)
  if (dora?.outcome === 'taken')
    expect(dora.registration).toMatchObject({ holdsName: false, account: 'none' })
  await world.drain()
  expect(await world.homeserver.account(username('dora'))).toMatchObject({ locked: true, deactivated: false })
})

test('who was approved, and whose account was locked since, is left to the operator', async () => {
  await aDjangoFile()
  await anAccountOf('hana', 'hana@mail.test')
  const hana = (await imported()).get('hana')
  expect(hana).toMatchObject({ outcome: 'left_out', notes: [expect.stringContaining('is locked')] })
  expect(await world.homeserver.account(username('hana'))).toMatchObject({ locked: true })
})

test('a name that a registration here has is not taken from it', async () => {
  await aDjangoFile()
  const { view } = await requested(world, 'dora', 'mine@mail.test')
  await asAdmin(world, 'PUT', '@dora:example.test', {
    threepids: [{ medium: 'email', address: 'dora@mail.test' }],
  })
  expect((await imported()).get('dora')).toMatchObject({
    outcome: 'left_out',
    notes: ['a registration here has its username'],
  })
  expect(await world.services.registrar.find(view.id)).toMatchObject({ holdsName: true, username: 'dora' })
})

describe('where there are documents to accept', () => {
  const legal = [{ title: 'Rules', url: 'https://example.test/rules' }]
  const consent = { version: '1.0', formSecret: 'form-secret' }
  beforeEach(async () => {
    await world.dispose()
    world = await aWorld({ legal, consent })
    await aDjangoFile()
  })
  const browserOf = async (letter: string) => {
    const { api } = aBrowser(world.services)
    await api.registration.resume({ token: tokenOf(letter) })
    return api
  }
  const consentOf = async (name: string) => (await world.homeserver.account(username(name)))?.consentVersion

  test('who was approved there, or here later, accepts them with the password, and consent is recorded', async () => {
    const planned = await imported()
    await decideOn(world, planned.get('dora')?.id ?? '', 'approve')
    await world.drain()
    for (const [letter, name] of [
      ['i', 'hana'],
      ['d', 'dora'],
    ] as const) {
      const api = await browserOf(letter)
      expect(await api.registration.current()).toMatchObject({ awaitsPassword: true, asksLegal: true })
      expect(await codeOf(api.registration.setPassword({ password: PASSWORD }))).toBe('legal_missing')
      expect(await codeOf(api.registration.setPassword({ password: '', legal: false }))).toBe(
        'password_missing',
      )
      expect(await world.homeserver.account(username(name))).toBeNull()
      await api.registration.setPassword({ password: PASSWORD, legal: true })
      await world.drain()
      expect(await api.registration.current()).toMatchObject({ state: 'completed', asksLegal: false })
      expect(await consentOf(name), name).toBe('1.0')
    }
    expect(await world.services.registrar.find(planned.get('hana')?.id ?? '')).toMatchObject({
      legalAcceptedAt: world.now(),
      consentVersion: '1.0',
    })
  })

  test('so does who was denied there, and is approved here after all', async () => {
    const client = createClient({ url: `file:${path}` })
    await client.executeMultiple(`delete from registration_userregistration where username = 'dora2';
      update registration_userregistration set status = 3 where username = 'dora'`)
    client.close()
    const id = (await imported()).get('dora')?.id ?? ''
    const { api: desk } = await aModerator(world.services)
    const { version = 0 } = (await world.services.registrar.find(id)) ?? {}
    await desk.conversation.reopen({ id, version, message: '' })
    await world.drain()
    const api = await browserOf('d')
    expect(await codeOf(api.registration.setPassword({ password: PASSWORD }))).toBe('legal_missing')
    await api.registration.setPassword({ password: PASSWORD, legal: true })
    await world.drain()
    expect(await consentOf('dora')).toBe('1.0')
  })

  test('who keeps the password of there does not, and the list says so', async () => {
    await anAccountOf('dora', 'dora@mail.test')
    expect((await imported()).get('dora')?.notes).toContain(
      'it sets none here, so the documents are not accepted, and no consent is recorded',
    )
  })
})

/** Changes rows of there. */
async function changeRows(sql: string) {
  const client = createClient({ url: `file:${path}` })
  await client.executeMultiple(sql)
  client.close()
}
const set = (name: string, change: string) =>
  `update registration_userregistration set ${change} where username = '${name}';`

test('a second import tells what was decided and written there since the first', async () => {
  await aDjangoFile()
  const first = await imported()
  expect((await imported()).get('dora')).toMatchObject({ outcome: 'known', notes: [] })
  await decideOn(world, first.get('farid')?.id ?? '', 'approve')
  await changeRows(
    [
      set('dora', "status = 3, mod_message = 'Sorry'"),
      set('farid', 'status = 3'),
      set('hana', "status = 4, mod_message = 'Welcome'"),
      set('Oskar.Meier', "mod_message = 'One\nmore'"),
      set('kim', 'status = status'),
    ].join(''),
  )
  const again = await imported()
  const notes = (name: string) => again.get(name)?.notes
  expect([...again.values()].filter(({ outcome }) => outcome === 'taken')).toEqual([])
  expect(notes('dora')).toEqual([
    'was requested when it was imported, is denied there now: decide it here',
    'its message to the applicant is another one there: “Sorry”',
  ])
  expect(notes('farid')).toEqual([
    'was requested when it was imported, is denied there now and approved here: it stays as it is here',
  ])
  expect(notes('hana')).toEqual([
    'was approved when it was imported, is completed there now: it stays as it is here',
  ])
  expect(notes('Oskar.Meier')).toEqual(['its message to the applicant is another one there: “One more”'])
  expect(notes('kim')).toEqual([])

  await changeRows(set('farid', 'status = 2'))
  expect((await imported()).get('farid')?.notes).toEqual([])
})

test('who confirmed there after the import, and not here, goes on from there', async () => {
  await aDjangoFile()
  const id = (await imported()).get('anna')?.id ?? ''
  expect(await world.services.registrar.find(id)).toMatchObject({ state: 'started' })
  await changeRows(set('anna', 'status = 1, email_verified = 1'))
  expect((await imported()).get('anna')).toMatchObject({
    outcome: 'taken',
    notes: ['was started when it was imported, and was confirmed there since'],
  })
  expect(await world.services.registrar.find(id)).toMatchObject({ state: 'requested', holdsName: true })
  const { api } = aBrowser(world.services)
  expect(await api.registration.status({ token: tokenOf('a') })).toMatchObject({ state: 'requested' })
  expect((await imported()).get('anna')).toMatchObject({ outcome: 'known', notes: [] })
})

describe('what was deleted here, as its time was over,', () => {
  const keptFor = () => (Math.max(world.config.retention.started, world.config.retention.completed) + 1) * DAY
  /** Imports it as this, and lets its time pass here, in which it became that there. */
  async function importedAgain(at: string, since: string, meanwhile?: (id: string) => Promise<unknown>) {
    await aDjangoFile()
    await changeRows(set('anna', at))
    const id = (await imported()).get('anna')?.id ?? ''
    await meanwhile?.(id)
    world.pass(keptFor())
    await world.services.scheduler.cleanUp({ dryRun: false })
    await world.drain()
    expect(await world.services.registrar.find(id)).toBeNull()
    await changeRows(set('anna', since))
    return { id, again: (await imported()).get('anna') }
  }
  const STARTED = 'status = 0, email_verified = 0'
  const VERIFIED = 'status = 0, email_verified = 1'

  test.each([
    ['started', STARTED, 'verified', VERIFIED],
    ['started', STARTED, 'requested', 'status = 1, email_verified = 1'],
    ['started', STARTED, 'approved', 'status = 2, email_verified = 1'],
    ['verified', VERIFIED, 'requested', 'status = 1'],
    ['verified', VERIFIED, 'approved', 'status = 2'],
  ])('and was %s, goes on from there: %s, then %s', async (before, at, state, since) => {
    const { id, again } = await importedAgain(at, since)
    expect(again).toMatchObject({
      outcome: 'taken',
      notes: [`was ${before} when it was imported and was deleted here, and is ${state} there now`],
    })
    expect(await world.services.registrar.find(id)).toMatchObject({ state, holdsName: true })
    expect((await imported()).get('anna')).toMatchObject({ outcome: 'known', notes: [] })
  })

  test.each([
    ['started', STARTED, STARTED],
    ['verified', VERIFIED, VERIFIED],
  ])('and is %s there as before, stays deleted', async (_, at, since) => {
    const { id, again } = await importedAgain(at, since)
    expect(again).toMatchObject({
      outcome: 'known',
      notes: ['was imported before, and was deleted here since'],
    })
    expect(await world.services.registrar.find(id)).toBeNull()
  })

  test.each([
    ['started', STARTED, 'denied', 'status = 3'],
    ['denied', 'status = 3', 'approved', 'status = 2'],
  ])(
    'and was %s, stays deleted where it was decided there since: %s, then %s',
    async (before, at, there, since) => {
      const { id, again } = await importedAgain(at, since)
      expect(again).toMatchObject({
        outcome: 'known',
        notes: [
          `was ${before} when it was imported, is ${there} there now and deleted here: it stays deleted`,
        ],
      })
      expect(await world.services.registrar.find(id)).toBeNull()
    },
  )

  test('stays deleted where its applicant withdrew it here', async () => {
    const withdraw = (id: string) =>
      world.services.registrar.act(id, { type: 'withdraw' }, { kind: 'applicant' })
    const { again } = await importedAgain(VERIFIED, 'status = 1', withdraw)
    expect(again).toMatchObject({
      outcome: 'known',
      notes: ['was verified when it was imported, is requested there now and deleted here: it stays deleted'],
    })
  })

  test('leaves its address to who confirmed it here meanwhile, and takes it from who only typed it', async () => {
    await aDjangoFile()
    await changeRows(set('anna', STARTED) + set('dora2', "email = 'other@mail.test'"))
    await imported()
    world.pass(keptFor())
    await world.services.scheduler.cleanUp({ dryRun: false })
    const { api } = aBrowser(world.services)
    await api.registration.start({ username: 'typed', email: 'anna@mail.test', proof: await aForm(world) })
    await changeRows(set('anna', 'status = 1, email_verified = 1'))
    const looked = async () =>
      (await world.services.djangoImport.look(await readFile())).registrations.find(
        ({ row }) => row.username === 'anna',
      )
    expect(await looked()).toMatchObject({
      outcome: 'taken',
      notes: [
        'was started when it was imported and was deleted here, and is requested there now',
        'a registration started here with this email address, which nobody confirmed, is deleted',
      ],
    })
    await world.drain()
    await api.verification.confirm({
      token: tokenIn(world.mailbox.last('anna@mail.test', 'verification').link),
    })
    expect(await looked()).toMatchObject({
      outcome: 'left_out',
      notes: ['an open registration here has the same email address'],
    })
  })
})

test.each([
  ['who confirmed it here', true],
  ['who started here, where nobody confirmed it there', false],
])('an address stays with %s', async (_, isConfirmedHere) => {
  await aDjangoFile()
  if (isConfirmedHere) await verified(world, 'mine', 'hana@mail.test')
  else
    await aBrowser(world.services).api.registration.start({
      username: 'mine',
      email: 'anna@mail.test',
      proof: await aForm(world),
    })
  const name = isConfirmedHere ? 'hana' : 'anna'
  const rows = await imported()
  expect(rows.get(name)).toMatchObject({
    outcome: 'left_out',
    notes: ['an open registration here has the same email address'],
  })
  expect(rows.get('dora2')).toMatchObject({
    outcome: 'left_out',
    notes: ['another open registration of the file has the same email address'],
  })
})

test('an address that was only typed here goes to who confirmed it there, and its link leads nowhere', async () => {
  await aDjangoFile()
  const { api } = aBrowser(world.services)
  for (const name of ['dora', 'hana'])
    await api.registration.start({
      username: `x${name}`,
      email: `${name}@mail.test`,
      proof: await aForm(world),
    })
  await world.drain()
  const links = ['dora', 'hana'].map((name) => world.mailbox.last(`${name}@mail.test`, 'verification').link)
  const planned = await imported()
  for (const name of ['dora', 'hana'])
    expect(planned.get(name)).toMatchObject({
      outcome: 'taken',
      notes: ['a registration started here with this email address, which nobody confirmed, is deleted'],
    })
  for (const link of links)
    expect(await codeOf(api.verification.confirm({ token: tokenIn(link) }))).toBe('link_broken')
  await api.registration.start({ username: 'again', email: 'hana@mail.test', proof: await aForm(world) })
  await world.drain()
  expect(world.mailbox.kinds('hana@mail.test')).toEqual(['verification', 'known_address'])
  const { api: desk } = await aModerator(world.services)
  const { items } = await desk.moderation.queue({ tab: 'all', q: 'hana@mail.test' })
  expect(items.map(({ state }) => state)).toEqual(['approved'])
})

test.each([
  ['203.0.113.9:5512', '203.0.113.9', []],
  ['[2001:DB8::1]:443', '2001:db8::1', []],
  ['[2001:db8::1]', '2001:db8::1', []],
  ['203.0.113.9:5512, 10.0.0.1:80', '203.0.113.9', ['the first of several client addresses is kept']],
  ['unknown', '', ['its client address cannot be read: “unknown”']],
  ['unknown, 203.0.113.9', '', ['its client address cannot be read: “unknown, 203.0.113.9”']],
  ['', '', []],
])('a client address %s is read as in X-Forwarded-For', async (stored, clientAddress, notes) => {
  await aDjangoFile()
  await changeRows(set('dora', `ip_address = '${stored}'`))
  expect((await imported()).get('dora')).toMatchObject({ registration: { clientAddress }, notes })
})
