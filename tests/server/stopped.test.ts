import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jobs } from '$lib/server/database/schema'
import type { Homeserver } from '$lib/server/homeserver/homeserver'
import { standingWords } from '../../src/routes/register/status/standing-words'
import type { SeenRequest } from '../../src/stand-in/homeserver'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import { username } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

/** What was begun is stopped as long as nobody got in: by moderators and by whoever asked for it. */
const UNDO_MS = 20_000
let world: TestWorld
type Step = 'open' | 'claim' | 'account' | 'lock' | 'fill'
/** What happens, once, directly before or after the homeserver is asked to do something. */
let between: { step: Step; when: 'before' | 'after'; then: () => Promise<unknown> } | null

function watched(real: Homeserver): Homeserver {
  const at = async (step: Step, when: 'before' | 'after') => {
    if (between?.step !== step || between.when !== when) return
    const { then } = between
    between = null
    await then()
  }
  const around =
    <A extends unknown[], R>(step: Step, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await at(step, 'before')
      const answer = await call(...args)
      await at(step, 'after')
      return answer
    }
  return {
    ...real,
    open: around('open', real.open),
    claim: around('claim', real.claim),
    account: around('account', real.account),
    lock: around('lock', real.lock),
    fill: around('fill', real.fill),
  }
}

beforeEach(async () => {
  between = null
  world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: UNDO_MS } }, watched)
})
afterEach(() => world.dispose())

const RIVER = '@river:example.test'
const form = { password: PASSWORD, reason: REASON, legal: true }
const account = () => world.homeserver.account(username('river'))
const ledger = () => world.services.accountLedger.account(username('river'))
const isOpening = ({ method, body }: SeenRequest) => method === 'PUT' && body.includes('"locked":false')
const openJobs = () =>
  world.database.read((reader) => reader.select().from(jobs).where(eq(jobs.kind, 'open_account')))
const desk = async () => (await aModerator(world.services)).api

async function live(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    world.pass(5_000)
    await world.drain()
  }
}

/** Approved, the time to take it back is over, and the homeserver is out. */
async function approvedInAnOutage() {
  const applicant = await requested(world, 'river')
  world.standIn.faults = () => 'cut'
  await decideOnly(world, applicant.view.id, 'approve')
  await live(60_000)
  expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
  return { ...applicant, id: applicant.view.id }
}

/** Approved and opened, and the answer to the opening got lost. */
async function openedUnheard() {
  const applicant = await requested(world, 'river')
  await decideOnly(world, applicant.view.id, 'approve')
  world.standIn.faults = (seen) => (isOpening(seen) ? 'lost' : undefined)
  world.pass(UNDO_MS)
  await world.drain()
  world.standIn.faults = undefined
  expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: false })
  return applicant
}

/** What takes an approval back, and what the registration is then. */
const STOPS: Record<
  string,
  (id: string, own: Awaited<ReturnType<typeof requested>>['api']) => Promise<unknown>
> = {
  denied: async (id) => decideOnly(world, id, 'deny', { message: 'Sorry' }),
  requested: async (id) => (await desk()).moderation.undo({ id }),
  withdrawn: async (_, own) => own.registration.withdraw({}),
}
const stops = Object.keys(STOPS)

