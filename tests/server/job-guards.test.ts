import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { m } from '$lib/paraglide/messages'
import type { NewJob } from '$lib/registration/job'
import { LANGUAGES } from '$lib/registration/language'
import { ACCOUNT_STATES, STATES, type AccountState } from '$lib/registration/state'
import { putAccount, type LedgerEntry } from '$lib/server/database/accounts'
import { announceOnce } from '$lib/server/database/announcements'
import { insertJob } from '$lib/server/database/jobs'
import { insertModeratorToken } from '$lib/server/database/moderator-tokens'
import { jobs, registrations } from '$lib/server/database/schema'
import { insertRegistration } from '$lib/server/database/registrations'
import type { Homeserver } from '$lib/server/homeserver/homeserver'
import type { Registration } from '$lib/registration/registration'
import { aRegistration, anAccount, email, NOON, username } from '../support/registration'
import { aConfig, aWorld, type TestWorld, anAdminRoom } from '../support/world'
import { HOUR } from '$lib/registration/time'

/**
 * The last look before something is done that cannot be taken back: whatever queued the job, and however long it waited,
 * its handler refuses by itself where the rows say otherwise.
 */
const RIVER = username('river')
const ADDRESS = email('river@mail.test')
/** Which guard refused, by what moderators read at the job. */
const SAYS = {
  notApproved: 'The registration is no longer approved',
  notReady: 'The account is not ready to be unlocked',
  notOurs: 'The account was not created here, or is not waiting to be unlocked',
  underWay: 'The account belongs to a registration in progress',
  noAnswer: 'The account is being created: it is removed once there is an answer',
  locked: 'The account is not active',
  decided: 'All of them are decided',
  unwanted: 'They no longer want this email',
  over: 'The outage is over',
  changed: 'It has changed again since',
  gone: 'The registration was deleted',
  removed: 'The account was removed',
  noConsent: 'The homeserver leaves its accounts to MAS by now, which records no consent',
  inDoubt:
    'Somebody else has, or may have, the account on the homeserver. It was not changed; see the unverified accounts',
  anothers:
    'The email address already belongs to @somebody:example.test, so it was not added to @river:example.test',
}
let world: TestWorld
/** What the homeserver was asked to change. */
let changes: string[]
/** What the rooms were told. */
let said: string[]
/** What it says; by itself it knows an account that waits to be opened, and nothing of the address. */
let says: Partial<Homeserver>

function recording(real: Homeserver): Homeserver {
  const change =
    (name: string) =>
    async (...args: unknown[]): Promise<never> => {
      changes.push([name, ...args].join(' '))
      return undefined as never
    }
  return {
    ...real,
    account: async () => anAccount({ displayName: 'river' }),
    addressOwner: async () => null,
    claim: change('claim'),
    lock: change('lock'),
    fill: change('fill'),
    open: change('open'),
    remove: change('remove'),
    revive: change('revive'),
    bindAddress: change('bind'),
    joinRoom: change('join'),
    consent: change('consent'),
    async sendMessage(room, _, { text }) {
      changes.push(`send ${room}`)
      said.push(text)
      return `$event-${said.length}`
    },
    editMessage: async (room) => {
      changes.push(`edit ${room}`)
      return 'edited'
    },
    react: async (room) => {
      changes.push(`react ${room}`)
      return '$reaction'
    },
    enterRoom: async (room) => {
      changes.push(`enter ${room}`)
    },
    redact: async (room) => {
      changes.push(`redact ${room}`)
      return 'redacted'
    },
    roomId: async (room) => room,
    directRoom: async () => '!direct:example.test',
    ...says,
  }
}

async function begin(change: Partial<ReturnType<typeof aConfig>> = {}) {
  world = await aWorld(change, (real) => ({
    ...recording(real),
    account: (name) => recording(real).account(name),
    addressOwner: (address) => recording(real).addressOwner(address),
    consentProblem: (version) => recording(real).consentProblem(version),
    joinedRooms: async () => [],
  }))
}
beforeEach(async () => {
  changes = []
  said = []
  says = {}
  await begin()
})
afterEach(() => world.dispose())

