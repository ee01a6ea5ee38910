import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Registration } from '$lib/registration/registration'
import type { Account, Sign } from '$lib/registration/signs'
import { ACCOUNT_STATES, STATES, type AccountState } from '$lib/registration/state'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import {
  aPolicy,
  aRegistration,
  anAccount,
  email,
  NOON,
  username,
} from '../../../../tests/support/registration'
import { putAccount, type LedgerEntry } from '../database/accounts'
import { insertRegistration, updateRegistration } from '../database/registrations'
import { events, registrations } from '../database/schema'
import { HomeserverError, type Claimed, type Homeserver, type NameAnswer } from '../homeserver/homeserver'
import { createSynapse } from '../homeserver/synapse'
import { createRegistrations } from '../registrations/registrations'
import { lockAccount } from './kinds/lock-account'
import { unlock } from './kinds/open-account'
import { removeAccount } from './kinds/remove-account'
import type { AccountServices } from './account-signs'

/** What each look at the homeserver leads to, by what stands in the database at that moment. */
const RIVER = username('river')
const ADDRESS = email('river@mail.test')
const ID = 'r1'
const OPENED = NOON - 500
let kept: TestDatabase
let written: ReturnType<typeof createRegistrations>
let services: AccountServices
let now: number
/** What the homeserver was asked to change. */
let changes: string[]
/** What it shows of the account, one look after the other; the last one stays. */
let shows: (Account | null)[]
/** What happens elsewhere while it is looked at, once. */
let meanwhile: (() => Promise<unknown>) | null
/** What it answers when it is to unlock the account. */
let refuses: Error | null
/** What it answers whether a new account can have the name. */
let nameIs: NameAnswer
let claimed: Claimed
/** What the log says. */
let logged: string[]

beforeEach(async () => {
  kept = await openTestDatabase()
  now = NOON
  changes = []
  shows = [anAccount({ displayName: 'river' })]
  meanwhile = null
  refuses = null
  nameIs = 'free'
  claimed = 'refused'
  logged = []
  const { now: _, ...policy } = aPolicy()
  let ids = 0
  written = createRegistrations({
    log: { info: () => undefined },
    decided: () => undefined,
    database: kept.database,
    clock: () => now,
    randomId: () => `id-${++ids}`,
    policy,
    intake: { settle: () => Promise.resolve([]), admit: () => Promise.resolve({ ok: true, value: null }) },
    memory: { remember: () => Promise.resolve() },
    linkHours: 24,
  })
  const real = createSynapse({
    url: 'http://127.0.0.1:1',
    domain: 'example.test',
    token: '',
    verifyCert: true,
  })
  const change = (name: string) => async () => void changes.push(name)
  const homeserver: Homeserver = {
    ...real,
    async account() {
      const [account = null] = shows.length > 1 ? shows.splice(0, 1) : shows
      const happens = meanwhile
      meanwhile = null
      await happens?.()
      return account
    },
    nameAnswer: () => Promise.resolve(nameIs),
    claim: () => Promise.resolve(claimed),
    lock: change('lock'),
    remove: change('remove'),
    async open() {
      changes.push('open')
      if (refuses !== null) throw refuses
    },
  }
  services = { ...written, homeserver, log: pino({}, { write: (text: string) => void logged.push(text) }) }
})
afterEach(() => kept.dispose())

async function stands(
  change: Partial<Registration>,
  line: (Partial<LedgerEntry> & { state: AccountState }) | null,
): Promise<Registration> {
  const row = aRegistration({ id: ID, state: 'approved', username: RIVER, email: ADDRESS, ...change })
  await kept.database.write((tx) => insertRegistration(tx, row))
  if (line !== null) await setLine({ registrationId: ID, madeAt: NOON, ...line })
  return (await written.registrar.find(ID)) ?? row
}
const setLine = (line: Partial<LedgerEntry> & { state: AccountState }) =>
  kept.database.write((tx) => putAccount(tx, RIVER, line, now - 120_000))
const line = () => written.accountLedger.account(RIVER)
const lock = () => lockAccount({ kind: 'lock_account', username: RIVER }, services)
const remove = () => removeAccount({ kind: 'remove_account', username: RIVER }, services)
const happened = async () =>
  (await kept.database.read((reader) => reader.select().from(events))).map(({ kind, detail }) =>
    detail === null ? kind : [kind, detail],
  )
