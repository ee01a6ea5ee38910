import { describe, expect, test } from 'vitest'
import { aPolicy, aRegistration, NOON, username } from '../../../tests/support/registration'
import { decide, isResting, stateForApplicant, type Decision } from './decide'
import type { Registration } from './registration'
import { ACCOUNT_STATES, STATES } from './state'
import { DAY } from './time'

const denied = aRegistration({
  state: 'denied',
  account: 'removed',
  holdsName: false,
  decidedBy: 'm0',
  message: 'Not now',
  silent: true,
  category: 'spam',
  stateSince: NOON,
  remindedAt: NOON - 1,
})
const policy = aPolicy({ undoMs: 20_000, now: NOON + 60_000 })
const reopen = {
  type: 'reopen',
  moderator: 'm1',
  message: 'We thought again',
  silent: false,
  nameFree: true,
  removing: false,
} as const

const verdict = { moderator: 'm1', message: null, silent: false }

function next(decision: Decision): Registration {
  if (!decision.ok || decision.next === null) throw new Error(`Refused: ${JSON.stringify(decision)}`)
  return decision.next
}
const codeOf = (decision: Decision) => (decision.ok ? 'yes' : decision.refusal.code)

describe('a denial that is reopened', () => {
  test('is an approval that holds its name and asks for a password anew', () => {
    expect(decide(denied, reopen, policy)).toMatchObject({
      ok: true,
      next: {
        state: 'approved',
        holdsName: true,
        decidedBy: 'm1',
        message: 'We thought again',
        silent: false,
        category: null,
        remindedAt: null,
      },
      events: [{ kind: 'reopened' }],
      jobs: [{ kind: 'mail', mail: 'set_password', reminder: false }],
      rest: 20_000,
    })
  })

  test('is one of a denial, and of nothing else', () => {
    for (const state of STATES)
      expect(codeOf(decide({ ...denied, state }, reopen, policy))).toBe(
        state === 'denied' ? 'yes' : 'wrong_state',
      )
  })

  test('has an account of its own to come only where there is none left', () => {
    for (const account of ACCOUNT_STATES)
      expect(codeOf(decide({ ...denied, account }, reopen, policy))).toBe(
        account === 'none' || account === 'removed' ? 'yes' : 'wrong_state',
      )
  })

  test('waits until the denial is carried out, and the name must be free', () => {
    expect(codeOf(decide(denied, { ...reopen, removing: true }, policy))).toBe('reopen_too_early')
    expect(codeOf(decide(denied, reopen, { ...policy, now: NOON + 19_999 }))).toBe('reopen_too_early')
    expect(codeOf(decide(denied, { ...reopen, nameFree: false }, policy))).toBe('username_taken')
  })

  test('taken back while it rests, is the denial that it was, also where the name is gone', () => {
    const reopened = next(decide(denied, reopen, policy))
    const undo = { type: 'undo', nameFree: false, told: false, since: NOON - DAY } as const
    const undone = decide(reopened, undo, { ...policy, now: policy.now + 19_999 })
    expect(undone).toMatchObject({ ok: true, next: { ...denied, remindedAt: null }, recall: true, jobs: [] })
    expect(codeOf(decide(reopened, undo, { ...policy, now: policy.now + 20_000 }))).toBe('undo_too_late')
  })

  test('is forgotten where another name is chosen: what is decided then goes back to the request', () => {
    const lost = { ...next(decide(denied, reopen, policy)), holdsName: false, account: 'none' as const }
    const chosen = decide(lost, { type: 'choose_name', username: username('other') }, policy)
    const approved = decide(next(chosen), { ...verdict, type: 'approve' }, policy)
    const undone = decide(next(approved), { type: 'undo', nameFree: true, told: false, since: NOON }, policy)
    expect(next(undone)).toMatchObject({ state: 'requested', decidedBy: null })
  })

  test.each(['none', 'locked', 'removed', 'reviving', 'filled'] as const)(
    'denied once more, and that taken back, waits to be decided anew, as its applicant knew of it: %s',
    (account) => {
      const told = { ...next(decide(denied, reopen, policy)), account }
      const later = { ...policy, now: policy.now + DAY }
      const again = next(decide(told, { type: 'deny', ...verdict }, later))
      expect(stateForApplicant(again, later)).toBe('requested')
      const undo = { type: 'undo', nameFree: true, told: false, since: NOON - DAY } as const
      const waits = next(decide(again, undo, later))
      expect(waits).toMatchObject({ state: 'requested', stateSince: NOON - DAY, holdsName: true, account })
      expect(waits).toMatchObject({ decidedBy: null, denial: null })
    },
  )

  test('approved again where it cannot be carried out, and that taken back, waits to be decided anew', () => {
    const stuck = {
      ...next(decide(denied, reopen, policy)),
      account: 'filled',
      opening: 'failed',
    } as const
    const later = { ...policy, now: policy.now + DAY }
    const anew = next(decide(stuck, { type: 'approve', ...verdict }, later))
    const undone = decide(anew, { type: 'undo', nameFree: true, told: false, since: NOON }, later)
    expect(next(undone)).toMatchObject({ state: 'requested', account: 'reviving', denial: null })
  })

  test('is told to its applicant when it does not rest any more', () => {
    const reopened = next(decide(denied, reopen, policy))
    expect(stateForApplicant(reopened, policy)).toBe('denied')
    expect(stateForApplicant(reopened, { ...policy, now: policy.now + 20_000 })).toBe('approved')
  })
})

