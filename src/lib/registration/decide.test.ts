import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { aPolicy, aRegistration, NOON, username } from '../../../tests/support/registration'
import { begin, decide, stateForApplicant, type Action, type Decision } from './decide'
import { LANGUAGES } from './language'
import { reasonSchema } from './reason'
import type { Registration } from './registration'
import type { Wish } from './wish'
import { ACCOUNT_STATES, STATES, type AccountState, type PasswordMode, type State } from './state'
import { DAY } from './time'

const reason = v.parse(reasonSchema, 'A reason that is long enough to be taken by anybody.')
const verdict = { moderator: 'm1', message: 'Welcome', silent: false }
const wish: Wish = {
  username: username('other'),
  language: 'de',
  clientAddress: '203.0.113.8',
  invitationId: null,
  heldFor: ['trap'],
}
const ACTIONS: Action[] = [
  { type: 'start_again', ...wish },
  { type: 'ask_link', wish },
  { type: 'confirm', username: username('river.stone'), language: 'en', nameFree: true },
  { type: 'lose_name' },
  { type: 'lose_account', filled: true },
  { type: 'choose_name', username: username('other') },
  { type: 'keep_reason', reason },
  { type: 'bring', invitationId: 'i1' },
  { type: 'request', reason, legalAccepted: true, consentVersion: '1.0', lookCloser: false },
  { type: 'admit', voucher: { id: 'm1', name: 'ada' }, invitationId: 'i1' },
  { type: 'approve', ...verdict },
  { type: 'deny', ...verdict },
  { type: 'undo', nameFree: true, told: false, since: NOON - 1000 },
  { type: 'reopen', nameFree: true, removing: false, ...verdict },
  { type: 'ask', moderator: 'm1', text: 'Whom do you know?' },
  { type: 'answer', text: 'Nobody yet' },
  { type: 'note', moderator: 'm1', text: 'Hm' },
  { type: 'take', moderator: 'm1', over: false },
  { type: 'release', moderator: 'm1' },
  { type: 'password_set' },
  { type: 'opened' },
  { type: 'end_probation', early: true },
  { type: 'unsuspended' },
  { type: 'withdraw' },
  { type: 'speak', language: 'de' },
  { type: 'remind' },
  { type: 'expire' },
  { type: 'found_open' },
  { type: 'found_removed' },
  { type: 'account_missing' },
  { type: 'resume_opening' },
  { type: 'found_unsuspended' },
  { type: 'resume_unsuspending' },
]

/** The account that a registration normally has in a state, with `password: at_request`. */
const ACCOUNT: Record<State, AccountState> = {
  started: 'none',
  verified: 'filled',
  requested: 'filled',
  approved: 'filled',
  denied: 'filled',
  completed: 'open',
  withdrawn: 'filled',
}

/** Possible in every state, and changes none. */
const ANYWHERE: Record<State, State> = {
  started: 'started',
  verified: 'verified',
  requested: 'requested',
  approved: 'approved',
  denied: 'denied',
  completed: 'completed',
  withdrawn: 'withdrawn',
}

/** Where each action leads from each state, at the moment it was entered: `no` is a refusal. */
const TABLE: Record<Action['type'], Partial<Record<State, State>>> = {
  start_again: { started: 'started' },
  ask_link: {
    started: 'started',
    verified: 'verified',
    requested: 'requested',
    approved: 'approved',
    completed: 'completed',
  },
  confirm: { started: 'verified' },
  lose_name: { verified: 'verified' },
  // The ledger knows of the account yet.
  lose_account: {},
  choose_name: {},
  keep_reason: { verified: 'verified' },
  bring: { verified: 'verified' },
  request: { verified: 'requested' },
  // The table's registrations came by no invitation.
  admit: {},
  approve: { requested: 'approved' },
  // Approved, and not open yet.
  deny: { requested: 'denied', approved: 'denied' },
  undo: { approved: 'requested' },
  // Its account is still there; `decide-verdict.test.ts` has the ones that can be.
  reopen: {},
  ask: { requested: 'requested' },
  // Nothing was asked; `decide-talk.test.ts` has the ones that were.
  answer: {},
  note: ANYWHERE,
  take: { requested: 'requested' },
  release: ANYWHERE,
  password_set: { approved: 'approved' },
  opened: { approved: 'completed' },
  // Nothing is on probation; `decide-probation.test.ts` has what is.
  end_probation: {},
  unsuspended: {},
  withdraw: { verified: 'withdrawn', requested: 'withdrawn', approved: 'withdrawn' },
  speak: ANYWHERE,
  remind: {},
  expire: {},
  found_open: {},
  found_removed: {},
  account_missing: {},
  resume_opening: { approved: 'approved' },
  found_unsuspended: {},
  resume_unsuspending: {},
}