const shown = (change: Partial<Account> = {}) => anAccount({ displayName: 'river', ...change })
const over = { state: 'denied', holdsName: false } as const
/** It was to be unlocked, and no answer came. */
const maybeOpen = { state: 'filled', openedAt: OPENED } as const
async function inDoubt() {
  expect(await line()).toMatchObject({ state: 'doubtful', registrationId: null })
  expect(changes).toEqual([])
  expect(logged).toHaveLength(1)
  expect(JSON.parse(logged[0] ?? '')).toMatchObject({ level: 40, registration: ID })
}

describe('open', () => {
  const opened = {
    state: 'done',
    action: { type: 'opened' },
    account: { localpart: RIVER, state: 'open', openedAt: NOON },
    otherwise: { localpart: RIVER, state: 'filled', openedAt: NOON },
  }
  const open = async (
    change: Partial<Registration> = {},
    entry: Parameters<typeof stands>[1] = { state: 'filled' },
  ) => unlock(await stands(change, entry), services)

  test('unlocks what waits, and notes before that it may be open', async () => {
    expect(await open()).toEqual(opened)
    expect(changes).toEqual(['open'])
    expect(await line()).toMatchObject({ state: 'filled', openedAt: NOON })
  })

  test.each(STATES.filter((state) => state !== 'approved'))('nothing of one that is %s', async (state) => {
    expect(await open({ state })).toMatchObject({ state: 'cancelled' })
    expect(changes).toEqual([])
  })

  test.each(ACCOUNT_STATES.filter((state) => !['none', 'filled', 'open'].includes(state)))(
    'nothing whose account is %s',
    async (state) => {
      expect(await open({}, { state })).toMatchObject({ state: 'cancelled' })
      expect(changes).toEqual([])
    },
  )

  test('nothing that the ledger does not know, or knows as another’s', async () => {
    const registration = await stands({}, null)
    expect(await unlock({ ...registration, account: 'filled' }, services)).toMatchObject({
      state: 'cancelled',
    })
    await setLine({ state: 'filled', registrationId: 'r2' })
    expect(await unlock({ ...registration, account: 'filled' }, services)).toMatchObject({
      state: 'cancelled',
    })
    expect(changes).toEqual([])
  })

  test.each<[string, Account | null]>([
    ['missing', null],
    ['deactivated', shown({ deactivated: true, devices: 1 })],
  ])('asks the homeserver about one that is %s, which says why not', async (_, account) => {
    shows = [account]
    refuses = new HomeserverError('missing', 'It is not there', { permanent: true })
    await expect(open()).rejects.toBe(refuses)
    expect(changes).toEqual(['open'])
  })

  test('does nothing where it is open by an answer that got lost, or as its applicant has it', async () => {
    shows = [shown({ locked: false, devices: 1 })]
    expect(await open({}, maybeOpen)).toEqual(opened)
    await setLine({ state: 'open', openedAt: null })
    shows = [shown({ locked: false, addresses: [ADDRESS] })]
    const registration = await written.registrar.find(ID)
    expect(registration && (await unlock(registration, services))).toMatchObject({ state: 'done' })
    expect(changes).toEqual([])
  })

  test('unlocks what has their own address, whatever else is on it', async () => {
    shows = [shown({ addresses: [ADDRESS], devices: 1 })]
    expect(await open()).toEqual(opened)
    expect(changes).toEqual(['open'])
  })

  test.each<[string, Partial<Account>]>([
    ['unlocked', { locked: false }],
    ['in use', { devices: 1 }],
    ['with an address of somebody else', { addresses: [email('somebody@else.test')] }],
  ])('touches nothing that is %s', async (_, change) => {
    shows = [shown(change)]
    expect(await open()).toMatchObject({ state: 'cancelled' })
    await inDoubt()
  })

  test.each<[string, () => Promise<unknown>, Account[]]>([
    ['the ledger changed', () => setLine({ state: 'doubtful' }), [shown()]],
    ['the ledger changed before a doubt', () => setLine({ state: 'claimed' }), [shown({ devices: 1 })]],
  ])('looks again where %s under the look', async (_, happens, looks) => {
    meanwhile = happens
    shows = looks
    expect(await open()).toMatchObject({ state: 'cancelled' })
    expect(changes).toEqual([])
    expect((await line())?.state).not.toBe('filled')
    expect(await happened()).toEqual([])
  })

  test('goes on with the second look where nothing that matters changed', async () => {
    meanwhile = () => setLine({ state: 'filled', madeAt: NOON + 1 })
    expect(await open()).toEqual(opened)
    expect(changes).toEqual(['open'])
  })

  test('opens nothing whose registration is gone by the second look', async () => {
    const registration = await stands({}, { state: 'filled' })
    meanwhile = () => kept.database.write((tx) => tx.delete(registrations))
    expect(await unlock(registration, services)).toMatchObject({ state: 'cancelled' })
    expect(changes).toEqual([])
  })

  test('opens nothing whose approval was taken back under the look', async () => {
    const registration = await stands({}, { state: 'filled' })
    meanwhile = () =>
      kept.database.write((tx) => updateRegistration(tx, { ...registration, state: 'requested' }))
    expect(await unlock(registration, services)).toMatchObject({ state: 'cancelled' })
    expect(changes).toEqual([])
  })

  test.each<[string, Error, number | null, number | null]>([
    ['a mistake of ours', new Error('Oops'), null, NOON],
    ['a clear no', new HomeserverError('refused', 'No', { permanent: true }), null, null],
    [
      'a clear no, and it was tried before',
      new HomeserverError('refused', 'No', { permanent: true }),
      OPENED,
      OPENED,
    ],
    ['no answer', new HomeserverError('unreachable', 'Gone', { permanent: false }), null, NOON],
  ])('may be open after %s', async (_, error, before, after) => {
    refuses = error
    await expect(open({}, { state: 'filled', openedAt: before })).rejects.toBe(error)
    expect(await line()).toMatchObject({ state: 'filled', openedAt: after })
  })
})

