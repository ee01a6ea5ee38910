import { describe, expect, test } from 'vitest'
import { aPolicy, aRegistration, NOON, username } from '../../../tests/support/registration'
import { decide, stateForApplicant, type Action, type Policy } from './decide'
import type { Registration } from './registration'
import { STATES, type Probation, type State } from './state'
import { DAY } from './time'

const on = aPolicy({ probation: true, undoMs: 20_000, autoJoin: ['#a:x'], welcome: true })
const NOW = on.now
const verdict = { moderator: 'm1', message: 'Welcome', silent: false }
const requested = aRegistration({ state: 'requested', account: 'filled' })
const running = aRegistration({
  state: 'completed',
  account: 'open',
  decidedBy: 'm0',
  message: 'Hello',
  probation: 'running',
  probationUntil: NOON + 7 * DAY,
})
const ending = { ...running, probation: 'ending' as const }
const undo = { type: 'undo', nameFree: false, told: false, since: NOON } as const
const removal = { kind: 'remove_account', username: username('river.stone'), opened: true }

/** What becomes of it, or the refusal's code. */
function then(before: Registration, action: Action, policy: Policy = on) {
  const decision = decide(before, action, policy)
  if (!decision.ok) return decision.refusal.code
  const { next, ...rest } = decision
  if (next === null) throw new Error('It is gone')
  return { next, ...rest }
}
function after(before: Registration, action: Action, policy: Policy = on) {
  const decided = then(before, action, policy)
  if (typeof decided === 'string') throw new Error(`It was refused: ${decided}`)
  return decided
}

describe('an approval on probation', () => {
  const approve = { type: 'approve', ...verdict, probation: true } as const

  test('is an approval that plans one, and rests like any other', () => {
    expect(after(requested, approve)).toMatchObject({
      next: { state: 'approved', probation: 'planned', probationUntil: null },
      events: [{ kind: 'approved', detail: { silent: false, probation: true } }],
      jobs: [{ kind: 'open_account' }],
      rest: 20_000,
    })
    const { next } = after(requested, approve)
    expect(after(next, { ...undo, nameFree: true })).toMatchObject({ next: requested, recall: true })
    expect(after(next, { type: 'deny', ...verdict }).next).toMatchObject({ state: 'denied' })
  })

  test('is refused where it is turned off', () => {
    expect(then(requested, approve, { ...on, probation: false })).toBe('probation_off')
  })

  test('plans it for a password to come, and for an account that is made again', () => {
    const unmade = after({ ...requested, account: 'none' }, approve, { ...on, password: 'after_approval' })
    expect(unmade).toMatchObject({ next: { probation: 'planned' }, jobs: [{ mail: 'set_password' }] })
    const failed = aRegistration({ state: 'approved', account: 'filled', opening: 'failed' })
    expect(after(failed, approve)).toMatchObject({
      next: { probation: 'planned' },
      events: [{ kind: 'approved_anew', detail: { silent: false, probation: true } }],
    })
  })

  test('is over with the approval: withdrawn, another name, undone', () => {
    const planned = { ...requested, state: 'approved', probation: 'planned' } as const
    expect(after(planned, { type: 'withdraw' }).next.probation).toBe('none')
    const nameless = { ...planned, account: 'none', holdsName: false } as const
    const chosen = after(nameless, { type: 'choose_name', username: username('other') })
    expect(chosen.next).toMatchObject({ state: 'requested', probation: 'none' })
  })
})