const stateAfter = (decision: Decision) => (decision.ok ? (decision.next?.state ?? 'gone') : 'no')
const jobs = (decision: Decision) =>
  decision.ok ? decision.jobs.map((job) => (job.kind === 'mail' ? `mail ${job.mail}` : job.kind)) : []

describe('every action in every state', () => {
  for (const action of ACTIONS)
    for (const state of STATES)
      test(`${action.type} when ${state}: ${TABLE[action.type][state] ?? 'no'}`, () => {
        const decided = state === 'approved' || state === 'denied' || state === 'completed'
        const registration = aRegistration({
          state,
          account: ACCOUNT[state],
          decidedBy: decided ? 'm0' : null,
        })
        expect(stateAfter(decide(registration, action, aPolicy()))).toBe(TABLE[action.type][state] ?? 'no')
      })
})

describe('a decision that rests', () => {
  const policy = aPolicy({ undoMs: 20_000 })
  const requested = aRegistration({ state: 'requested', account: 'filled', stateSince: NOON })
  const undo = { type: 'undo', nameFree: true, told: false, since: NOON } as const
  const decided = (type: 'approve' | 'deny') => {
    const decision = decide(requested, { type, ...verdict, message: 'Hm', category: 'spam' }, policy)
    if (!decision.ok || decision.next === null) throw new Error('It was not decided')
    return { decision, registration: decision.next }
  }

  test.each(['approve', 'deny'] as const)('can be taken back, and then nothing of %s is left', (type) => {
    const { decision, registration } = decided(type)
    expect(decision.rest).toBe(20_000)
    const undone = decide(registration, undo, { ...policy, now: policy.now + 19_999 })
    expect(undone).toMatchObject({ ok: true, next: requested, recall: true, jobs: [] })
  })

  test('stands when its time is over', () => {
    const { registration } = decided('deny')
    const late = decide(registration, undo, { ...policy, now: policy.now + 20_000 })
    expect(late).toMatchObject({ ok: false, refusal: { code: 'undo_too_late' } })
  })

  test('stands when somebody else holds the name by now', () => {
    const { registration } = decided('deny')
    const taken = decide(registration, { ...undo, nameFree: false }, policy)
    expect(taken).toMatchObject({ ok: false, refusal: { code: 'username_taken' } })
  })

  test('is not told to its applicant, who cannot act on it either', () => {
    const approved = { ...decided('approve').registration, account: 'none' as const }
    expect(stateForApplicant(approved, policy)).toBe('requested')
    expect(stateForApplicant(approved, { ...policy, now: policy.now + 20_000 })).toBe('approved')
    const filled = { ...approved, account: 'filled' as const }
    expect(decide(filled, { type: 'password_set' }, policy).ok).toBe(false)
  })
})

