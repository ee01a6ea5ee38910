import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import type { Actor, AuditEvent } from '$lib/registration/registration'
import { announceDaily } from '../database/announcements'
import { insertModerator, updateModerator } from '../database/moderators'
import { insertPasskey } from '../database/passkeys'
import { attempts, moderatorTokens, sessions as sessionsTable } from '../database/schema'
import { createFactors } from './factors'
import { createGuessWatch, type GuessWatch } from './guess-watch'
import { createModeratorAccounts } from './moderator-accounts'
import { createHashing } from '../crypto/hash-queue'
import { createKnownDevices, type KnownDevices } from './known-device'
import { createRateLimiter } from '../rate-limits/rate-limiter'
import { hashPassword } from '../crypto/password-hash'
import { createSessions, type Sessions } from './sessions'
import { createSignIn, type SignIn } from './sign-in'
import { createSignInTries, GUESSED, PER_ACCOUNT_GUESSED, type SignInTries } from './sign-in-tries'
import { DAY } from '$lib/registration/time'

const PASSWORD = 'a good password'
const WRONG = 'a wrong password'
const HOME = '192.0.2.1'
const QUARTER = 15 * 60 * 1000
const FAILED = { ok: false, refusal: { code: 'sign_in_failed' } }

let test: TestDatabase
let now: number
let sessions: Sessions
let real: SignIn
let quick: SignIn
let knownDevices: KnownDevices
/** What `verify` was asked; the stand-in takes the password for its own hash, so that tests stay quick. */
let asked: { hash: string | null; password: string }[]
let tries: SignInTries
/** What happens while `verify` takes its time. */
let meanwhile: () => Promise<void>
/** What was written into the audit trail. */
let noted: { kind: string; by: string | null }[]

/** The watch of one more program on the same database, or of the same one after a restart. */
let watch: () => GuessWatch

beforeEach(async () => {
  test = await openTestDatabase()
  now = 10_000_000
  asked = []
  meanwhile = () => Promise.resolve()
  const clock = () => now
  const { database } = test
  sessions = createSessions({ database, secure: true, clock })
  const limits = createRateLimiter({ database, secret: 'a secret', clock })
  tries = createSignInTries({ limits })
  noted = []
  const note = (events: AuditEvent[], actor: Actor) => {
    for (const { kind } of events) noted.push({ kind, by: actor.kind === 'moderator' ? actor.id : null })
    return Promise.resolve()
  }
  const hashing = createHashing()
  const factors = createFactors({
    database,
    sessions,
    hashing,
    clock,
    secretKey: 'a secret',
    issuer: 'Example',
  })
  knownDevices = createKnownDevices({ secretKey: 'a secret' })
  const noteDaily = async (key: string, events: AuditEvent[], actor: Actor) => {
    const isDue = await database.write((tx) => announceDaily(tx, key, now))
    if (isDue) await note(events, actor)
    return isDue
  }
  watch = () => createGuessWatch({ tries, noteDaily, clock, log: { warn: () => undefined } })
  const guessWatch = watch()
  const parts = { database, tries, sessions, note, factors, knownDevices, guessWatch }
  real = createSignIn({ ...parts, hashing })
  const verify = async (hash: string | null, password: string) => {
    asked.push({ hash, password })
    await meanwhile()
    return hash === password
  }
  quick = createSignIn({ ...parts, hashing: createHashing({ verify }) })
  for (const username of ['anna', 'bert', 'gone']) await add(username, PASSWORD)
})
afterEach(() => test.dispose())

const add = (username: string, passwordHash: string) =>
  test.database.write((tx) =>
    insertModerator(tx, {
      id: `id-${username}`,
      username,
      email: 'm@example.org',
      passwordHash,
      createdAt: 0,
      disabledAt: username === 'gone' ? 1 : null,
    }),
  )
const tryOn = (username: string, password: string, clientAddress = HOME) =>
  quick.signIn({ username, password, clientAddress })