describe('an approval whose account is not open yet, as the homeserver is out', () => {
  test('shows what can be done about it, to moderators and to its applicant', async () => {
    const { id, api } = await approvedInAnOutage()
    expect(await (await desk()).moderation.registration({ id })).toMatchObject({
      state: 'approved',
      actions: ['deny'],
      undoable: true,
      unopened: 'closed',
    })
    expect(await api.registration.current()).toMatchObject({ state: 'approved', account: 'filled' })
  })

  test.each(stops)('is %s, and when the homeserver is back nobody gets in', async (state) => {
    const { id, api, email } = await approvedInAnOutage()
    await STOPS[state]?.(id, api)
    world.standIn.faults = undefined
    await live(120_000)
    const view = await (await desk()).moderation.registration({ id })
    expect(view).toMatchObject({ state, unopened: null, trouble: false })
    expect(view.jobs.filter(({ state }) => state === 'waiting' || state === 'failed')).toEqual([])
    expect(await signInToMatrix(world, 'river')).toBe(state === 'requested' ? 'M_USER_LOCKED' : 'M_FORBIDDEN')
    expect(world.mailbox.kinds(email)).not.toContain('approved')
    expect((await ledger())?.state).toBe(state === 'requested' ? 'filled' : 'removed')
    if (state !== 'requested') return
    await decideOnly(world, id, 'approve')
    await live(UNDO_MS)
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('a denial of it is taken back like any other', async () => {
    const { id } = await approvedInAnOutage()
    const api = await decideOnly(world, id, 'deny')
    expect(await api.moderation.undo({ id })).toMatchObject({ state: 'requested', undoable: false })
    world.standIn.faults = undefined
    await live(120_000)
    expect(await account()).toMatchObject({ locked: true, deactivated: false })
  })

  test('who decides by what they saw before is told who was faster', async () => {
    const { view } = await requested(world, 'river')
    const { api, id: _ } = await aModerator(world.services, 'late')
    const { version } = await api.moderation.registration({ id: view.id })
    await decideOnly(world, view.id, 'approve')
    const late = { id: view.id, version, decision: 'deny', message: '', silent: false } as const
    expect(await codeOf(api.moderation.decide(late))).toBe('already_decided')
  })

  test('once it is open, nothing of that is possible any more', async () => {
    const { id, api } = await approvedInAnOutage()
    world.standIn.faults = undefined
    await live(120_000)
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(await codeOf((await desk()).moderation.undo({ id }))).toBe('undo_too_late')
    expect(await codeOf(decideOnly(world, id, 'deny'))).toBe('already_decided')
    expect(await codeOf(api.registration.withdraw({}))).toBe('wrong_state')
  })
})

test('an approval without notice promises no email', async () => {
  const { view, api, email } = await requested(world, 'river')
  world.standIn.faults = () => 'cut'
  await decideOnly(world, view.id, 'approve', { silent: true })
  await live(60_000)
  const own = await api.registration.current()
  expect(own).toMatchObject({ state: 'approved', opening: 'delayed' })
  if (own !== null) expect(standingWords(own).words.join(' ')).not.toContain('email')
  world.standIn.faults = undefined
  await live(120_000)
  expect(await api.registration.current()).toMatchObject({ state: 'completed' })
  expect(world.mailbox.kinds(email)).not.toContain('approved')
})

test('who withdraws is not told that others can have the username, which they cannot before its account is removed', async () => {
  const { api } = await approvedInAnOutage()
  const isFree = async () =>
    (await aBrowser(world.services).api.registration.checkUsername({ username: 'river' })).ok
  const own = await api.registration.withdraw({})
  await live(60_000)
  expect(await isFree()).toBe(false)
  const told = standingWords(own).words.join(' ')
  expect(told).not.toMatch(/available|others/)
  expect(told).toContain(`${RIVER} is no longer reserved for you.`)
  world.standIn.faults = undefined
  await live(120_000)
  expect(await isFree()).toBe(true)
})

describe('the answer to the opening', () => {
  test.each(stops)('got lost: %s, it is locked again at once, and the trail says so', async (state) => {
    const { view: own, api, email } = await openedUnheard()
    expect(await (await desk()).moderation.registration({ id: own.id })).toMatchObject({
      unopened: 'may_be_open',
    })
    await STOPS[state]?.(own.id, api)
    await world.drain()
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
    await live(60_000)
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
    expect(world.mailbox.kinds(email)).not.toContain('approved')
    const view = await (await desk()).moderation.registration({ id: own.id })
    expect(view).toMatchObject({ state })
    if (state !== 'withdrawn') expect(view.events.map(({ kind }) => kind)).toContain('account_closed')
    expect((await ledger())?.state).toBe(state === 'requested' ? 'filled' : 'removed')
    expect(await (await desk()).moderation.doubts()).toEqual([])
  })

  test.each(stops.flatMap((state) => (['before', 'after'] as const).map((when) => [when, state] as const)))(
    'comes, and directly %s it was %s: it is closed again',
    async (when, state) => {
      const { view: own, api, email } = await requested(world, 'river')
      await decideOnly(world, own.id, 'approve')
      between = { step: 'open', when, then: async () => STOPS[state]?.(own.id, api) }
      await live(60_000)
      expect(between).toBeNull()
      expect((await (await desk()).moderation.registration({ id: own.id })).state).toBe(state)
      expect(await signInToMatrix(world, 'river')).not.toBe('in')
      expect(world.mailbox.kinds(email)).not.toContain('approved')
      expect((await ledger())?.state).toBe(state === 'requested' ? 'filled' : 'removed')
      expect(await account()).toMatchObject({ deactivated: state !== 'requested', locked: true })
    },
  )

  test.each(stops)('got lost after it was %s: it is locked again without waiting', async (state) => {
    const { view: own, api } = await requested(world, 'river')
    await decideOnly(world, own.id, 'approve')
    between = { step: 'open', when: 'before', then: async () => STOPS[state]?.(own.id, api) }
    world.standIn.faults = (seen) => (isOpening(seen) ? 'lost' : undefined)
    world.pass(UNDO_MS)
    await world.drain()
    expect(between).toBeNull()
    world.standIn.faults = undefined
    await world.drain()
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
    await live(60_000)
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
    expect((await ledger())?.state).toBe(state === 'requested' ? 'filled' : 'removed')
  })

  test('got lost after it was undone: approved again, it opens once that cannot be undone any more', async () => {
    const { view: own, email } = await requested(world, 'river')
    await decideOnly(world, own.id, 'approve')
    const again = async () => {
      await (await desk()).moderation.undo({ id: own.id })
      await decideOnly(world, own.id, 'approve')
    }
    between = { step: 'open', when: 'before', then: again }
    world.standIn.faults = (seen) => (isOpening(seen) ? 'cut' : undefined)
    world.pass(UNDO_MS)
    await world.drain()
    expect(between).toBeNull()
    world.standIn.faults = undefined
    world.pass(UNDO_MS - 5_000)
    await world.drain()
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
    world.pass(10_000)
    await world.drain()
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(world.mailbox.kinds(email).filter((kind) => kind === 'approved')).toEqual(['approved'])
  })

  test('never came, as the program ended while it was undone: approved again, it opens no sooner', async () => {
    const { view: own } = await requested(world, 'river')
    await decideOnly(world, own.id, 'approve')
    const again = async () => {
      await (await desk()).moderation.undo({ id: own.id })
      await decideOnly(world, own.id, 'approve')
      throw new Error('The program ends here')
    }
    between = { step: 'open', when: 'before', then: again }
    world.pass(UNDO_MS)
    const stored = await openJobs()
    await world.drain()
    expect(between).toBeNull()
    // As kill -9 leaves it: it runs, under a lease that nobody renews.
    const [{ finishedAt = null } = {}] = await openJobs()
    expect(finishedAt).not.toBeNull()
    await world.database.write((tx) =>
      tx
        .update(jobs)
        .set({ state: 'running', leaseOwner: 'gone', leaseUntil: world.now() - 1, error: null })
        .where(eq(jobs.id, stored[0]?.id ?? '')),
    )
    world.pass(UNDO_MS - 5_000)
    await world.drain()
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
    world.pass(10_000)
    await world.drain()
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('got lost, and its applicant was in: approved again, it is still theirs', async () => {
    const { view: own } = await openedUnheard()
    expect(await signInToMatrix(world, 'river')).toBe('in')
    await (await desk()).moderation.undo({ id: own.id })
    await world.drain()
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
    await decideOnly(world, own.id, 'approve')
    await live(60_000)
    expect(await (await desk()).moderation.doubts()).toEqual([])
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test.each(stops)('is not asked for where it was %s while the account was looked at', async (state) => {
    const { view: own, api } = await requested(world, 'river')
    await decideOnly(world, own.id, 'approve')
    between = { step: 'account', when: 'after', then: async () => STOPS[state]?.(own.id, api) }
    let asked = 0
    world.standIn.faults = (seen) => void (asked += isOpening(seen) ? 1 : 0)
    await live(60_000)
    expect(between).toBeNull()
    expect(asked).toBe(0)
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
  })

  test('got lost, and its applicant was in: it is locked and removed, and nobody else is given the name', async () => {
    const { view: own } = await openedUnheard()
    expect(await signInToMatrix(world, 'river')).toBe('in')
    await decideOnly(world, own.id, 'deny')
    await live(60_000)
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
    expect(await account()).toMatchObject({ deactivated: true })
    expect(await ledger()).toMatchObject({ state: 'removed', openedAt: expect.any(Number) as number })
    expect(
      await aBrowser(world.services).api.registration.checkUsername({ username: 'river' }),
    ).toMatchObject({
      refusal: { code: 'username_taken' },
    })
  })

  test('got lost, and it has somebody else’s marks by then: it is left to a moderator', async () => {
    const { view: own } = await openedUnheard()
    await asAdmin(world, 'PUT', RIVER, { external_ids: [{ auth_provider: 'oidc', external_id: 'x' }] })
    await decideOnly(world, own.id, 'deny')
    await live(60_000)
    expect(await account()).toMatchObject({ deactivated: false, locked: false })
    expect(await (await desk()).moderation.doubts()).toMatchObject([{ username: 'river' }])
  })
})

describe('what is stopped before it is told', () => {
  test.each(['approve', 'deny'] as const)(
    'a decision that rests (%s): whoever asked takes it back, and never hears of it',
    async (decision) => {
      const { view, api, email } = await requested(world, 'river')
      await decideOnly(world, view.id, decision, { message: 'Words' })
      expect(await api.registration.current()).toMatchObject({ state: 'requested' })
      expect(await api.registration.withdraw({})).toMatchObject({ state: 'withdrawn', message: null })
      await live(60_000)
      expect(world.mailbox.kinds(email)).toEqual(['verification', 'requested'])
      expect(await account()).toMatchObject({ deactivated: true })
      expect(await codeOf((await desk()).moderation.undo({ id: view.id }))).toBe('wrong_state')
    },
  )
})

describe('a password that comes after the approval', () => {
  beforeEach(async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } })
  })

  test.each(['denied', 'withdrawn'])('is not taken any more once it is %s', async (state) => {
    const { view, api, email } = await requested(world, 'river')
    await decideOn(world, view.id, 'approve')
    expect(await (await desk()).moderation.registration({ id: view.id })).toMatchObject({
      actions: ['deny'],
      undoable: false,
    })
    const { link } = world.mailbox.last(email, 'set_password')
    await STOPS[state]?.(view.id, api)
    await world.drain()
    const phone = aBrowser(world.services)
    await phone.api.registration.resume({ token: tokenIn(link) })
    expect(await phone.api.registration.current()).toMatchObject({ state, awaitsPassword: false })
    expect(await codeOf(phone.api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
    expect(await account()).toBeNull()
  })

  test('that came half-way is made complete after a denial was taken back', async () => {
    await world.dispose()
    world = await aWorld({
      registration: { ...aConfig().registration, password: 'after_approval' },
      moderation: { ...aConfig().moderation, undoMs: UNDO_MS },
    })
    const { view, api } = await requested(world, 'river')
    await decideOnly(world, view.id, 'approve')
    await live(UNDO_MS)
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('password') ? 'cut' : undefined
    expect(await codeOf(api.registration.setPassword({ password: PASSWORD }))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    expect(await ledger()).toMatchObject({ state: 'locked' })
    await (await decideOnly(world, view.id, 'deny')).moderation.undo({ id: view.id })
    await decideOnly(world, view.id, 'approve')
    await live(UNDO_MS)
    await api.registration.setPassword({ password: PASSWORD })
    await live(60_000)
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })
})

describe('an unverified account that one moderator adopts and another one leaves to its owner', () => {
  test.each(['account', 'lock'] as const)(
    'directly before the step "%s": it is left, as it was',
    async (step) => {
      await requested(world, 'river')
      const { recordAccount } = world.services.accountLedger
      await recordAccount(null, { localpart: username('river'), state: 'doubtful', registrationId: null }, [])
      await asAdmin(world, 'PUT', RIVER, { locked: false })
      const settle = async (verdict: 'adopt' | 'leave') =>
        codeOf((await desk()).moderation.settleDoubt({ username: username('river'), verdict }))
      const left: string[] = []
      between = { step, when: 'before', then: async () => void left.push(await settle('leave')) }
      expect(await settle('adopt')).toBe('not_found')
      expect(left).toEqual(['done'])
      expect(await ledger()).toBeNull()
      await live(60_000)
      expect(await account()).toMatchObject({ locked: false, deactivated: false })
    },
  )
})

test.each(['account', 'lock'] as const)(
  'an unverified account that two moderators adopt, directly before the step "%s", is removed once',
  async (step) => {
    await requested(world, 'river')
    const { recordAccount } = world.services.accountLedger
    await recordAccount(null, { localpart: username('river'), state: 'doubtful', registrationId: null }, [])
    await asAdmin(world, 'PUT', RIVER, { locked: false })
    const adopt = async () =>
      codeOf((await desk()).moderation.settleDoubt({ username: username('river'), verdict: 'adopt' }))
    const first: string[] = []
    between = { step, when: 'before', then: async () => void first.push(await adopt()) }
    expect(await adopt()).toBe('not_found')
    expect(first).toEqual(['done'])
    await live(60_000)
    expect((await ledger())?.state).toBe('removed')
    expect(await account()).toMatchObject({ deactivated: true })
    expect(await (await desk()).moderation.doubts()).toEqual([])
  },
)

describe('taken back while the account is made', () => {
  const STEPS = (['claim', 'account', 'lock', 'fill'] as const).flatMap((step) =>
    (['before', 'after'] as const).map((when) => [when, step] as const),
  )

  test.each(STEPS)('directly %s the step "%s": nothing is left of it within seconds', async (when, step) => {
    const { api } = await verified(world, 'river')
    // What the withdrawal itself asks for is done before the account is all there.
    const withdraw = () => api.registration.withdraw({}).then(() => world.drain())
    between = { step, when, then: withdraw }
    // What was removed already cannot be given a password.
    expect(await codeOf(api.registration.request(form))).toMatch(/^(wrong_state|homeserver_refuses)$/)
    expect(between).toBeNull()
    await live(10_000)
    expect((await account())?.deactivated ?? true).toBe(true)
    expect([undefined, 'removed']).toContain((await ledger())?.state)
    const other = await requested(world, 'river', 'other@mail.test')
    expect(other.view).toMatchObject({ state: 'requested', holdsName: true })
  })

  test('and somebody else takes the name before it is recorded: theirs is not taken for the first one', async () => {
    const first = await verified(world, 'river')
    const isReviving = ({ method, body }: SeenRequest) =>
      method === 'PUT' && body.includes('"deactivated":false')
    const takeOver = async () => {
      await first.api.registration.withdraw({})
      await world.drain()
      second.push(await verified(world, 'river', 'other@mail.test'))
      world.standIn.faults = (seen) => (isReviving(seen) ? 'cut' : undefined)
      expect(await codes()).toEqual(['homeserver_unavailable'])
      world.standIn.faults = undefined
    }
    const second: Awaited<ReturnType<typeof verified>>[] = []
    const codes = () => Promise.all(second.map(({ api }) => codeOf(api.registration.request(form))))
    between = { step: 'fill', when: 'after', then: takeOver }
    expect(await codeOf(first.api.registration.request(form))).toBe('wrong_state')
    expect(await ledger()).toMatchObject({ state: 'reviving' })
    expect(await codes()).toEqual(['done'])
    expect(await (await desk()).moderation.doubts()).toEqual([])
  })

  test('and the answer to the claim got lost: a moderator sees what came of it', async () => {
    const { api } = await verified(world, 'river')
    between = { step: 'claim', when: 'before', then: () => api.registration.withdraw({}) }
    world.standIn.faults = ({ method, body }) => (method === 'PUT' && body === '{}' ? 'lost' : undefined)
    expect(await codeOf(api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    await live(120_000)
    expect(await (await desk()).moderation.doubts()).toMatchObject([{ username: 'river' }])
  })

  test('a password that is set meanwhile opens nothing', async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } }, watched)
    const { view, api } = await requested(world, 'river')
    await decideOn(world, view.id, 'approve')
    between = { step: 'fill', when: 'after', then: () => decideOnly(world, view.id, 'deny') }
    expect(await codeOf(api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
    await live(10_000)
    expect(await signInToMatrix(world, 'river')).toBe('M_FORBIDDEN')
    expect(await ledger()).toMatchObject({ state: 'removed' })
  })
})

describe('an unlocking that takes effect after we stopped waiting for its answer', () => {
  /** What the homeserver does late, as if nothing had happened since. */
  const unlockLate = () => {
    const user = world.standIn.users.get(RIVER)
    if (user === undefined) throw new Error('No account')
    user.locked = false
  }

  /** Approved, and the unlocking got no answer before it took effect. */
  async function openingUnheard() {
    const applicant = await requested(world, 'river')
    await decideOnly(world, applicant.view.id, 'approve')
    world.standIn.faults = (seen) => (isOpening(seen) ? 'cut' : undefined)
    world.pass(UNDO_MS)
    await world.drain()
    world.standIn.faults = undefined
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: true })
    return applicant
  }

  test.each(stops.flatMap((state) => [0, 10_000, 30_000, 60_000, 85_000].map((ms) => [state, ms] as const)))(
    'it was %s, and %i ms after that it is unlocked: it is locked again, and in no doubt',
    async (state, ms) => {
      const { view: own, api } = await openingUnheard()
      await STOPS[state]?.(own.id, api)
      await world.drain()
      await live(ms)
      unlockLate()
      await live(10_000)
      expect(await signInToMatrix(world, 'river')).not.toBe('in')
      await live(120_000)
      expect(await (await desk()).moderation.doubts()).toEqual([])
      expect(await ledger()).toMatchObject({
        state: state === 'requested' ? 'filled' : 'removed',
        openedAt: null,
      })
      const { jobs: all } = await (await desk()).moderation.registration({ id: own.id })
      expect(all.filter(({ state: end }) => end === 'waiting' || end === 'failed')).toEqual([])
    },
  )

  test('what somebody else unlocks after that time is left to a moderator', async () => {
    const { view: own } = await openingUnheard()
    await (await desk()).moderation.undo({ id: own.id })
    await live(120_000)
    unlockLate()
    await decideOnly(world, own.id, 'deny')
    await live(60_000)
    expect(await (await desk()).moderation.doubts()).toMatchObject([{ username: 'river' }])
  })

  test('approved again, it opens as soon as that cannot be undone any more', async () => {
    const { view: own } = await openingUnheard()
    await (await desk()).moderation.undo({ id: own.id })
    await live(5_000)
    await decideOnly(world, own.id, 'approve')
    await live(UNDO_MS - 5_000)
    unlockLate()
    await live(0)
    await live(15_000)
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(await (await desk()).moderation.registration({ id: own.id })).toMatchObject({ state: 'completed' })
    expect(await (await desk()).moderation.doubts()).toEqual([])
  })

  test('the next applicant gets the account once it cannot happen any more', async () => {
    const { api } = await openingUnheard()
    await api.registration.withdraw({})
    await live(10_000)
    expect(await ledger()).toMatchObject({ state: 'removed' })
    const next = await verified(world, 'river', 'next@mail.test')
    expect(await codeOf(next.api.registration.request(form))).toBe('homeserver_unavailable')
    expect(await ledger()).toMatchObject({ state: 'removed' })
    unlockLate()
    await live(90_000)
    expect(await codeOf(next.api.registration.request(form))).toBe('done')
    expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
  })
})