/** A registration as it stands when its job begins, and the ledger's line on its account. */
async function stands(
  change: Partial<Registration> = {},
  ledger: (Partial<LedgerEntry> & { state: AccountState }) | null = { state: 'filled' },
): Promise<string> {
  const registration = aRegistration({
    id: randomUUID(),
    state: 'approved',
    username: RIVER,
    email: ADDRESS,
    ...change,
  })
  await world.database.write(async (tx) => {
    await insertRegistration(tx, registration)
    if (ledger !== null)
      await putAccount(
        tx,
        RIVER,
        { registrationId: registration.id, madeAt: NOON, ...ledger },
        world.now() - HOUR,
      )
  })
  return registration.id
}

const line = () => world.services.accountLedger.account(RIVER)

const setLine = (change: Partial<LedgerEntry> & { state: AccountState }, ago: number) =>
  world.database.write((tx) => putAccount(tx, RIVER, { registrationId: null, ...change }, world.now() - ago))

/** How a job ended. */
async function endOf(
  job: NewJob,
  registrationId: string | null,
): Promise<{ state: string; error: string | null }> {
  const id = randomUUID()
  await world.database.write((tx) => insertJob(tx, job, { id, registrationId, now: world.now(), rest: 0 }))
  await world.drain()
  const [row] = await world.database.read((reader) => reader.select().from(jobs).where(eq(jobs.id, id)))
  if (row === undefined) throw new Error('The job is gone')
  return { state: row.state, error: row.error }
}
const cancelled = (error: string) => ({ state: 'cancelled', error })
const done = { state: 'done', error: null }

describe('an account is opened', () => {
  const open = (id: string) => endOf({ kind: 'open_account' }, id)

  test('for an approved registration whose account is ready, and what follows comes after', async () => {
    const id = await stands()
    expect(await open(id)).toEqual(done)
    expect(changes).toEqual(['open river', `bind river ${ADDRESS}`])
    expect(await line()).toMatchObject({ state: 'open', openedAt: world.now() })
    expect(await world.services.registrar.find(id)).toMatchObject({ state: 'completed' })
  })

  test.each(STATES.filter((state) => state !== 'approved'))('but not for one that is %s', async (state) => {
    const id = await stands({ state })
    expect(await open(id)).toEqual(cancelled(SAYS.notApproved))
    expect(changes).toEqual([])
  })

  test.each(ACCOUNT_STATES.filter((state) => !['none', 'filled', 'open'].includes(state)))(
    'but not one that is %s',
    async (state) => {
      const id = await stands({}, { state })
      expect(await open(id)).toEqual(cancelled(SAYS.notReady))
      expect(changes).toEqual([])
    },
  )

  test('but none that the ledger does not know, or knows as another’s', async () => {
    const id = await stands({}, null)
    expect(await open(id)).toEqual(cancelled(SAYS.notReady))
    await world.database.write((tx) => putAccount(tx, RIVER, { state: 'filled', registrationId: 'r2' }, NOON))
    expect(await open(id)).toEqual(cancelled(SAYS.notReady))
    expect(changes).toEqual([])
  })
})