describe('remove', () => {
  const removed = (openedAt: number | null = null) => ({
    state: 'done',
    account: { localpart: RIVER, state: 'removed', openedAt },
    events: [{ kind: 'account_removed' }],
  })

  test.each(['claimed', 'locked', 'filled', 'reviving'] as const)('one that is %s', async (state) => {
    await stands(over, { state })
    expect(await remove()).toEqual(removed())
    expect(changes).toEqual(['remove'])
  })

  test.each<[string, Parameters<typeof stands>[0], Parameters<typeof stands>[1]]>([
    ['unknown', over, null],
    ['open', over, { state: 'open' }],
    ['in doubt', over, { state: 'doubtful' }],
    ['removed', over, { state: 'removed' }],
    ['locked and was open once', over, { state: 'locked', openedAt: OPENED }],
    ['of a registration in progress', { state: 'requested' }, { state: 'filled' }],
  ])('none that is %s', async (_, change, entry) => {
    await stands(change, entry)
    const before = await line()
    expect(await remove()).toMatchObject({ state: 'cancelled' })
    expect([changes, await line()]).toEqual([[], before])
  })

  test('one whose registration has another name by now, or lost this one', async () => {
    const registration = await stands({ state: 'verified', username: username('brook') }, { state: 'filled' })
    expect(await remove()).toEqual(removed())
    await kept.database.write((tx) =>
      updateRegistration(tx, { ...registration, username: RIVER, holdsName: false }),
    )
    expect(await remove()).toEqual(removed())
    await setLine({ state: 'filled', registrationId: null })
    expect(await remove()).toEqual(removed())
  })

  test('none that is being claimed, until no answer came for a minute and a half; then it may be anybody’s', async () => {
    await stands(over, { state: 'claiming', changedAt: NOON })
    now = NOON + 89_999
    expect(await remove()).toMatchObject({ state: 'cancelled' })
    expect(await line()).toMatchObject({ state: 'claiming' })
    now = NOON + 90_000
    expect(await remove()).toMatchObject({ state: 'cancelled' })
    await inDoubt()
  })

  test('nothing where there is none, or no more', async () => {
    shows = [null]
    await stands(over, { state: 'claiming' })
    expect(await remove()).toEqual({ state: 'done', account: { localpart: RIVER, state: null }, events: [] })
    await setLine({ state: 'filled' })
    expect(await remove()).toEqual(removed())
    shows = [shown({ deactivated: true })]
    expect(await remove()).toEqual(removed())
    expect(changes).toEqual([])
  })

  test.each<[Sign, Partial<Account>, number | null]>([
    ['unlocked', { locked: false }, null],
    ['devices', { devices: 1 }, OPENED],
    ['used', { lastSeenAt: NOON }, OPENED],
  ])('what its applicant has left, where it may have been open: %s', async (_, change, openedAt) => {
    shows = [shown(change)]
    await stands(over, maybeOpen)
    expect(await remove()).toEqual(removed(openedAt))
    expect(changes).toEqual(['remove'])
  })

  test.each<[string, Partial<Account>, Partial<LedgerEntry>]>([
    ['an avatar, though it may have been open', { avatar: true, devices: 1 }, { openedAt: OPENED }],
    ['devices', { devices: 1 }, {}],
    ['a use', { lastSeenAt: NOON }, {}],
    ['no lock', { locked: false }, {}],
  ])('nothing that others left: %s', async (_, change, entry) => {
    shows = [shown(change)]
    await stands(over, { state: 'filled', ...entry })
    expect(await remove()).toMatchObject({ state: 'cancelled' })
    await inDoubt()
  })

  test('what was deactivated already, though it may have been open, and what changed a moment ago', async () => {
    shows = [shown({ deactivated: true })]
    await stands(over, maybeOpen)
    expect(await remove()).toEqual(removed())
    expect(changes).toEqual([])
    shows = [shown()]
    await setLine({ state: 'locked', openedAt: null, changedAt: now })
    expect(await remove()).toEqual(removed())
    expect(changes).toEqual(['remove'])
  })

  test('nothing that is somebody’s under the look', async () => {
    shows = [shown({ devices: 1 })]
    await stands(over, { state: 'filled' })
    meanwhile = () => setLine({ state: 'open' })
    expect(await remove()).toMatchObject({ state: 'cancelled' })
    expect([changes, (await line())?.state, await happened()]).toEqual([[], 'open', []])
  })
})