describe('an approval that cannot be carried out', () => {
  const failed = aRegistration({
    state: 'approved',
    account: 'filled',
    opening: 'failed',
    decidedBy: 'm0',
    message: 'Welcome',
    remindedAt: NOON,
  })
  const verdict = { moderator: 'm1', message: 'Once more', silent: false }
  const later = aPolicy({ now: NOON + 1000 })

  test('is approved again: the account is brought back or made anew once the password is set', () => {
    expect(decide(failed, { type: 'approve', ...verdict }, later)).toMatchObject({
      ok: true,
      next: {
        state: 'approved',
        account: 'reviving',
        holdsName: true,
        stateSince: NOON + 1000,
        decidedBy: 'm1',
        message: 'Once more',
        remindedAt: null,
      },
      ledger: 'reviving',
      events: [{ kind: 'approved_anew', detail: { silent: false } }],
      jobs: [{ kind: 'mail', mail: 'set_password', reminder: false }],
    })
  })

  test('is denied like any other', () => {
    expect(decide(failed, { type: 'deny', ...verdict }, later)).toMatchObject({
      ok: true,
      next: { state: 'denied', holdsName: false },
      jobs: [{ kind: 'remove_account' }, { kind: 'mail', mail: 'denied' }],
    })
  })

  test.each(['under_way', 'delayed'] as const)('is not approved again while it is %s', (opening) => {
    expect(decide({ ...failed, opening }, { type: 'approve', ...verdict }, later)).toMatchObject({
      ok: false,
      refusal: { code: 'already_decided' },
    })
  })

  test('nor once its account is open, or waits for its password', () => {
    for (const account of ['open', 'none', 'locked', 'reviving'] as const)
      expect(decide({ ...failed, account }, { type: 'approve', ...verdict }, later).ok).toBe(false)
  })
})