describe('an account is removed', () => {
  const remove = (id: string | null = null) => endOf({ kind: 'remove_account', username: RIVER }, id)
  const notOurs = cancelled(SAYS.notOurs)
  const over = { state: 'denied', holdsName: false } as const

  test.each(['claimed', 'locked', 'filled', 'reviving'] as const)(
    'that is %s, and nobody’s',
    async (state) => {
      await stands(over, { state })
      expect(await remove()).toEqual(done)
      expect(changes).toEqual(['remove river'])
      expect(await line()).toMatchObject({ state: 'removed', openedAt: null })
    },
  )

  test.each(['none', 'doubtful', 'open', 'removed'] as const)('but not one that is %s', async (state) => {
    await stands(over, { state })
    expect(await remove()).toEqual(notOurs)
    expect(changes).toEqual([])
  })

  test('but not one that the ledger does not know', async () => {
    await stands(over, null)
    expect(await remove()).toEqual(notOurs)
    expect(changes).toEqual([])
  })

  test.each(['claimed', 'locked', 'reviving'] as const)(
    'but not one that was opened once, though the ledger has it as %s',
    async (state) => {
      await stands(over, { state, openedAt: NOON })
      expect(await remove()).toEqual(notOurs)
      expect(changes).toEqual([])
    },
  )

  test.each(['verified', 'requested', 'approved'] as const)(
    'but not one whose registration is under way: %s',
    async (state) => {
      const id = await stands({ state })
      const end = cancelled(SAYS.underWay)
      expect(await remove()).toEqual(end)
      expect(await remove(id)).toEqual(end)
      expect(changes).toEqual([])
    },
  )

  test('though its registration is under way with another name, or lost this one', async () => {
    await stands({ state: 'verified', username: username('brook') })
    expect(await remove()).toEqual(done)
    await stands({ state: 'verified', holdsName: false, email: email('other@mail.test') })
    expect(await remove()).toEqual(done)
    expect(changes).toEqual(['remove river', 'remove river'])
  })

  test('but not while the answer to the claim may still come, and never where it did not: it may be anybody’s', async () => {
    await stands(over, { state: 'claiming', changedAt: world.now() - 89_999 })
    expect(await remove()).toEqual(cancelled(SAYS.noAnswer))
    expect(await line()).toMatchObject({ state: 'claiming' })
    world.pass(1)
    expect(await remove()).toEqual(cancelled(SAYS.inDoubt))
    expect(await line()).toMatchObject({ state: 'doubtful' })
    expect(changes).toEqual([])
  })

  test('with nothing to do where it is gone, and the name is free where it never was', async () => {
    says = { account: async () => null }
    await stands(over, { state: 'filled' })
    expect(await remove()).toEqual(done)
    expect(await line()).toMatchObject({ state: 'removed' })
    await setLine({ state: 'claiming' }, HOUR)
    expect(await remove()).toEqual(done)
    expect(await line()).toBeNull()
    says = { account: async () => anAccount({ displayName: 'river', deactivated: true }) }
    await setLine({ state: 'reviving' }, HOUR)
    expect(await remove()).toEqual(done)
    expect(changes).toEqual([])
  })

  test('but not one that bears signs of others', async () => {
    says = { account: async () => anAccount({ displayName: 'river', devices: 1 }) }
    await stands(over, { state: 'filled' })
    expect(await remove()).toEqual(cancelled(SAYS.inDoubt))
    expect(await line()).toMatchObject({ state: 'doubtful' })
    expect(changes).toEqual([])
  })
})

describe('an address is added', () => {
  const bind = (id: string) => endOf({ kind: 'bind_address' }, id)
  const completed = { state: 'completed' } as const

  test('to an account that is open, where it is nobody’s', async () => {
    expect(await bind(await stands(completed, { state: 'open' }))).toEqual(done)
    expect(changes).toEqual([`bind river ${ADDRESS}`])
  })

  test.each(ACCOUNT_STATES.filter((state) => state !== 'none' && state !== 'open'))(
    'but never before it is unlocked: %s',
    async (state) => {
      expect(await bind(await stands(completed, { state }))).toEqual(cancelled(SAYS.locked))
      expect(changes).toEqual([])
    },
  )

  test('but not to an account that the ledger does not know', async () => {
    expect(await bind(await stands(completed, null))).toEqual(cancelled(SAYS.locked))
    expect(changes).toEqual([])
  })

  test('but never taken away from another account, and not twice', async () => {
    const id = await stands(completed, { state: 'open' })
    says = { addressOwner: async () => '@somebody:example.test' }
    expect(await bind(id)).toEqual({ state: 'failed', error: SAYS.anothers })
    says = { addressOwner: async () => '@river:example.test' }
    expect(await bind(id)).toEqual(done)
    expect(changes).toEqual([])
  })
})