describe('lock', () => {
  const done = { state: 'done', events: [] }
  const own = { state: 'verified' } as const

  test('one that was just made, and one that is locked already once more in the ledger alone', async () => {
    shows = [shown({ locked: false })]
    await stands(own, { state: 'claimed' })
    expect(await lock()).toEqual(done)
    expect([changes, (await line())?.state]).toEqual([['lock'], 'locked'])
    shows = [shown()]
    await setLine({ state: 'claimed' })
    expect(await lock()).toEqual(done)
    expect([changes, (await line())?.state]).toEqual([['lock'], 'locked'])
    expect(await happened()).toEqual(['account_locked', 'account_locked'])
  })

  test.each<[string, Parameters<typeof stands>[1]]>([
    ['unknown', null],
    ['locked', { state: 'locked' }],
    ['filled', { state: 'filled' }],
    ['open', { state: 'open', openedAt: OPENED }],
    ['in doubt', { state: 'doubtful' }],
  ])('none that is %s', async (_, entry) => {
    shows = [shown({ locked: false })]
    await stands(own, entry)
    const before = await line()
    expect(await lock()).toMatchObject({ state: 'cancelled' })
    expect([changes, await line()]).toEqual([[], before])
  })

  test('nothing of one that is brought back, which its applicant’s next try locks', async () => {
    shows = [shown({ deactivated: true, locked: false })]
    await stands(own, { state: 'reviving' })
    expect(await lock()).toMatchObject({ state: 'cancelled' })
    expect([changes, (await line())?.state]).toEqual([[], 'reviving'])
  })

  test('nothing where there is none: that is told where there was one', async () => {
    shows = [null]
    await stands(own, { state: 'claiming' })
    expect([await lock(), await line(), await happened()]).toEqual([done, null, []])
    await setLine({ state: 'claimed', registrationId: ID })
    expect([await lock(), await line(), await happened()]).toEqual([done, null, ['account_missing']])
  })

  test('nothing where there is none and nobody gets the name, as long as its applicant can try again', async () => {
    shows = [null]
    nameIs = 'taken'
    await stands(own, { state: 'claiming' })
    expect(await lock()).toMatchObject({ state: 'cancelled' })
    expect(await line()).toMatchObject({ state: 'claiming', registrationId: ID })
    nameIs = 'free'
    expect([await lock(), await line(), await happened()]).toEqual([done, null, []])
    nameIs = 'taken'
    await setLine({ state: 'claimed', registrationId: ID })
    expect([await lock(), await line()]).toEqual([done, null])
  })

  test('the claim of a name that nobody gets is forgotten where its registration is over', async () => {
    shows = [null]
    nameIs = 'taken'
    await stands(over, { state: 'claiming' })
    expect([await lock(), await line(), await happened()]).toEqual([done, null, []])
  })

  test.each(['lock', 'remove'] as const)(
    'what the homeserver made half of for it is completed, and removed, where its registration is over: %s',
    async (job) => {
      shows = [null, shown({ locked: false })]
      nameIs = 'taken'
      claimed = 'made'
      await stands(over, { state: 'claiming' })
      expect(await { lock, remove }[job]()).toMatchObject({
        account: { localpart: RIVER, state: 'removed' },
        events: [{ kind: 'account_removed' }],
      })
      expect([changes, await line()]).toEqual([['remove'], expect.objectContaining({ state: 'claimed' })])
      expect(await happened()).toEqual(['account_claimed'])
    },
  )

  test.each(['refused', 'existed'] as const)('but nothing of a claim that is %s', async (answer) => {
    shows = [null]
    nameIs = 'taken'
    claimed = answer
    await stands(over, { state: 'claiming' })
    expect(await remove()).toMatchObject({ account: { localpart: RIVER, state: null }, events: [] })
    expect(changes).toEqual([])
  })

  test.each(
    (['lock', 'remove'] as const).flatMap((job) => [
      { job, found: {} },
      { job, found: { locked: false } },
      { job, found: { locked: false, devices: 1 } },
    ]),
  )(
    'and what the first attempt made while it was to be completed is left to moderators: $job, $found',
    async ({ job, found }) => {
      shows = [null, shown(found)]
      nameIs = 'taken'
      claimed = 'unclear'
      await stands(over, { state: 'claiming' })
      expect(await { lock, remove }[job]()).toMatchObject({ state: 'cancelled' })
      await inDoubt()
    },
  )

  test.each<[string, AccountState, Partial<Account>]>([
    ['a claim without an answer', 'claiming', {}],
    ['one in use', 'claimed', { locked: false, devices: 1 }],
    ['one that was brought back, and is in use', 'reviving', { devices: 1 }],
  ])('nothing that may be somebody else’s: %s', async (_, state, change) => {
    shows = [shown(change)]
    await stands(own, { state })
    expect(await lock()).toMatchObject({ state: 'cancelled' })
    await inDoubt()
  })

  test.each<[string, AccountState, (Account | null)[]]>([
    ['one that is missing', 'claimed', [null, shown()]],
    ['one in use', 'claimed', [shown({ devices: 1 })]],
    ['one that is locked', 'claimed', [shown()]],
  ])('and looks again where the ledger changed under the look: %s', async (_, state, looks) => {
    shows = looks
    await stands(own, { state })
    meanwhile = () => setLine({ state: 'locked' })
    expect(await lock()).toMatchObject({ state: 'cancelled' })
    expect([(await line())?.state, await happened()]).toEqual(['locked', []])
  })

  describe('one that may be open though its approval was stopped', () => {
    test.each<[string, Partial<Account>, number | null, string[], boolean]>([
      ['and is not', {}, null, [], false],
      ['and nobody was in', { locked: false }, null, ['lock'], false],
      ['and its applicant is in', { locked: false, devices: 1 }, OPENED, ['lock'], true],
      ['and its applicant was in', { locked: false, lastSeenAt: NOON }, OPENED, ['lock'], true],
    ])('%s', async (_, change, openedAt, asked, used) => {
      shows = [shown(change)]
      await stands(own, maybeOpen)
      expect(await lock()).toEqual(done)
      expect(changes).toEqual(asked)
      expect(await line()).toMatchObject({ state: 'filled', openedAt })
      expect(await happened()).toEqual(asked.length === 0 ? [] : [['account_closed', { used }]])
    })

    test('and is missing', async () => {
      shows = [null]
      await stands(own, maybeOpen)
      expect([await lock(), await line(), await happened()]).toEqual([done, null, ['account_missing']])
    })

    test('and bears signs of others', async () => {
      shows = [shown({ locked: false, externalIds: 1 })]
      await stands(own, maybeOpen)
      expect(await lock()).toMatchObject({ state: 'cancelled' })
      await inDoubt()
    })

    test.each<[string, (Account | null)[]]>([
      ['missing', [null, shown()]],
      ['in other hands', [shown({ externalIds: 1 })]],
      ['locked', [shown()]],
    ])('and is looked at again where the ledger changed under the look: %s', async (_, looks) => {
      shows = looks
      await stands(own, maybeOpen)
      meanwhile = () => setLine({ state: 'locked', openedAt: null })
      expect(await lock()).toMatchObject({ state: 'cancelled' })
      expect([(await line())?.state, await happened()]).toEqual(['locked', []])
    })
  })
})
