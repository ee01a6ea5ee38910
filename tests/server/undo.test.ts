import { LibsqlError } from '@libsql/client'
import { TRPCError } from '@trpc/server'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PASSWORD_MODES, type State } from '$lib/registration/state'
import { insertRegistration } from '$lib/server/database/registrations'
import { MailError, type Mail } from '$lib/server/mail/mail'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { codeOf } from '../support/code-of'
import { decideOnly } from '../support/decide'
import { aRegistration, email as emailOf, username } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  verified,
  type TestWorld,
} from '../support/world'

const UNDO_MS = 20_000
let world: TestWorld
beforeEach(async () => {
  world = await aWorld({ moderation: { ...aConfig().moderation, undoMs: UNDO_MS, probation: true } })
})
afterEach(() => world.dispose())

const kinds = (address: string) => world.mailbox.kinds(address)

describe('what was put off, and falls due while a decision rests', () => {
  const putOff = new MailError('Greylisted (451)', { permanent: false, blame: 'us', lasting: false })
  /** Puts off the first email of a kind, whose next try is before the decision after it stands. */
  function putOffFirst(kind: Mail['kind']): void {
    const { send } = world.mailbox
    let isFirst = true
    world.mailbox.send = (letter) => {
      if (letter.mail.kind !== kind || !isFirst) return send.call(world.mailbox, letter)
      isFirst = false
      return Promise.reject(putOff)
    }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      world.pass(1000)
      await world.drain()
    }
  }

  async function about(kind: 'requested' | 'approved' | 'denied') {
    if (kind === 'requested') putOffFirst(kind)
    const applicant = await requested(world, 'river')
    if (kind === 'requested') return { ...applicant, decision: 'approve' as const }
    putOffFirst(kind)
    await decideOnly(world, applicant.view.id, kind === 'approved' ? 'probation' : 'deny')
    world.pass(UNDO_MS)
    await world.drain()
    return { ...applicant, decision: kind === 'approved' ? ('deny' as const) : ('reopen' as const) }
  }

  describe.each(['requested', 'approved', 'denied'] as const)('%s', (kind) => {
    async function decided() {
      const { view, email, decision } = await about(kind)
      expect(kinds(email)).not.toContain(kind)
      const { api } = await aModerator(world.services)
      const { id } = view
      const { version } = await api.moderation.registration({ id })
      if (decision === 'reopen') await api.conversation.reopen({ id, version, message: '' })
      else await api.moderation.decide({ id, version, decision, message: '', silent: false })
      await pass(UNDO_MS - 2000)
      expect(kinds(email)).not.toContain(kind)
      return { id, email, api }
    }
    const jobOf = async ({ id, api }: Awaited<ReturnType<typeof decided>>) =>
      (await api.moderation.registration({ id })).jobs.find((job) => job.about === kind)

    test('is sent where that is undone', async () => {
      const its = await decided()
      expect(await jobOf(its)).toMatchObject({ state: 'waiting', attempts: 0, error: null })
      await its.api.moderation.undo({ id: its.id })
      await pass(5000)
      expect(kinds(its.email).filter((sent) => sent === kind)).toHaveLength(1)
      expect(await jobOf(its)).toMatchObject({ state: 'done' })
    })

    test('is not sent where that stands', async () => {
      const its = await decided()
      await pass(60_000)
      expect(kinds(its.email)).not.toContain(kind)
      expect(await jobOf(its)).toMatchObject({ state: 'cancelled' })
    })
  })

  test('colleagues hear of a request whose decision is undone, if they did not before, and of no other', async () => {
    const MODERATORS = 'moderators@example.test'
    const told = () => kinds(MODERATORS).filter((kind) => kind === 'moderators_waiting').length
    const { api: first } = await verified(world, 'river')
    await requested(world, 'stone')
    expect(told()).toBe(1)
    world.pass(1000)
    const { id } = await first.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    const { api } = await aModerator(world.services)
    await world.drain()
    world.pass(59_000 - UNDO_MS / 2)
    await decideOnly(world, id, 'deny')
    await pass(UNDO_MS - 1000)
    expect(told()).toBe(1)
    await api.moderation.undo({ id })
    await pass(2000)
    expect(told()).toBe(2)
    await decideOnly(world, id, 'deny')
    world.pass(1000)
    await api.moderation.undo({ id })
    await pass(2 * 60_000)
    expect(told()).toBe(2)
  })

  const ANSWERS: [when: string, answeredAfter: number, deniedAfter: number][] = [
    ['while the decision rests', 61_000, 60_000],
    ['before the decision, and not told yet', 1000, 59_000 - UNDO_MS / 2],
  ]
  test.each(ANSWERS)(
    'colleagues hear of an answer given %s, once that is undone',
    async (_, answeredAfter, deniedAfter) => {
      const told = () =>
        kinds('moderators@example.test').filter((kind) => kind === 'moderators_waiting').length
      const { view, api: applicant } = await requested(world, 'river')
      const { id } = view
      const { api } = await aModerator(world.services)
      await api.conversation.ask({ id, text: 'Whom do you know?' })
      const denied = { at: deniedAfter, act: () => decideOnly(world, id, 'deny') }
      const answered = {
        at: answeredAfter,
        act: () => applicant.registration.answer({ text: 'My sister' }),
      }
      let passed = 0
      for (const { at, act } of [denied, answered].sort((one, other) => one.at - other.at)) {
        await pass(at - passed)
        passed = at
        await act()
      }
      await pass(UNDO_MS - 2000)
      expect(told()).toBe(1)
      await api.moderation.undo({ id })
      await pass(2000)
      expect(told()).toBe(2)
      await decideOnly(world, id, 'deny')
      await pass(1000)
      await api.moderation.undo({ id })
      await pass(2 * 60_000)
      expect(told()).toBe(2)
    },
  )
})