describe('consent is recorded', () => {
  const consent = async (version: string) =>
    endOf({ kind: 'consent', version }, await stands({ state: 'completed' }))
  const asking = (version: string) => begin({ consent: { version, formSecret: 'form-secret' } })

  test('under the name that was ticked', async () => {
    expect(await consent('1.0')).toEqual(done)
    expect(changes).toEqual(['consent river 1.0'])
  })

  test('and under the one asked for now where the homeserver never had the other', async () => {
    await world.dispose()
    await asking('2.0')
    says = { consentProblem: async () => ({ code: 'unknown', why: '' }) }
    expect(await consent('1.0')).toEqual(done)
    expect(changes).toEqual(['consent river 2.0'])
  })

  test('and under the name that was ticked where none is asked for any more', async () => {
    says = { consentProblem: async () => ({ code: 'unknown', why: '' }) }
    expect(await consent('1.0')).toEqual(done)
    expect(changes).toEqual(['consent river 1.0'])
  })

  test.each(['secret', 'other', 'none'] as const)(
    'and under no other where the problem is another one: %s',
    async (code) => {
      await world.dispose()
      await asking('2.0')
      says = { consentProblem: async () => ({ code, why: '' }) }
      expect(await consent('1.0')).toEqual(done)
      expect(changes).toEqual(['consent river 1.0'])
    },
  )
})

test('nothing is recorded on a homeserver that leaves its accounts to MAS by now', async () => {
  says = { recordsConsent: false }
  await world.dispose()
  await begin()
  const id = await stands({ state: 'completed' })
  expect(await endOf({ kind: 'consent', version: '1.0' }, id)).toEqual(cancelled(SAYS.noConsent))
  expect(changes).toEqual([])
})

test.each([
  { kind: 'consent', version: '1.0' },
  { kind: 'join_room', room: '#all:example.test' },
] as const)('nothing is done with an account that was removed since: $kind', async (job) => {
  const id = await stands({ state: 'completed', account: 'removed' }, { state: 'removed' })
  expect(await endOf(job, id)).toEqual(cancelled(SAYS.removed))
  expect(changes).toEqual([])
})

test('a room is joined', async () => {
  const id = await stands({ state: 'completed' })
  expect(await endOf({ kind: 'join_room', room: '#all:example.test' }, id)).toEqual(done)
  expect(changes).toEqual(['join river #all:example.test'])
})

test('an account that was just made is locked', async () => {
  says = { account: async () => anAccount({ displayName: 'river', locked: false }) }
  await stands({ state: 'verified' }, { state: 'claimed' })
  expect(await endOf({ kind: 'lock_account', username: RIVER }, null)).toEqual(done)
  expect(changes).toEqual(['lock river'])
  expect(await line()).toMatchObject({ state: 'locked' })
})