const fail = async (times: number, username: string, address?: string) => {
  for (let done = 0; done < times; done++) expect(await tryOn(username, WRONG, address)).toEqual(FAILED)
}
const tooMany = (minutes: number) => ({ ok: false, refusal: { code: 'too_many_sign_ins', minutes } })

describe('signing in', () => {
  it('answers a cookie that holds, with the real password hash', async () => {
    await add('clara', await hashPassword(PASSWORD))
    const result = await real.signIn({ username: 'clara', password: PASSWORD, clientAddress: HOME })
    if (!result.ok) throw new Error(result.refusal.code)
    expect(result.value.halfWay).toBeNull()
    expect(await sessions.check(result.value.cookie?.value)).toMatchObject({
      moderator: { id: 'id-clara', username: 'clara' },
    })
    expect(await real.signIn({ username: 'clara', password: WRONG, clientAddress: HOME })).toEqual(FAILED)
    expect(await real.signIn({ username: 'clare', password: PASSWORD, clientAddress: HOME })).toEqual(FAILED)
  })

  it('takes the name in any case and with stray spaces', async () => {
    expect(await tryOn(' Anna ', PASSWORD)).toMatchObject({ ok: true })
  })

  it('says the same to an unknown name, a wrong password and a disabled account, and begins no session', async () => {
    expect(await tryOn('nobody', PASSWORD)).toEqual(FAILED)
    expect(await tryOn('anna', WRONG)).toEqual(FAILED)
    expect(await tryOn('gone', PASSWORD)).toEqual(FAILED)
    expect(await tryOn('', '')).toEqual(FAILED)
  })

  it('does the work of a password check in each of these cases', async () => {
    await tryOn('nobody', PASSWORD)
    await tryOn('anna', WRONG)
    await tryOn('gone', PASSWORD)
    expect(asked).toEqual([
      { hash: null, password: PASSWORD },
      { hash: PASSWORD, password: WRONG },
      { hash: PASSWORD, password: PASSWORD },
    ])
  })
})

describe('a sign-in that is under way', () => {
  const ID = 'id-anna'
  const OPERATOR = { kind: 'command_line' } as const
  const accounts = () => createModeratorAccounts({ database: test.database, clock: () => now })
  const begun = () =>
    test.database.read(async (reader) => ({
      sessions: await reader.$count(sessionsTable),
      halfWay: await reader.$count(moderatorTokens),
    }))
  async function addPasskey(): Promise<void> {
    const row = { id: 'key', moderatorId: ID, publicKey: '', counter: 0, transports: [], name: 'my phone' }
    await test.database.write((tx) => insertPasskey(tx, { ...row, createdAt: 0, lastUsedAt: null }))
  }

  it.each([
    ['a password alone', () => Promise.resolve()],
    ['a second factor as well', addPasskey],
  ])('ends with the password that it was given, where one needs %s', async (_, prepare) => {
    await prepare()
    meanwhile = async () => {
      expect(await accounts().setPassword(ID, 'another hash', OPERATOR)).toMatchObject({ ok: true })
    }
    expect(await tryOn('anna', PASSWORD)).toEqual(FAILED)
    expect(await begun()).toEqual({ sessions: 0, halfWay: 0 })
    expect(noted).toEqual([{ kind: 'sign_in_failed', by: ID }])
  })

  it('ends where its account is disabled meanwhile', async () => {
    meanwhile = () => test.database.write((tx) => updateModerator(tx, ID, { disabledAt: now }))
    expect(await tryOn('anna', PASSWORD)).toEqual(FAILED)
    expect(await begun()).toEqual({ sessions: 0, halfWay: 0 })
  })

  it('needs the second factor that was added meanwhile', async () => {
    meanwhile = addPasskey
    expect(await tryOn('anna', PASSWORD)).toMatchObject({ ok: true, value: { cookie: null } })
    expect(await begun()).toEqual({ sessions: 0, halfWay: 1 })
  })
})