describe('whoever asks for their link while a denial rests', () => {
  test('reads what the status page says, at once, and does not hinder that it is undone', async () => {
    const { view, email } = await requested(world, 'river')
    const api = await decideOnly(world, view.id, 'deny')
    const visitor = aBrowser(world.services).api.registration
    await visitor.sendLink({ email })
    await world.drain()
    expect(world.mailbox.last(email, 'known_address')).toMatchObject({ stage: 'requested' })
    await visitor.start({ username: 'rivers', email })
    await world.drain()
    expect(kinds(email).filter((kind) => kind === 'known_address')).toHaveLength(2)
    expect(kinds(email)).not.toContain('unknown_address')
    await api.moderation.undo({ id: view.id })
    expect(await api.moderation.registration({ id: view.id })).toMatchObject({ state: 'requested' })
  })

  test('is told that nobody knows the address once it stands', async () => {
    const { view, email } = await requested(world, 'river')
    await decideOnly(world, view.id, 'deny')
    world.pass(UNDO_MS)
    await world.drain()
    await aBrowser(world.services).api.registration.sendLink({ email })
    await world.drain()
    expect(kinds(email)).toContain('unknown_address')
    expect(kinds(email)).not.toContain('known_address')
  })

  const ASKING: [how: string, ask: (email: string) => Promise<unknown>][] = [
    ['asks for their link', (email) => aBrowser(world.services).api.registration.sendLink({ email })],
    [
      'starts again',
      async (email) =>
        aBrowser(world.services).api.registration.start({
          username: 'rivers',
          email,
          proof: await aForm(world),
        }),
    ],
  ]
  test.each(ASKING)('gets that email also if it goes out only then: who %s', async (_, ask) => {
    const { view, email } = await requested(world, 'river')
    await decideOnly(world, view.id, 'deny', { silent: true })
    const before = kinds(email)
    await ask(email)
    world.pass(UNDO_MS)
    await world.drain()
    expect(kinds(email)).toEqual([...before, 'unknown_address'])
  })

  test('or the reversal of a denial, gets an email whatever becomes of that', async () => {
    const { view, email } = await requested(world, 'river')
    const { id } = view
    const api = await decideOnly(world, id, 'deny', { silent: true })
    world.pass(UNDO_MS)
    await world.drain()
    const before = kinds(email)
    const { version } = await api.moderation.registration({ id })
    await api.conversation.reopen({ id, version, message: '' })
    await aBrowser(world.services).api.registration.sendLink({ email })
    await world.drain()
    expect(kinds(email)).toEqual(before)
    await api.moderation.undo({ id })
    world.pass(UNDO_MS)
    await world.drain()
    expect(kinds(email)).toEqual([...before, 'unknown_address'])
  })
})