describe('an account that was opened', () => {
  const planned = aRegistration({ state: 'approved', account: 'filled', probation: 'planned' })
  const plain = { ...planned, probation: 'none' as const }

  test.each([
    ['suspended as planned', planned, true, 'completed'],
    ['without the suspension that is planned by now', planned, false, 'wrong_state'],
    ['with a suspension that is no longer planned', plain, true, 'wrong_state'],
    ['as ever', plain, false, 'completed'],
  ] as const)('%s', (_, before, suspended, becomes) => {
    const decided = then(before, { type: 'opened', suspended })
    expect(typeof decided === 'string' ? decided : decided.next.state).toBe(becomes)
  })

  test('suspended serves its time from then on, without what it cannot do', () => {
    const action: Action = { type: 'opened', suspended: true, unjoined: ['#gone:x'] }
    expect(after({ ...planned, consentVersion: '1.0' }, action)).toMatchObject({
      next: { state: 'completed', account: 'open', probation: 'running', probationUntil: NOW + 7 * DAY },
      events: [{ kind: 'account_opened', detail: { probation: true } }],
      jobs: [
        { kind: 'consent', version: '1.0' },
        { kind: 'mail', mail: 'approved' },
        { kind: 'bind_address' },
        { kind: 'join_room', room: '#gone:x' },
      ],
    })
  })
})

describe('the end of a probation', () => {
  const end = (early: boolean) => ({ type: 'end_probation', early }) as const

  test('comes with its time, or by a moderator before', () => {
    const due = { ...on, now: NOON + 7 * DAY }
    const ended = {
      next: ending,
      events: [{ kind: 'probation_ended' }],
      jobs: [{ kind: 'lift_suspension' }],
    }
    expect(then(running, end(false))).toBe('wrong_state')
    expect(then(running, end(false), { ...due, now: due.now - 1 })).toBe('wrong_state')
    expect(then(running, end(false), due)).toMatchObject(ended)
    expect(then(running, end(true))).toMatchObject(ended)
    expect(then(ending, end(true))).toBe('wrong_state')
    expect(then(ending, end(false), due)).toBe('wrong_state')
  })

  test.each([true, false])('is told and welcomed once it is lifted, silent: %s', (silent) => {
    expect(after({ ...ending, silent }, { type: 'unsuspended' })).toMatchObject({
      next: { state: 'completed', stateSince: NOW, probation: 'none', probationUntil: null },
      events: [{ kind: 'account_unsuspended' }],
      jobs: [...(silent ? [] : [{ kind: 'mail', mail: 'probation_over' }]), { kind: 'welcome' }],
    })
    expect(then(running, { type: 'unsuspended' })).toBe('wrong_state')
    expect(after(ending, { type: 'unsuspended' }, { ...on, welcome: false }).jobs).toHaveLength(1)
  })

  test('that was lost is done again, or found done', () => {
    expect(after(ending, { type: 'resume_unsuspending' })).toMatchObject({
      next: ending,
      events: [{ kind: 'job_retried', detail: { job: 'lift_suspension' } }],
      jobs: [{ kind: 'lift_suspension' }],
    })
    expect(then(running, { type: 'resume_unsuspending' })).toBe('wrong_state')
    for (const before of [running, ending])
      expect(after(before, { type: 'found_unsuspended' })).toMatchObject({
        next: { probation: 'none', probationUntil: null },
        events: [{ kind: 'found_unsuspended' }],
        jobs: [],
      })
  })

  test('that nobody saw: the account is removed, missing, or open suspended', () => {
    expect(after(running, { type: 'found_removed' }).next).toMatchObject({
      state: 'denied',
      decidedBy: null,
      silent: true,
      holdsName: false,
      probation: 'none',
      approval: { since: running.stateSince, probation: 'running' },
    })
    const lost = after({ ...running, account: 'none' }, { type: 'account_missing' })
    expect(lost.next).toMatchObject({ state: 'approved', probation: 'planned', probationUntil: null })
    const forgotten = { ...requested, account: 'open' as const }
    const found = (suspended: boolean) => after(forgotten, { type: 'found_open', suspended }).next
    expect(found(true)).toMatchObject({ probation: 'running', probationUntil: NOW + 7 * DAY })
    expect(found(false)).toMatchObject({ probation: 'none', probationUntil: null })
  })
})