describe('what follows', () => {
  const requested = aRegistration({ state: 'requested', account: 'filled' })

  test('a start holds no name and sends one mail', () => {
    const begun = begin({ id: 'r9', email: requested.email, ...wish }, NOON)
    expect(begun.next).toMatchObject({ state: 'started', holdsName: false, version: 1, username: 'other' })
    expect(begun.next).not.toHaveProperty('heldFor')
    expect(begun.jobs).toEqual([{ kind: 'mail', mail: 'verification', ...wish }])
  })

  test('a start again changes nothing but that a mail goes out, until the link of before ran out', () => {
    const started = aRegistration({ state: 'started', holdsName: false, invitationId: 'i1' })
    const again = { type: 'start_again', ...wish } as const
    const day = 24 * 60 * 60 * 1000
    const soon = decide(started, again, aPolicy({ now: NOON + day - 1 }))
    expect(soon).toMatchObject({ ok: true, next: started, jobs: [{ mail: 'verification', ...wish }] })
    const { heldFor: _, ...own } = wish
    const late = decide(started, again, aPolicy({ now: NOON + day }))
    expect(late).toMatchObject({ ok: true, next: { ...own, startedAt: NOON + day, stateSince: NOON + day } })
  })

  test('a confirmation takes what came with its own link, or what stands there where nothing was kept, and its page’s language', () => {
    const started = aRegistration({ state: 'started', holdsName: false, invitationId: 'i1' })
    const { username: name, ...brought } = wish
    const { heldFor: _, ...own } = brought
    for (const language of LANGUAGES) {
      const confirm = { type: 'confirm', username: name, language, nameFree: true } as const
      expect(decide(started, { ...confirm, brought }, aPolicy())).toMatchObject({
        next: { ...own, language, username: name },
      })
      expect(decide(started, { ...confirm, brought: null }, aPolicy())).toMatchObject({
        next: { language, clientAddress: started.clientAddress, invitationId: 'i1', username: name },
      })
    }
  })

  test('whoever asks for the link of an address that is confirmed has no say in its language', () => {
    const asked = decide(requested, { type: 'ask_link', wish }, aPolicy())
    expect(asked).toMatchObject({ next: requested, jobs: [{ mail: 'known_address', language: 'en' }] })
  })

  test('a confirmation holds the name of its own link, unless somebody was faster', () => {
    const started = aRegistration({ state: 'started', holdsName: false, username: username('newer') })
    const confirm = { type: 'confirm', username: username('older'), language: 'en' } as const
    const first = decide(started, { ...confirm, nameFree: true }, aPolicy())
    expect(first).toMatchObject({ ok: true, next: { username: 'older', holdsName: true } })
    const second = decide(started, { ...confirm, nameFree: false }, aPolicy())
    expect(second).toMatchObject({ ok: true, next: { state: 'verified', holdsName: false } })
  })

  test('an approval opens the account, and nothing else before that is done', () => {
    expect(jobs(decide(requested, { type: 'approve', ...verdict }, aPolicy()))).toEqual(['open_account'])
  })

  test('an approval without an account sends the link to set the password, silent or not', () => {
    const waiting = aRegistration({ state: 'requested', account: 'none' })
    for (const silent of [false, true])
      expect(jobs(decide(waiting, { type: 'approve', ...verdict, silent }, aPolicy()))).toEqual([
        'mail set_password',
      ])
  })

  for (const account of ['open', 'doubtful'] as const)
    test(`nothing is approved while its account is ${account}`, () => {
      const decision = decide(
        aRegistration({ state: 'requested', account }),
        { type: 'approve', ...verdict },
        aPolicy(),
      )
      expect(decision).toMatchObject({ ok: false, refusal: { code: 'wrong_state', account } })
    })

  const unfilled = ACCOUNT_STATES.filter((state) => !['filled', 'open', 'doubtful'].includes(state))
  test.each(unfilled)('an approval of a request whose account is %s asks for a password', (account) => {
    for (const password of ['at_request', 'after_approval'] as const) {
      const waiting = aRegistration({ state: 'requested', account })
      const approved = decide(waiting, { type: 'approve', ...verdict }, aPolicy({ password }))
      expect(approved).toMatchObject({ ok: true, next: { state: 'approved', account } })
      expect(jobs(approved)).toEqual(['mail set_password'])
    }
  })

  test('once open: consent as it was given, the mail, the address, the rooms, the welcome, in this order', () => {
    const approved = aRegistration({
      state: 'approved',
      account: 'filled',
      consentVersion: '1.0',
      legalAcceptedAt: NOON,
    })
    const policy = aPolicy({ autoJoin: ['!a:x', '#b:x'], welcome: true })
    const decision = decide(approved, { type: 'opened' }, policy)
    expect(jobs(decision)).toEqual([
      'consent',
      'mail approved',
      'bind_address',
      'join_room',
      'join_room',
      'welcome',
    ])
  })

  test('consent is submitted only for what the applicant accepted', () => {
    const approved = aRegistration({ state: 'approved', account: 'filled', consentVersion: null })
    expect(jobs(decide(approved, { type: 'opened' }, aPolicy()))).not.toContain('consent')
    const verified = aRegistration({ account: 'filled' })
    const unread = decide(
      verified,
      { type: 'request', reason, legalAccepted: false, consentVersion: '1.0', lookCloser: false },
      aPolicy(),
    )
    expect(unread).toMatchObject({ ok: true, next: { consentVersion: null, legalAcceptedAt: null } })
  })

  test('a denial removes the account and says so, or is silent when asked to be', () => {
    expect(jobs(decide(requested, { type: 'deny', ...verdict }, aPolicy()))).toEqual([
      'remove_account',
      'mail denied',
    ])
    expect(jobs(decide(requested, { type: 'deny', ...verdict, silent: true }, aPolicy()))).toEqual([
      'remove_account',
    ])
  })

  test('a denial lets go of the name', () => {
    expect(decide(requested, { type: 'deny', ...verdict }, aPolicy())).toMatchObject({
      next: { holdsName: false },
    })
  })

  test('an account of doubtful origin is never removed by a decision', () => {
    for (const action of [{ type: 'deny', ...verdict }, { type: 'withdraw' }] as const)
      expect(
        jobs(decide(aRegistration({ state: 'requested', account: 'doubtful' }), action, aPolicy())),
      ).not.toContain('remove_account')
  })

  test('who comes second hears who decided, and when', () => {
    const decided = aRegistration({ state: 'denied', decidedBy: 'm0', stateSince: NOON })
    expect(decide(decided, { type: 'approve', ...verdict }, aPolicy())).toEqual({
      ok: false,
      refusal: { code: 'already_decided', state: 'denied', by: 'm0', at: NOON },
    })
  })

  test('a name that is picked after the approval goes before a moderator again', () => {
    const lost = aRegistration({ state: 'approved', account: 'none', holdsName: false, decidedBy: 'm0' })
    const decision = decide(lost, { type: 'choose_name', username: username('other') }, aPolicy())
    expect(decision).toMatchObject({
      ok: true,
      next: { state: 'requested', username: 'other', decidedBy: null },
    })
    expect(jobs(decision)).toEqual(['notify_moderators', 'notify_room'])
  })

  test('a request without an account is taken only where passwords come after the approval', () => {
    const verified = aRegistration({ account: 'none' })
    const request = {
      type: 'request',
      reason,
      legalAccepted: false,
      consentVersion: null,
      lookCloser: false,
    } as const
    expect(stateAfter(decide(verified, request, aPolicy()))).toBe('no')
    expect(stateAfter(decide(verified, request, aPolicy({ password: 'after_approval' })))).toBe('requested')
  })

  test('who lost the name cannot ask for the account', () => {
    const request = {
      type: 'request',
      reason,
      legalAccepted: false,
      consentVersion: null,
      lookCloser: false,
    } as const
    expect(
      stateAfter(decide(aRegistration({ account: 'filled', holdsName: false }), request, aPolicy())),
    ).toBe('no')
  })
})