describe('limits of signing in', () => {
  it('refuse a network on an account after ten failures, even the right password, and no other network', async () => {
    for (let host = 1; host <= 10; host++) await fail(1, 'anna', `2001:db8:1:2::${host}`)
    expect(await tryOn('anna', PASSWORD, '2001:db8:1:2::ffff')).toEqual(tooMany(15))
    expect(await tryOn('bert', PASSWORD, '2001:db8:1:2::ffff')).toMatchObject({ ok: true })
    expect(await tryOn('anna', PASSWORD, '2001:db8:2::1')).toMatchObject({ ok: true })
  })

  it('hold for a name that does not exist as well, so that they do not tell', async () => {
    await fail(10, 'nobody')
    expect(await tryOn('nobody', PASSWORD)).toEqual(tooMany(15))
  })

  it('never lock an account that many networks guess at: they slow down those who guess', async () => {
    for (const username of ['anna', 'nobody']) {
      for (let host = 1; host <= GUESSED.count; host++) await fail(1, username, `10.1.${host}.1`)
      const { count } = PER_ACCOUNT_GUESSED
      await fail(count, username, '10.2.1.1')
      expect(await tryOn(username, PASSWORD, '10.2.1.1')).toEqual(tooMany(24 * 60))
      // Those who tried before it was seen have fewer left, and not ten more.
      await fail(count - 1, username, '10.1.1.1')
      expect(await tryOn(username, PASSWORD, '10.1.1.1')).toMatchObject({ ok: false })
    }
    expect(await tryOn('anna', PASSWORD, '10.3.1.1')).toMatchObject({ ok: true })
    now += DAY
    await fail(10, 'anna', '10.2.1.1')
  })

  it('bound what many networks guess within a day, however often each of them tries', async () => {
    for (let round = 0; round < 8; round++) {
      for (let host = 1; host <= 30; host++) await tryOn('anna', `guess ${round} ${host}`, `10.1.${host}.1`)
      now += QUARTER
    }
    // Before it is seen: one try more of each at most than it may have afterwards.
    expect(asked.length).toBeLessThanOrEqual(GUESSED.count + 30 * PER_ACCOUNT_GUESSED.count)
    expect(await tries.guesses('anna')).toBe(asked.length)
  })

  it('count all subnets that one customer may have together', async () => {
    const subnets = Array.from({ length: 60 }, (_, index) => `2001:db8:7:${(index * 257).toString(16)}::1`)
    for (const subnet of subnets) await tryOn('anna', WRONG, subnet)
    expect(asked.length).toBeLessThanOrEqual(GUESSED.count)
    expect(await tryOn('anna', PASSWORD, '2001:db8:8::1')).toMatchObject({ ok: true })
  })

  it('tell the account’s owner once that somebody guesses, and nobody of names that do not exist', async () => {
    for (let host = 1; host <= GUESSED.count + 5; host++) {
      await fail(1, 'anna', `10.1.${host}.1`)
      await fail(1, 'nobody', `10.2.${host}.1`)
    }
    const told = () => noted.filter(({ kind }) => kind === 'password_guessed_at')
    expect(told()).toEqual([{ kind: 'password_guessed_at', by: 'id-anna' }])
    expect(await tries.guesses('anna')).toBe(GUESSED.count + 5)
    expect(await tries.guesses('bert')).toBe(0)
    await watch().failed({ id: 'id-anna', username: 'anna' })
    expect(told()).toHaveLength(1)
    now += DAY
    for (let host = 1; host <= GUESSED.count; host++) await fail(1, 'anna', `10.1.${host}.1`)
    expect(told()).toHaveLength(2)
  })

  it('do not let strangers use up the tries of a browser that the account is known to have', async () => {
    const known = knownDevices.make('id-anna')
    const here = (password: string, cookie = known) =>
      quick.signIn({ username: 'anna', password, clientAddress: HOME, known: cookie })
    await fail(10, 'anna')
    expect(await tryOn('anna', PASSWORD)).toEqual(tooMany(15))
    expect(await here(PASSWORD)).toMatchObject({ ok: true })
    for (const forged of [
      knownDevices.make('id-bert'),
      createKnownDevices({ secretKey: 'another secret' }).make('id-anna'),
      // The last letter of Base64 has bits that say nothing.
      `${known.slice(0, -2)}${known.at(-2) === 'A' ? 'B' : 'A'}${known.slice(-1)}`,
      `x${known}`,
      '',
    ])
      expect(await here(PASSWORD, forged)).toEqual(tooMany(15))
    for (let guess = 0; guess < 10; guess++) expect(await here(WRONG)).toEqual(FAILED)
    expect(await here(PASSWORD)).toEqual(tooMany(15))
    expect(await here(PASSWORD, knownDevices.make('id-anna'))).toMatchObject({ ok: true })
  })

  it('count a name once, however it is written', async () => {
    for (const written of ['anna', 'ANNA', ' Anna']) await fail(3, written)
    await fail(1, 'anna ')
    expect(await tryOn('aNNA', PASSWORD)).toEqual(tooMany(15))
  })

  it('refuse a network after twenty failures on any names', async () => {
    for (let name = 0; name < 20; name++) await fail(1, `name-${name}`, `2001:db8:1:2::${name}`)
    expect(await tryOn('anna', PASSWORD, '2001:db8:1:2:ffff::1')).toEqual(tooMany(15))
    expect(await tryOn('anna', PASSWORD, '2001:db8:1:3::1')).toMatchObject({ ok: true })
  })

  it('open again after a quarter of an hour', async () => {
    await fail(10, 'anna')
    now += QUARTER - 60_001
    expect(await tryOn('anna', PASSWORD)).toEqual(tooMany(2))
    now += 60_000
    expect(await tryOn('anna', PASSWORD)).toEqual(tooMany(1))
    now += 1
    expect(await tryOn('anna', PASSWORD)).toMatchObject({ ok: true })
  })

  it('count before the password is looked at: of 50 guesses at once ten are looked at', async () => {
    await Promise.all(
      Array.from({ length: 50 }, (_, guess) => tryOn('anna', `guess ${guess}`, `2001:db8:1:2::${guess}`)),
    )
    expect(asked).toHaveLength(10)
  })

  it('do not lock out who mistypes and then gets in', async () => {
    for (let day = 0; day < 5; day++) {
      await fail(9, 'anna')
      expect(await tryOn('anna', PASSWORD)).toMatchObject({ ok: true })
    }
    expect(await test.database.read((reader) => reader.select().from(attempts))).toEqual([])
  })

  it('do not count successes', async () => {
    for (let often = 0; often < 30; often++) expect(await tryOn('anna', PASSWORD)).toMatchObject({ ok: true })
  })

  it('keep the count of others on an account whose owner signs in', async () => {
    await fail(9, 'anna', '198.51.100.7')
    expect(await tryOn('anna', PASSWORD)).toMatchObject({ ok: true })
    await fail(1, 'anna', '198.51.100.7')
    expect(await tryOn('anna', PASSWORD, '198.51.100.7')).toEqual(tooMany(15))
  })

  it('keep the count of a network that guesses others between sign-ins of its own', async () => {
    for (let name = 0; name < 20; name++) {
      await fail(1, `name-${name}`)
      if (name < 19) expect(await tryOn('bert', PASSWORD)).toMatchObject({ ok: true })
    }
    expect(await tryOn('anna', PASSWORD)).toEqual(tooMany(15))
  })

  it('leave neither name nor address in the database', async () => {
    await fail(1, 'anna')
    const rows = JSON.stringify(await test.database.read((reader) => reader.select().from(attempts)))
    expect(rows).not.toContain('anna')
    expect(rows).not.toContain(HOME)
  })
})