describe('a denial that ends a probation', () => {
  const deny = { type: 'deny', ...verdict, message: 'No', category: 'spam' } as const

  test.each([running, ending])('removes the account, and rests: $probation', (before) => {
    expect(after(before, deny)).toMatchObject({
      next: { state: 'denied', holdsName: false, probation: 'none', probationUntil: null, category: 'spam' },
      events: [{ kind: 'denied', detail: { silent: false, category: 'spam', probation: true } }],
      jobs: [removal, { kind: 'mail', mail: 'denied' }],
      rest: 20_000,
    })
    expect(after(before, { ...deny, silent: true }).jobs).toEqual([removal])
  })

  test.each([running, ending])('can be undone, and then nothing of it is left: $probation', (before) => {
    const { next } = after(before, deny)
    expect(stateForApplicant(next, on)).toBe('completed')
    expect(after(next, undo, { ...on, now: NOW + 19_999 })).toEqual({
      ok: true,
      next: before,
      events: [{ kind: 'undone' }],
      jobs: before.probation === 'ending' ? [{ kind: 'lift_suspension' }] : [],
      recall: true,
    })
    expect(then(next, undo, { ...on, now: NOW + 20_000 })).toBe('undo_too_late')
    expect(stateForApplicant(next, { ...on, now: NOW + 20_000 })).toBe('denied')
  })

  test('whose account was never removed removes it with the data', () => {
    const { next } = after(running, deny)
    const gone = decide(next, { type: 'expire' }, { ...on, now: NOW + 31 * DAY })
    expect(gone).toMatchObject({ ok: true, next: null, jobs: [removal] })
  })

  test('is refused once it is over', () => {
    expect(then({ ...running, probation: 'none', probationUntil: null }, deny)).toBe('already_decided')
  })
})

describe('a denial of an approval on probation whose account is not open yet', () => {
  test.each(['none', 'locked', 'filled', 'reviving'] as const)(
    'leaves nothing of the probation, also where it is approved after all: %s',
    (account) => {
      const planned = { ...requested, state: 'approved', decidedBy: 'm0', probation: 'planned' } as const
      const denied = after({ ...planned, account }, { type: 'deny', ...verdict, message: 'No' }).next
      expect(denied).toMatchObject({ state: 'denied', probation: 'none', approval: null })
      // As rows of older versions are.
      for (const before of [denied, { ...denied, probation: 'planned' as const }]) {
        const reopen = { type: 'reopen', ...verdict, nameFree: true, removing: false } as const
        const gone = { ...before, account: 'removed' as const, stateSince: NOON - DAY }
        expect(after(gone, reopen).next).toMatchObject({ state: 'approved', probation: 'none' })
      }
    },
  )
})

test('nobody is forgotten while on probation', () => {
  const late = { ...on, now: NOON + 300 * DAY }
  for (const before of [running, ending]) expect(decide(before, { type: 'expire' }, late).ok).toBe(false)
  expect(decide({ ...running, probation: 'none' }, { type: 'expire' }, late).ok).toBe(true)
})

describe('every action on a probation, in every state', () => {
  const POSSIBLE: Partial<Record<Action['type'], [State, Probation][]>> = {
    end_probation: [['completed', 'running']],
    unsuspended: [['completed', 'ending']],
    resume_unsuspending: [['completed', 'ending']],
    found_unsuspended: [
      ['completed', 'running'],
      ['completed', 'ending'],
    ],
  }
  const ACTIONS: Action[] = [
    { type: 'end_probation', early: true },
    { type: 'unsuspended' },
    { type: 'resume_unsuspending' },
    { type: 'found_unsuspended' },
  ]
  for (const action of ACTIONS)
    for (const state of STATES)
      test.each(['none', 'planned', 'running', 'ending'] as const)(
        `${action.type} when ${state}: %s`,
        (probation) => {
          const { ok } = decide(aRegistration({ state, probation }), action, on)
          const possible = POSSIBLE[action.type]?.some(([one, what]) => one === state && what === probation)
          expect(ok).toBe(possible ?? false)
        },
      )
})