describe('the way out by time', () => {
  const at = (days: number, registration: Registration) =>
    stateAfter(
      decide(registration, { type: 'expire' }, aPolicy({ now: registration.stateSince + days * DAY })),
    )
  const ends: [State, AccountState, number | null][] = [
    ['started', 'none', 2],
    ['verified', 'none', 2],
    ['verified', 'filled', 2],
    ['requested', 'filled', null],
    ['approved', 'none', 14],
    ['approved', 'locked', 14],
    ['approved', 'filled', null],
    ['denied', 'removed', 30],
    ['completed', 'open', 30],
    ['withdrawn', 'none', 30],
  ]
  for (const [state, account, days] of ends)
    test(`${state} with its account ${account} goes after ${days ?? 'no number of'} days`, () => {
      const registration = aRegistration({ state, account })
      if (days === null) return expect(at(10_000, registration)).toBe('no')
      expect(at(days - 0.001, registration)).toBe('no')
      return expect(at(days, registration)).toBe('gone')
    })

  test('what goes takes an account with it that was never opened, and leaves an open one', () => {
    const expire = (state: State, account: AccountState) =>
      jobs(decide(aRegistration({ state, account }), { type: 'expire' }, aPolicy({ now: NOON + 40 * DAY })))
    expect(expire('verified', 'claimed')).toEqual(['remove_account'])
    expect(expire('completed', 'open')).toEqual([])
    expect(expire('verified', 'doubtful')).toEqual([])
  })

  test('the link to set the password is reminded of once, at half its time', () => {
    const approved = aRegistration({ state: 'approved', account: 'none' })
    const remind = (days: number, registration: Registration) =>
      decide(registration, { type: 'remind' }, aPolicy({ now: NOON + days * DAY }))
    expect(remind(6.9, approved).ok).toBe(false)
    const reminded = remind(7, approved)
    expect(jobs(reminded)).toEqual(['mail set_password'])
    if (!reminded.ok || reminded.next === null) throw new Error('not reminded')
    expect(remind(8, reminded.next).ok).toBe(false)
  })

  test('and once more, where the applicant chose another username, and that was approved', () => {
    const policy = aPolicy({ now: NOON + 8 * DAY, password: 'after_approval' })
    const wait: Action = { type: 'choose_name', username: username('lake') }
    const reminded = aRegistration({ state: 'approved', account: 'none', holdsName: false, remindedAt: NOON })
    const waiting = decide(reminded, wait, policy)
    if (!waiting.ok || waiting.next === null) throw new Error('not chosen')
    const again = decide(waiting.next, { type: 'approve', ...verdict }, policy)
    if (!again.ok || again.next === null) throw new Error('not approved')
    const remind = decide(again.next, { type: 'remind' }, aPolicy({ now: NOON + 16 * DAY }))
    expect(jobs(remind)).toEqual(['mail set_password'])
  })
})