describe('an approval whose account is not open yet', () => {
  const approved = aRegistration({
    state: 'approved',
    account: 'filled',
    decidedBy: 'm0',
    message: 'Welcome',
  })
  const later = aPolicy({ undoMs: 20_000, now: NOON + DAY })

  test('is denied, taken back or withdrawn at any time, and what opens it is called off', () => {
    for (const type of ['deny', 'undo', 'withdraw'] as const) {
      const action = { type, ...verdict, nameFree: true, told: false, since: NOON - 1 }
      const stopped = decide(approved, action, later)
      expect(stopped).toMatchObject({ ok: true, stops: true })
      expect(next(stopped).holdsName).toBe(type === 'undo')
    }
  })

  test('is not taken back once its applicant was told of it, but denied, or withdrawn', () => {
    const undo = { type: 'undo', nameFree: true, since: NOON } as const
    for (const account of ['none', 'claimed', 'locked', 'filled', 'removed', 'reviving'] as const) {
      const told = { ...approved, account }
      // Whoever has set the password was told.
      const knows = account === 'filled'
      expect(codeOf(decide(told, { ...undo, told: knows }, later))).toBe('undo_too_late')
      for (const type of ['deny', 'withdraw'] as const)
        expect(decide(told, { type, ...verdict }, later)).toMatchObject({ ok: true, stops: true })
    }
  })

  test('once it is open, all of that is too late', () => {
    const open = { ...approved, account: 'open' as const }
    for (const type of ['deny', 'undo', 'withdraw'] as const)
      expect(decide(open, { type, ...verdict, nameFree: true, told: false, since: NOON }, later).ok).toBe(
        false,
      )
  })

  test('withdrawn, says nothing of what was decided', () => {
    for (const state of ['approved', 'denied'] as const) {
      const resting = aRegistration({
        state,
        account: 'filled',
        decidedBy: 'm0',
        message: 'No',
        category: 'spam',
      })
      const withdrawn = next(decide(resting, { type: 'withdraw' }, { ...later, now: NOON + 1 }))
      expect(withdrawn).toMatchObject({ state: 'withdrawn', decidedBy: null, message: null, category: null })
    }
    expect(codeOf(decide(denied, { type: 'withdraw' }, policy))).toBe('wrong_state')
  })
})

test.each(['started', 'verified', 'requested', 'withdrawn'] as const)(
  'nothing is decided that could be undone while it is %s',
  (state) => {
    const undecided = aRegistration({ state, account: 'filled' })
    expect(decide(undecided, { type: 'undo', nameFree: true, told: false, since: NOON }, policy)).toEqual({
      ok: false,
      refusal: { code: 'wrong_state', state, account: 'filled' },
    })
  },
)

describe('a decision with an undo window of its own', () => {
  const requested = aRegistration({ state: 'requested', account: 'filled', stateSince: NOON })
  const own = { ...verdict, restMs: 60_000 }

  test.each(['approve', 'deny'] as const)('%s: rests as long as that, and no longer', (type) => {
    const decision = decide(requested, { type, ...own }, policy)
    expect(decision).toMatchObject({ ok: true, rest: 60_000, next: { restMs: 60_000 } })
    const decided = next(decision)
    expect(isResting(decided, { ...policy, now: policy.now + 59_999 })).toBe(true)
    expect(isResting(decided, { ...policy, now: policy.now + 60_000 })).toBe(false)
    // Decided while the clock was a day ahead: its jobs run.
    expect(isResting(decided, { ...policy, now: policy.now - 60 * 60_000 })).toBe(true)
    expect(isResting(decided, { ...policy, now: policy.now - 24 * 60 * 60_000 })).toBe(false)
    const late = { ...policy, now: policy.now + 30_000 }
    expect(stateForApplicant(decided, late)).toBe('requested')
    expect(
      next(decide(decided, { type: 'undo', nameFree: true, told: false, since: NOON }, late)),
    ).toMatchObject({
      state: 'requested',
      restMs: null,
    })
  })

  test('does not hand it on to the next decision', () => {
    const decided = next(decide(requested, { type: 'approve', ...own }, policy))
    const denied = decide(decided, { type: 'deny', ...verdict }, policy)
    expect(denied).toMatchObject({ ok: true, rest: 20_000, next: { restMs: null } })
  })
})