describe('a decision rests', () => {
  test.each(['approve', 'deny'] as const)(
    'and until then nothing of it is done or told: %s',
    async (decision) => {
      const applicant = await requested(world, 'river')
      const api = await decideOnly(world, applicant.view.id, decision)
      world.pass(UNDO_MS - 1)
      await world.drain()
      expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
      expect(kinds(applicant.email)).toEqual(['verification', 'requested'])
      expect(await applicant.api.registration.current()).toMatchObject({ state: 'requested', message: null })
      expect((await api.moderation.registration({ id: applicant.view.id })).undoUntil).toBe(world.now() + 1)

      world.pass(1)
      await world.drain()
      expect(await signInToMatrix(world, 'river')).toBe(decision === 'approve' ? 'in' : 'M_FORBIDDEN')
      expect(kinds(applicant.email)).toContain(decision === 'approve' ? 'approved' : 'denied')
    },
  )

  test('and one click takes it back: it waits again since it was made, and nothing ever happens of it', async () => {
    const applicant = await requested(world, 'river')
    const { id } = applicant.view
    world.pass(60_000)
    const api = await decideOnly(world, id, 'deny', { message: 'No' })
    await api.moderation.undo({ id })
    world.pass(60 * 60_000)
    await world.drain()
    const view = await api.moderation.registration({ id })
    expect(view).toMatchObject({
      state: 'requested',
      message: null,
      decidedBy: null,
      stateSince: applicant.view.reachedAt,
    })
    expect(view.actions).toEqual(['approve', 'deny'])
    expect(view.events.map(({ kind }) => kind)).toContain('undone')
    expect(kinds(applicant.email)).toEqual(['verification', 'requested'])
    expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
    await decideOnly(world, id, 'approve')
    world.pass(UNDO_MS)
    await world.drain()
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('and who made it is shown what can still be undone, the latest first', async () => {
    const { api } = await aModerator(world.services)
    const river = await requested(world, 'river')
    const stone = await requested(world, 'stone')
    for (const { view } of [river, stone]) {
      const { version } = await api.moderation.registration({ id: view.id })
      await api.moderation.decide({ id: view.id, version, decision: 'deny', message: '', silent: false })
      world.pass(1000)
    }
    const pending = async () => (await api.moderation.pending()).map(({ id, leftMs }) => [id, leftMs])
    expect(await pending()).toEqual([
      [stone.view.id, UNDO_MS - 1000],
      [river.view.id, UNDO_MS - 2000],
    ])
    const colleague = await aModerator(world.services, 'colleague')
    expect(await colleague.api.moderation.pending()).toEqual([])
    await colleague.api.moderation.undo({ id: stone.view.id })
    expect((await colleague.api.moderation.registration({ id: stone.view.id })).events.at(-1)).toMatchObject({
      kind: 'undone',
      moderator: 'colleague',
    })
    expect(await pending()).toEqual([[river.view.id, UNDO_MS - 2000]])
    // Decided while the clock was a day ahead: its jobs run.
    world.pass(-24 * 60 * 60_000)
    expect(await pending()).toEqual([])
    world.pass(UNDO_MS - 2000)
    expect(await pending()).toEqual([])
  })

  test('and is refused too late, twice, of nobody, and by who is not signed in', async () => {
    const { view } = await requested(world, 'river')
    const api = await decideOnly(world, view.id, 'approve')
    expect(await codeOf(aBrowser(world.services).api.moderation.undo({ id: view.id }))).toBe('not_signed_in')
    expect(await codeOf(api.moderation.undo({ id: 'nobody' }))).toBe('not_found')
    world.pass(UNDO_MS)
    await world.drain()
    expect(await codeOf(api.moderation.undo({ id: view.id }))).toBe('undo_too_late')
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('and undoing it once more, as in another tab, says that the request waits', async () => {
    const { view, api: applicant } = await requested(world, 'river')
    const api = await decideOnly(world, view.id, 'approve')
    await api.moderation.undo({ id: view.id })
    const { version } = await api.moderation.registration({ id: view.id })
    expect(await codeOf(api.moderation.undo({ id: view.id }))).toBe('wrong_state')
    expect(await api.moderation.undoMany({ ids: [view.id] })).toEqual([
      { id: view.id, refusal: { code: 'wrong_state', state: 'requested', account: 'filled' } },
    ])
    expect(await api.moderation.registration({ id: view.id })).toMatchObject({ state: 'requested', version })
    await applicant.registration.withdraw({})
    expect(await codeOf(api.moderation.undo({ id: view.id }))).toBe('wrong_state')
  })

  test('and stands where a job of it began before its time, whatever the clock says', async () => {
    const { view } = await requested(world, 'river')
    const api = await decideOnly(world, view.id, 'approve')
    const [job] = (await api.moderation.registration({ id: view.id })).jobs.filter(
      ({ kind }) => kind === 'open_account',
    )
    await api.moderation.retryJob({ job: job?.id ?? '' })
    await world.drain()
    expect(await codeOf(api.moderation.undo({ id: view.id }))).toBe('undo_too_late')
  })

  test('and stands where somebody else has the address by now', async () => {
    const { view, email } = await requested(world, 'river')
    const api = await decideOnly(world, view.id, 'deny')
    const another = aRegistration({ id: 'another', username: username('brook'), email: emailOf(email) })
    await world.database.write((tx) => insertRegistration(tx, another))
    expect(await codeOf(api.moderation.undo({ id: view.id }))).toBe('address_taken')
  })
})

describe('several at once', () => {
  test('each is a decision of its own, and what was decided already says by whom', async () => {
    const [one, two, three] = [
      await requested(world, 'one'),
      await requested(world, 'two'),
      await requested(world, 'three'),
    ]
    const ada = await aModerator(world.services, 'ada')
    const items = await Promise.all(
      [one, two, three].map(async ({ view }) => ({
        id: view.id,
        version: (await ada.api.moderation.registration({ id: view.id })).version,
      })),
    )
    const bob = await aModerator(world.services, 'bob')
    await bob.api.moderation.decide({
      ...(items[1] ?? { id: '', version: 0 }),
      decision: 'approve',
      message: '',
      silent: false,
    })
    const results = await ada.api.moderation.decideMany({
      items: [...items, { id: 'nobody', version: 1 }],
      decision: 'deny',
      message: 'All full',
      silent: false,
      category: 'spam',
    })
    expect(results.map(({ refusal }) => refusal?.code ?? null)).toEqual([
      null,
      'already_decided',
      null,
      'not_found',
    ])
    expect(results[1]?.refusal).toMatchObject({ by: 'bob' })
    const denied = await ada.api.moderation.registration({ id: one.view.id })
    expect(denied).toMatchObject({ state: 'denied', message: 'All full', category: 'spam', decidedBy: 'ada' })
    expect(denied.events.filter(({ kind }) => kind === 'denied')).toHaveLength(1)

    const undone = await ada.api.moderation.undoMany({ ids: [one.view.id, three.view.id] })
    expect(undone.map(({ refusal }) => refusal)).toEqual([null, null])
    expect((await ada.api.moderation.registration({ id: one.view.id })).state).toBe('requested')
  })

  test('what an outage ends early says what was done before it, and leaves the rest as it was', async () => {
    const people = []
    for (const name of ['one', 'two', 'three']) people.push(await requested(world, name))
    const ada = await aModerator(world.services, 'ada')
    const items = await Promise.all(
      people.map(async ({ view: { id } }) => ({
        id,
        version: (await ada.api.moderation.registration({ id })).version,
      })),
    )
    const ids = items.map(({ id }) => id)
    const busy = new LibsqlError('the database is locked', 'SQLITE_BUSY')
    const decide = () =>
      ada.api.moderation.decideMany({ items, decision: 'deny', message: '', silent: false, category: null })
    const states = () =>
      Promise.all(ids.map(async (id) => (await ada.api.moderation.registration({ id })).state))
    const { registrar } = world.services
    const [act, undo] = [registrar.act, registrar.undo]

    vi.spyOn(registrar, 'act').mockRejectedValueOnce(busy)
    expect(await codeOf(decide())).toBe('database_unavailable')
    expect(await states()).toEqual(['requested', 'requested', 'requested'])

    vi.spyOn(registrar, 'act').mockImplementationOnce(act).mockRejectedValueOnce(busy)
    expect(await decide()).toEqual([
      { id: ids[0], refusal: null },
      { id: ids[1], refusal: { code: 'database_unavailable' } },
    ])
    expect(await states()).toEqual(['denied', 'requested', 'requested'])

    await decide()
    vi.spyOn(registrar, 'undo').mockImplementationOnce(undo).mockRejectedValueOnce(busy)
    expect((await ada.api.moderation.undoMany({ ids })).map(({ refusal }) => refusal?.code ?? null)).toEqual([
      null,
      'database_unavailable',
    ])
    expect(await states()).toEqual(['requested', 'denied', 'denied'])
  })

  test('undoing them all leaves alone what a colleague decided', async () => {
    const people = [await requested(world, 'one'), await requested(world, 'two')]
    const ids = people.map(({ view }) => view.id)
    const decided = await decideOnly(world, ids[0] ?? '', 'deny')
    const { decidedBy } = await decided.moderation.registration({ id: ids[0] ?? '' })
    const { api } = await aModerator(world.services, 'bob')
    const { version } = await api.moderation.registration({ id: ids[1] ?? '' })
    const item = { id: ids[1] ?? '', version }
    await api.moderation.decideMany({ items: [item], decision: 'deny', message: '', silent: false })
    const undone = await api.moderation.undoMany({ ids })
    expect(undone.map(({ refusal }) => refusal)).toEqual([
      expect.objectContaining({ code: 'already_decided', by: decidedBy }),
      null,
    ])
    expect((await api.moderation.registration({ id: ids[0] ?? '' })).state).toBe('denied')
  })

  test('a category that the operator did not name is refused, and nothing is changed', async () => {
    const { view } = await requested(world, 'river')
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id: view.id })
    const verdict = { decision: 'deny', message: '', silent: false, category: 'made up' } as const
    expect(await codeOf(api.moderation.decideMany({ items: [{ id: view.id, version }], ...verdict }))).toBe(
      'category_unknown',
    )
    expect(await codeOf(api.moderation.decide({ id: view.id, version, ...verdict }))).toBe('category_unknown')
    expect((await api.moderation.registration({ id: view.id })).state).toBe('requested')
  })
})

describe('who looks at what', () => {
  test('colleagues are told, not oneself, and not for ever', async () => {
    const { view } = await requested(world, 'river')
    const [ada, bob] = [await aModerator(world.services, 'ada'), await aModerator(world.services, 'bob')]
    const looking = async ({ api }: typeof ada) =>
      (await api.moderation.queue({ tab: 'waiting' })).items[0]?.looking
    await ada.api.moderation.look({ id: view.id })
    expect([await looking(bob), await looking(ada)]).toEqual([['ada'], []])
    await ada.api.moderation.look({ id: null })
    expect(await looking(bob)).toEqual([])
    await ada.api.moderation.look({ id: view.id })
    await ada.api.moderation.look({ id: 'nobody' })
    world.pass(41_000)
    expect(await looking(bob)).toEqual([])
  })

  test('the desk hears of what another process did, and of nothing twice', async () => {
    // It looks by itself every second as well, which is when nobody here waits for it.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { live } = world.services
    let heard = 0
    const unlisten = live.listen('nobody', () => heard++)
    await live.poll()
    await live.poll()
    expect(heard).toBe(0)
    const other = world.another()
    const { view } = await requested({ ...world, services: other }, 'river')
    await live.poll()
    expect(heard).toBe(1)
    await live.poll()
    expect(heard).toBe(1)
    const ada = await aModerator(other)
    await ada.api.moderation.look({ id: view.id })
    await live.poll()
    expect(heard).toBe(2)
    unlisten()
    // What one opens oneself is not news: the page would load its list again with each request.
    const unlistenAda = live.listen(ada.id, () => heard++)
    await live.poll()
    await ada.api.moderation.look({ id: null })
    await live.poll()
    expect(heard).toBe(2)
    const bob = await aModerator(other, 'bob')
    await bob.api.moderation.look({ id: view.id })
    await live.poll()
    expect(heard).toBe(3)
    unlistenAda()
    await decideOnly(world, view.id, 'deny')
    await live.poll()
    expect(heard).toBe(3)
    vi.useRealTimers()
  })
})

describe('a decision that can still be undone is not told by a refusal either', () => {
  type Api = Awaited<ReturnType<typeof requested>>['api']
  const CALLS: [string, (api: Api) => Promise<unknown>][] = [
    ['setPassword', (api) => api.registration.setPassword({ password: PASSWORD })],
    ['chooseUsername', (api) => api.registration.chooseUsername({ username: 'brook' })],
    ['request', (api) => api.registration.request({ password: PASSWORD, reason: REASON, legal: true })],
  ]

  /** The state that a call is refused with. */
  async function stateIn(call: Promise<unknown>): Promise<State | null> {
    const error: unknown = await call.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (error === null) return null
    const cause = error instanceof TRPCError ? error.cause : null
    if (cause instanceof RefusalError && cause.refusal.code === 'wrong_state') return cause.refusal.state
    throw error
  }

  describe.each(PASSWORD_MODES)('with the password %s', (password) => {
    beforeEach(async () => {
      await world.dispose()
      world = await aWorld({
        moderation: { ...aConfig().moderation, undoMs: UNDO_MS },
        registration: { ...aConfig().registration, password },
      })
    })

    const DECISIONS = [['approve'], ['deny'], ['approve', 'deny']] as const
    const each = DECISIONS.flatMap((decisions) =>
      CALLS.map(([name, call]) => [decisions.join(', then '), name, decisions, call] as const),
    )
    test.each(each)('%s: %s', async (_, name, decisions, call) => {
      const { api, view } = await requested(world, 'river')
      for (const decision of decisions) {
        world.pass(UNDO_MS)
        await decideOnly(world, view.id, decision)
      }
      const shown = await api.registration.current()
      expect(shown?.state).toBe('requested')
      // Sent once more, a request finds itself done, as it does before a decision.
      expect(await stateIn(call(api))).toBe(name === 'request' ? null : 'requested')
      world.pass(UNDO_MS)
      const stands = await api.registration.current()
      expect(stands?.state).toBe(decisions.at(-1) === 'approve' ? 'approved' : 'denied')
      if (name === 'request' || stands?.state === 'denied')
        expect(await stateIn(call(api))).toBe(stands?.state)
    })
  })
})

describe('an approval whose password its applicant has set, and whose account cannot be opened yet', () => {
  const cut = () => {
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"locked":false') ? 'cut' : undefined
  }
  const rested = async () => {
    world.pass(UNDO_MS)
    await world.drain()
  }
  type Applicant = Awaited<ReturnType<typeof requested>>

  /** How it came to the email that asks for the password. */
  const TOLD: Record<string, () => Promise<Applicant>> = {
    'passwords come after the approval': async () => {
      await world.dispose()
      const { moderation, registration } = aConfig()
      world = await aWorld({
        moderation: { ...moderation, undoMs: UNDO_MS },
        registration: { ...registration, password: 'after_approval' },
      })
      const applicant = await requested(world, 'river')
      await decideOnly(world, applicant.view.id, 'approve')
      await rested()
      return applicant
    },
    'it was approved after a denial': async () => {
      const applicant = await requested(world, 'river')
      const { id } = applicant.view
      const api = await decideOnly(world, id, 'deny')
      await rested()
      const { version } = await api.moderation.registration({ id })
      await api.conversation.reopen({ id, version, message: '' })
      await rested()
      return applicant
    },
    'it was approved again': async () => {
      const applicant = await requested(world, 'river')
      const { id } = applicant.view
      await asAdmin(world, 'PUT', '@river:example.test', { deactivated: true })
      await decideOnly(world, id, 'approve')
      await rested()
      await decideOnly(world, id, 'approve')
      await rested()
      return applicant
    },
    'the homeserver had lost the account': async () => {
      const applicant = await requested(world, 'river')
      const { id } = applicant.view
      cut()
      await decideOnly(world, id, 'approve')
      await rested()
      world.standIn.users.delete('@river:example.test')
      world.standIn.faults = undefined
      for (const difference of await world.services.reconciliation.list())
        await world.services.reconciliation.mend(difference)
      await rested()
      return applicant
    },
  }

  test.each(Object.keys(TOLD))('is denied, but not undone: %s', async (how) => {
    const applicant = await TOLD[how]?.()
    if (applicant === undefined) throw new Error('Nobody')
    const { id } = applicant.view
    const { api } = await aModerator(world.services)
    expect(await applicant.api.registration.current()).toMatchObject({ awaitsPassword: true })
    cut()
    await applicant.api.registration.setPassword({ password: 'another pass phrase' })
    await world.drain()
    const view = await api.moderation.registration({ id })
    expect(view).toMatchObject({ state: 'approved', account: 'filled', undoable: false, actions: ['deny'] })
    expect(await codeOf(api.moderation.undo({ id }))).toBe('undo_too_late')

    world.pass(1000)
    await decideOnly(world, id, 'deny')
    const undone = await api.moderation.undo({ id })
    expect(undone).toMatchObject({ state: 'requested', actions: ['approve', 'deny'] })
    world.standIn.faults = undefined
    for (let passed = 0; passed < 2 * 60_000; passed += 5000) {
      world.pass(5000)
      await world.drain()
    }
    expect(await signInToMatrix(world, 'river', 'another pass phrase')).toBe('M_USER_LOCKED')
    await decideOnly(world, id, 'approve')
    await rested()
    expect(await signInToMatrix(world, 'river', 'another pass phrase')).toBe('in')
  })
})

test('what was approved after a denial, and denied once more by mistake, is decided anew and told', async () => {
  const { view, email, api: own } = await requested(world, 'river')
  const { id } = view
  const rested = async () => {
    world.pass(UNDO_MS)
    await world.drain()
  }
  const api = await decideOnly(world, id, 'deny')
  await rested()
  const { version } = await api.moderation.registration({ id })
  await api.conversation.reopen({ id, version, message: 'After all' })
  await rested()
  await decideOnly(world, id, 'deny')
  expect(await api.moderation.undo({ id })).toMatchObject({
    state: 'requested',
    account: 'removed',
    actions: ['approve', 'deny'],
  })
  await decideOnly(world, id, 'approve')
  await rested()
  expect(kinds(email).filter((kind) => kind === 'set_password')).toHaveLength(2)
  await own.registration.setPassword({ password: PASSWORD })
  await world.drain()
  expect(await signInToMatrix(world, 'river')).toBe('in')
})