describe('after a restore of an older copy', () => {
  const DAYS = 20 * DAY
  const later = aPolicy({ now: NOON + DAYS })
  const reach = (
    type: Extract<Action, { type: `found_${string}` | 'account_missing' }>['type'],
    account: AccountState,
  ) =>
    Object.fromEntries(
      STATES.flatMap((state) => {
        const decision = decide(aRegistration({ state, account, decidedBy: 'm0' }), { type }, later)
        return decision.ok ? [[state, decision.next?.state]] : []
      }),
    )

  test('each finding counts in the states it can be found in, and once the ledger says the same', () => {
    expect(reach('found_open', 'open')).toEqual({
      verified: 'completed',
      requested: 'completed',
      approved: 'completed',
    })
    expect(reach('found_removed', 'removed')).toEqual({ requested: 'denied' })
    expect(reach('account_missing', 'none')).toEqual({
      verified: 'verified',
      requested: 'verified',
      approved: 'approved',
      completed: 'approved',
    })
    for (const account of ACCOUNT_STATES) {
      if (account !== 'open') expect(reach('found_open', account)).toEqual({})
      if (account !== 'removed') expect(reach('found_removed', account)).toEqual({})
      if (account !== 'none') expect(reach('account_missing', account)).toEqual({})
    }
  })

  test('what was decided once is not told a second time', () => {
    const open = decide(aRegistration({ state: 'requested', account: 'open' }), { type: 'found_open' }, later)
    expect(open).toMatchObject({ ok: true, jobs: [], events: [{ kind: 'found_open' }] })
    const removed = aRegistration({ state: 'requested', account: 'removed' })
    expect(decide(removed, { type: 'found_removed' }, later)).toMatchObject({
      ok: true,
      next: { holdsName: false, silent: true },
      jobs: [],
      events: [{ kind: 'found_removed' }],
    })
  })

  test('a request whose account is missing goes back to where the password is given, with its words kept', () => {
    const requested = aRegistration({ state: 'requested', account: 'none', language: 'de' })
    const again = decide(requested, { type: 'account_missing' }, later)
    expect(again).toMatchObject({
      ok: true,
      next: { state: 'verified', reason: requested.reason, holdsName: true, stateSince: later.now },
      jobs: [{ kind: 'mail', mail: 'known_address', language: 'de', incomplete: true }],
    })
    const after = decide(requested, { type: 'account_missing' }, { ...later, password: 'after_approval' })
    expect(after).toMatchObject({ ok: true, next: { state: 'requested', stateSince: NOON }, jobs: [] })
  })

  test('a registration with a password mode of its own follows that, and any other the setting', () => {
    const lose = (own: PasswordMode | null, password: PasswordMode) => {
      const requested = aRegistration({ state: 'requested', account: 'none', passwordMode: own })
      const decision = decide(requested, { type: 'account_missing' }, { ...later, password })
      return decision.ok && decision.next?.state
    }
    expect(lose('after_approval', 'at_request')).toBe('requested')
    expect(lose('at_request', 'after_approval')).toBe('verified')
    expect(lose(null, 'at_request')).toBe('verified')
    expect(lose(null, 'after_approval')).toBe('requested')
  })

  for (const state of ['approved', 'completed'] as const)
    test(`${state}, with the account missing: the approval stands, and its time begins anew`, () => {
      const approved = aRegistration({ state, account: 'none', decidedBy: 'm0', remindedAt: NOON })
      const decision = decide(approved, { type: 'account_missing' }, later)
      expect(decision).toMatchObject({ ok: true, next: { decidedBy: 'm0', remindedAt: null } })
      expect(jobs(decision)).toEqual(['mail set_password'])
      if (!decision.ok || decision.next === null) throw new Error('not asked again')
      expect(decide(decision.next, { type: 'expire' }, later).ok).toBe(false)
    })

  test('the opening is gone on with only for an account that is filled', () => {
    const resume = (account: AccountState) =>
      decide(aRegistration({ state: 'approved', account }), { type: 'resume_opening' }, later)
    expect(jobs(resume('filled'))).toEqual(['open_account'])
    for (const account of ACCOUNT_STATES.filter((one) => one !== 'filled'))
      expect(resume(account).ok, account).toBe(false)
  })

  test('whose account is in other hands loses the name alone, and is mailed the way to another one', () => {
    const lose = (
      state: State,
      filled: boolean,
      password: 'at_request' | 'after_approval' = 'at_request',
    ) => {
      const registration = aRegistration({ state, account: 'none', decidedBy: 'm0' })
      const decision = decide(registration, { type: 'lose_account', filled }, { ...later, password })
      if (!decision.ok || decision.next === null) return 'no'
      expect(decision.next).toMatchObject({ holdsName: false, reason: registration.reason })
      expect(decision.events).toEqual([{ kind: 'name_lost' }])
      return [decision.next.state, ...jobs(decision)]
    }
    expect(lose('verified', false)).toEqual(['verified'])
    expect(lose('verified', true)).toEqual(['verified'])
    expect(lose('requested', true)).toEqual(['verified', 'mail known_address'])
    expect(lose('requested', true, 'after_approval')).toEqual(['requested'])
    expect(lose('approved', true)).toEqual(['approved', 'mail set_password'])
    expect(lose('approved', false)).toEqual(['approved'])
    for (const state of ['started', 'denied', 'completed', 'withdrawn'] as const)
      expect(lose(state, true)).toBe('no')
  })

  test('a request without an account can lose its name, and one with an account does not', () => {
    const lose = (account: AccountState) =>
      decide(aRegistration({ state: 'requested', account }), { type: 'lose_name' }, later)
    expect(lose('none')).toMatchObject({ ok: true, next: { state: 'requested', holdsName: false } })
    for (const account of ACCOUNT_STATES.filter((one) => one !== 'none'))
      expect(lose(account).ok, account).toBe(false)
  })
})