describe('who is told', () => {
  const ROOM = '#desk:example.test'
  const MODERATORS = 'moderators@example.test'
  const over = cancelled(SAYS.decided)
  const mails = (to: string) => world.mailbox.kinds(to)

  const withRoom = {
    matrixNotifications: {
      adminRoom: anAdminRoom({ room: ROOM }),
      welcome: { room: null, template: 'Welcome, {username}' },
    },
  }
  beforeEach(async () => {
    await world.dispose()
    await begin(withRoom)
  })

  test('of a request that waits, the room and the moderators; of none, nobody', async () => {
    const since = NOON
    expect(await endOf({ kind: 'notify_room', since }, null)).toEqual(over)
    expect(await endOf({ kind: 'notify_moderators', since, reminder: false }, null)).toEqual(over)
    expect([changes, mails(MODERATORS)]).toEqual([[], []])
    world.pass(HOUR)
    await stands({ state: 'requested' })
    expect(await endOf({ kind: 'notify_room', since }, null)).toEqual(done)
    expect(await endOf({ kind: 'notify_moderators', since, reminder: false }, null)).toEqual(done)
    expect([changes, mails(MODERATORS)]).toEqual([[`send ${ROOM}`], ['moderators_waiting']])
    const nobody = { kind: 'notify_person', moderator: 'nobody', why: 'each', since } as const
    expect(await endOf(nobody, null)).toEqual(cancelled(SAYS.unwanted))
  })

  test('of an outage, by mail or in the room, as long as it goes on, and of no other', async () => {
    const warn = (by: 'mail' | 'room', since = NOON - HOUR) =>
      endOf({ kind: 'warn_outage', by, server: 'mail', since }, null)
    await world.database.write((tx) => announceOnce(tx, 'outage homeserver', 'gone', NOON - HOUR))
    expect(await warn('mail')).toEqual(cancelled(SAYS.over))
    await world.database.write((tx) => announceOnce(tx, 'outage mail', 'gone', NOON - HOUR))
    expect(await warn('mail')).toEqual(done)
    expect([changes, mails(MODERATORS)]).toEqual([[], ['moderators_outage']])
    expect(await warn('room')).toEqual(done)
    expect([changes, mails(MODERATORS)]).toEqual([[`send ${ROOM}`], ['moderators_outage']])
    expect(said[0]).toContain('. gone. They')
    expect(await warn('mail', NOON - 2 * HOUR)).toEqual(cancelled(SAYS.over))
    expect(await warn('room', NOON - 2 * HOUR)).toEqual(cancelled(SAYS.over))
  })

  test.each(LANGUAGES)('of an outage and why in sentences of their own: %s', (locale) => {
    const text = m.room_mail_outage({ since: 'noon', reason: 'No connection', count: 2 }, { locale })
    expect(text).toMatch(/\. \u2068?No connection\u2069?\. \p{L}/u)
  })

  test('of registration that opened or closed, unless it is otherwise by now', async () => {
    const warn = (by: 'mail' | 'room', open: boolean) =>
      endOf({ kind: 'warn_opening', by, open, why: 'date', at: NOON }, null)
    expect(await warn('mail', false)).toEqual(cancelled(SAYS.changed))
    expect(await warn('room', false)).toEqual(cancelled(SAYS.changed))
    expect([changes, mails(MODERATORS)]).toEqual([[], []])
    await stands({ state: 'requested' })
    expect(await warn('mail', true)).toEqual(done)
    expect(world.mailbox.last(MODERATORS, 'moderators_opening')).toMatchObject({
      open: true,
      until: null,
      waiting: 1,
    })
    expect(changes).toEqual([])
    expect(await warn('room', true)).toEqual(done)
    expect([changes, mails(MODERATORS)]).toEqual([[`send ${ROOM}`], ['moderators_opening']])
    const opened = m.mail_opening_opened({}, { locale: 'en' })
    const counted = m.mail_opening_waiting({ count: 1 }, { locale: 'en' })
    expect(said[0]).toMatch(new RegExp(`^${opened} .*${counted} https://register.example.test/admin/intake$`))
  })

  test.each([
    ['per_day', 'waiting'],
    ['waiting', 'per_day'],
  ] as const)(
    'of registration that a limit closed, and another keeps closed, why by now: %s, then %s',
    async (first, then) => {
      await world.dispose()
      const limits = { maxPerDay: 0, maxWaiting: 1 }
      await begin({ ...withRoom, registration: { ...aConfig().registration, ...limits } })
      const settle = () => world.database.write((tx) => world.services.intake.settle(tx))
      const asks = () => stands({ state: 'requested' })
      const decided = () => world.database.write((tx) => tx.update(registrations).set({ state: 'denied' }))
      if (first === 'waiting') await asks()
      const alerts = await settle()
      expect(alerts).toMatchObject(['mail', 'room'].map((by) => ({ by, open: false, why: first })))
      world.pass(HOUR)
      await (then === 'waiting' ? asks() : decided())
      expect(await settle()).toEqual([])
      for (const alert of alerts) expect(await endOf(alert, null)).toEqual(done)
      expect(world.mailbox.last(MODERATORS, 'moderators_opening')).toMatchObject({ open: false, why: then })
      const reason = { waiting: m.mail_opening_too_many, per_day: m.mail_opening_per_day }[then]
      expect(said.at(-1)).toContain(reason({}, { locale: 'en' }))
    },
  )

  test('of registration that a limit closed, as long as that closing lasts', async () => {
    await world.dispose()
    await begin({ ...withRoom, registration: { ...aConfig().registration, maxPerDay: 0 } })
    const warn = (by: 'mail' | 'room', why: 'waiting' | 'per_day', at: number) =>
      endOf({ kind: 'warn_opening', by, open: false, why, at }, null)
    await world.database.write((tx) => world.services.intake.settle(tx))
    const at = world.now()
    world.pass(HOUR)
    expect(await warn('room', 'per_day', at)).toEqual(done)
    expect(said[0]?.startsWith(m.mail_opening_closed({}, { locale: 'en' }))).toBe(true)
    expect(await warn('mail', 'per_day', at)).toEqual(done)
    expect(world.mailbox.last(MODERATORS, 'moderators_opening').until).toBe(Date.UTC(2026, 0, 16))
    // In an earlier closing, and by hand meanwhile.
    expect(await warn('mail', 'per_day', at - 1)).toEqual(cancelled(SAYS.changed))
    await closed()
    for (const by of ['mail', 'room'] as const)
      expect(await warn(by, 'per_day', at)).toEqual(cancelled(SAYS.changed))
    expect([said.length, mails(MODERATORS).length]).toEqual([1, 1])
  })

  /** A moderator closes it for two days. */
  async function closed() {
    const message = { en: '', de: '' }
    const until = new Date(world.now() + 2 * 24 * HOUR).toISOString().slice(0, 10)
    expect(await world.services.intake.close({ message, until }, 'm1')).toMatchObject({ ok: true })
  }

  test('of rooms that accounts join before they are approved, by mail or in the room', async () => {
    const warn = (by: 'mail' | 'room') =>
      endOf({ kind: 'warn_auto_join', by, username: RIVER, rooms: ['#all:example.test'] }, null)
    expect(await warn('mail')).toEqual(done)
    expect([changes, mails(MODERATORS)]).toEqual([[], ['moderators_auto_join']])
    expect(await warn('room')).toEqual(done)
    expect([changes, mails(MODERATORS)]).toEqual([[`send ${ROOM}`], ['moderators_auto_join']])
  })

  test('the applicant, and whoever has a new account', async () => {
    const id = await stands({ state: 'requested' })
    expect(await endOf({ kind: 'mail', mail: 'requested' }, id)).toEqual(done)
    expect(mails(ADDRESS)).toEqual(['requested'])
    expect(await endOf({ kind: 'welcome' }, id)).toEqual(done)
    expect(changes).toEqual(['send !direct:example.test'])
  })

  test('in their language, and in that of the page where the email was asked for', async () => {
    const id = await stands({ state: 'requested', language: 'de' })
    expect(await endOf({ kind: 'mail', mail: 'requested' }, id)).toEqual(done)
    expect(await endOf({ kind: 'mail', mail: 'known_address', language: 'en' }, id)).toEqual(done)
    expect(world.mailbox.letters.map(({ mail, language }) => [mail.kind, language])).toEqual([
      ['requested', 'de'],
      ['known_address', 'en'],
    ])
  })

  test.each(['verified', 'requested'] as const)(
    'to complete it again, unless they have: %s',
    async (state) => {
      const again = { kind: 'mail', mail: 'known_address', language: 'en', incomplete: true } as const
      const expected = state === 'verified' ? done : { state: 'cancelled' }
      expect(await endOf(again, await stands({ state }))).toMatchObject(expected)
    },
  )

  test('who has no registration', async () => {
    const unknown = { kind: 'mail', mail: 'unknown_address', email: ADDRESS, language: 'en' } as const
    expect(await endOf(unknown, null)).toEqual(done)
    expect(mails(ADDRESS)).toEqual(['unknown_address'])
    for (const kind of ['requested', 'approved'] as const)
      expect(await endOf({ kind: 'mail', mail: kind }, null)).toEqual(cancelled(SAYS.gone))
  })

  test.each(['invitation', 'confirm_moderator'] as const)(
    'at the desk, as long as the link works: %s',
    async (mail) => {
      const job = { kind: 'mail', mail, link: 'l1', email: ADDRESS, language: 'en' } as const
      expect(await endOf(job, null)).toMatchObject({ state: 'cancelled' })
      expect(mails(ADDRESS)).toEqual([])
      await world.database.write((tx) =>
        insertModeratorToken(tx, {
          id: 'l1',
          hash: 'h',
          purpose: mail === 'invitation' ? 'invitation' : 'address',
          createdAt: 0,
          expiresAt: NOON,
        }),
      )
      expect(await endOf(job, null)).toEqual(done)
      expect(mails(ADDRESS)).toEqual([mail])
    },
  )
})
