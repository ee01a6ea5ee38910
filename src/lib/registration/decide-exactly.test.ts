import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { aPolicy, aRegistration, email, NOON, username } from '../../../tests/support/registration'
import { begin, decide, type Action, type Policy } from './decide'
import type { Brought } from './invited'
import { reasonSchema } from './reason'
import type { Registration } from './registration'
import type { AccountState } from './state'
import type { Wish } from './wish'

/** All that a decision changes, says and sets off: nothing besides what stands here. */
const NOW = aPolicy().now
const river = username('river.stone')
const other = username('other')
const reason = v.parse(reasonSchema, 'A reason that is long enough to be taken by anybody.')
const ada = { id: 'm1', name: 'ada' }
const wish: Wish = {
  username: other,
  language: 'de',
  clientAddress: '203.0.113.8',
  invitationId: null,
  heldFor: [],
}

/** What is different in the registration, and the rest of the decision as it is. */
function outcome(
  before: Partial<Registration>,
  action: Action,
  change: Partial<Policy> = {},
  brought: Brought | null = null,
): object {
  const registration = aRegistration(before)
  const decision = decide(registration, action, aPolicy(change), brought)
  if (!decision.ok) return decision.refusal
  const { ok: _, next, ...rest } = decision
  if (next === null) return { next, ...rest }
  const was = new Map(Object.entries(registration))
  const changed = Object.entries(next).filter(([key, value]) => !Object.is(was.get(key), value))
  return { changed: Object.fromEntries(changed), ...rest }
}
const notices = [
  { kind: 'notify_moderators', since: NOW, reminder: false },
  { kind: 'notify_room', since: NOW },
]
const setPassword = { kind: 'mail', mail: 'set_password', reminder: false }
const removal = { kind: 'remove_account', username: river }

test('a beginning', () => {
  const brought = { ...wish, heldFor: ['trap' as const] }
  expect(begin({ id: 'r1', email: email('river@posteo.example'), ...brought }, NOON)).toEqual({
    next: aRegistration({
      version: 1,
      state: 'started',
      username: other,
      language: 'de',
      clientAddress: '203.0.113.8',
      holdsName: false,
      reason: null,
    }),
    events: [{ kind: 'started' }],
    jobs: [{ kind: 'mail', mail: 'verification', ...brought }],
  })
})

describe('before the request', () => {
  test('the same address again', () => {
    expect(outcome({ state: 'started' }, { type: 'start_again', ...wish })).toEqual({
      changed: {},
      events: [{ kind: 'started_again' }],
      jobs: [{ kind: 'mail', mail: 'verification', ...wish }],
    })
  })

  test('a link that is asked for', () => {
    const action = { type: 'ask_link', wish } as const
    expect(outcome({ state: 'started' }, action)).toEqual({
      changed: {},
      events: [{ kind: 'link_asked' }],
      jobs: [{ kind: 'mail', mail: 'verification', ...wish }],
    })
    for (const state of ['verified', 'requested', 'approved', 'completed'] as const)
      expect(outcome({ state }, action)).toEqual({
        changed: {},
        events: [{ kind: 'link_asked' }],
        jobs: [{ kind: 'mail', mail: 'known_address', language: 'en' }],
      })
  })

  test.each([true, false])('a confirmation, of a name that is free: %s', (nameFree) => {
    const before = { state: 'started', holdsName: false, claimedBy: 'm1', claimedAt: NOON } as const
    expect(outcome(before, { type: 'confirm', username: other, language: 'en', nameFree })).toEqual({
      changed: {
        state: 'verified',
        stateSince: NOW,
        username: other,
        claimedBy: null,
        claimedAt: null,
        ...(nameFree ? { holdsName: true } : {}),
      },
      events: nameFree ? [{ kind: 'verified' }] : [{ kind: 'verified' }, { kind: 'name_lost' }],
      jobs: [],
    })
  })

  test('a name that is lost', () => {
    const lost = { changed: { holdsName: false }, events: [{ kind: 'name_lost' }], jobs: [] }
    const lose = (before: Partial<Registration>) => outcome(before, { type: 'lose_name' })
    expect(lose({ state: 'verified', account: 'filled' })).toEqual(lost)
    expect(lose({ state: 'approved', account: 'none' })).toEqual(lost)
    expect(lose({ state: 'requested', account: 'none' })).toEqual(lost)
    expect(lose({ state: 'requested', account: 'filled' })).toMatchObject({ code: 'wrong_state' })
    expect(lose({ state: 'approved', account: 'filled' })).toMatchObject({ code: 'wrong_state' })
  })

  test('a name that is picked', () => {
    const pick = (before: Partial<Registration>) =>
      outcome({ holdsName: false, ...before }, { type: 'choose_name', username: other })
    expect(pick({ state: 'verified' })).toEqual({
      changed: { username: other, holdsName: true },
      events: [{ kind: 'name_chosen' }],
      jobs: [],
    })
    const decided = { decidedBy: 'm1', message: 'Welcome', silent: true, exchange: 'answered' } as const
    expect(pick({ state: 'approved', account: 'none', ...decided })).toEqual({
      changed: {
        username: other,
        holdsName: true,
        state: 'requested',
        stateSince: NOW,
        decidedBy: null,
        message: null,
        silent: false,
        exchange: 'none',
      },
      events: [{ kind: 'name_chosen' }, { kind: 'requested' }],
      jobs: notices,
    })
    expect(pick({ state: 'verified', holdsName: true })).toMatchObject({ code: 'wrong_state' })
    for (const before of [{ state: 'requested' }, { state: 'approved', account: 'filled' }] as const)
      expect(pick(before)).toMatchObject({ code: 'wrong_state' })
  })
})

describe('a request', () => {
  const request = (legalAccepted: boolean) =>
    ({ type: 'request', reason, legalAccepted, consentVersion: '1.0', lookCloser: false }) as const
  const ready = { state: 'verified', account: 'filled', reason: null } as const

  test.each([true, false])('whose applicant accepted the documents: %s', (accepted) => {
    const before = { ...ready, legalAcceptedAt: accepted ? null : 1, consentVersion: accepted ? null : '0.9' }
    expect(outcome(before, request(accepted))).toEqual({
      changed: {
        state: 'requested',
        stateSince: NOW,
        reason,
        legalAcceptedAt: accepted ? NOW : null,
        consentVersion: accepted ? '1.0' : null,
      },
      events: [{ kind: 'requested' }],
      jobs: [{ kind: 'mail', mail: 'requested' }, ...notices],
    })
  })

  test('by an invitation that opens without review', () => {
    const brought: Brought = { id: 'i1', standing: 'counts', counted: false, voucher: ada, held: false }
    const before = { ...ready, invitationId: 'i1', legalAcceptedAt: 1, consentVersion: '0.9' }
    expect(outcome(before, request(false), { invitations: 'optional' }, brought)).toEqual({
      changed: { state: 'requested', stateSince: NOW, reason, legalAcceptedAt: null, consentVersion: null },
      events: [{ kind: 'requested', detail: { invitation: 'i1' } }],
      jobs: [],
      uses: true,
      then: { type: 'admit', voucher: ada, invitationId: 'i1' },
    })
  })

  test('with the account to come is taken where none is there yet, or one was begun here', () => {
    const later = { password: 'after_approval' } as const
    for (const account of ['claiming', 'claimed', 'locked', 'reviving'] as const)
      expect(outcome({ state: 'verified', account }, request(true), later)).toHaveProperty('changed')
    const accounts: AccountState[] = ['doubtful', 'open', 'removed']
    for (const account of accounts)
      expect(outcome({ state: 'verified', account }, request(true), later)).toMatchObject({
        code: 'wrong_state',
      })
    expect(outcome({ state: 'verified', account: 'none' }, request(true), later)).toHaveProperty('changed')
    expect(outcome({ state: 'verified', account: 'none' }, request(true))).toMatchObject({
      code: 'wrong_state',
    })
  })

  test.each<[Partial<Registration>, object]>([
    [{ state: 'verified' }, {}],
    [{ state: 'requested' }, {}],
    [
      { state: 'approved', decidedBy: 'm1', message: 'Welcome', silent: true, category: 'spam' },
      { stops: true },
    ],
  ])('is taken back: %j', (before, more) => {
    const decided = 'decidedBy' in before
    expect(outcome({ account: 'filled', ...before }, { type: 'withdraw' })).toEqual({
      changed: {
        state: 'withdrawn',
        stateSince: NOW,
        holdsName: false,
        ...(decided ? { decidedBy: null, message: null, silent: false, category: null } : {}),
      },
      events: [{ kind: 'withdrawn' }],
      jobs: [removal],
      ...more,
    })
  })
})

describe('a verdict', () => {
  const undoMs = 20_000
  const approve = { type: 'approve', moderator: 'm1', message: 'Welcome', silent: true } as const
  const deny = { type: 'deny', moderator: 'm1', message: 'Sorry', silent: false } as const
  const words = { stateSince: NOW, decidedBy: 'm1', message: 'Welcome', silent: true }

  test.each<[AccountState, object]>([
    ['filled', { kind: 'open_account' }],
    ['none', setPassword],
    ['reviving', setPassword],
  ])('approves where the account is %s', (account, job) => {
    expect(outcome({ state: 'requested', account }, approve, { undoMs })).toEqual({
      changed: { state: 'approved', ...words },
      events: [{ kind: 'approved', detail: { silent: true } }],
      jobs: [job],
      rest: undoMs,
    })
  })

  test('approves an account that is to come in any state but in other hands, or open', () => {
    for (const password of ['at_request', 'after_approval'] as const) {
      for (const account of ['claiming', 'claimed', 'locked', 'removed'] as const)
        expect(outcome({ state: 'requested', account }, approve, { password })).toMatchObject({
          jobs: [setPassword],
        })
      for (const account of ['open', 'doubtful'] as const)
        expect(outcome({ state: 'requested', account }, approve, { password })).toMatchObject({
          code: 'wrong_state',
        })
    }
  })

  test('approves anew what could not be opened', () => {
    const before = { state: 'approved', account: 'filled', opening: 'failed', remindedAt: 1 } as const
    expect(outcome(before, approve, { undoMs })).toEqual({
      changed: { ...words, remindedAt: null, account: 'reviving' },
      events: [{ kind: 'approved_anew', detail: { silent: true } }],
      jobs: [setPassword],
      ledger: 'reviving',
      rest: undoMs,
    })
  })

  test.each([null, 'spam'])('denies, filed under %s', (category) => {
    expect(outcome({ state: 'requested', account: 'filled' }, { ...deny, category }, { undoMs })).toEqual({
      changed: {
        state: 'denied',
        stateSince: NOW,
        decidedBy: 'm1',
        message: 'Sorry',
        holdsName: false,
        ...(category === null ? {} : { category }),
      },
      events: [
        { kind: 'denied', detail: category === null ? { silent: false } : { silent: false, category } },
      ],
      jobs: [removal, { kind: 'mail', mail: 'denied' }],
      rest: undoMs,
    })
  })

  test('denies what is approved and not open yet, and calls that off', () => {
    expect(outcome({ state: 'approved', account: 'filled', decidedBy: 'm2' }, deny)).toMatchObject({
      changed: { state: 'denied', decidedBy: 'm1' },
      stops: true,
    })
  })

  test('that comes second hears of the first, and of the applicant who took it back', () => {
    const tell = (before: Partial<Registration>) => outcome(before, approve)
    const told = { code: 'already_decided', at: NOON }
    expect(tell({ state: 'denied', decidedBy: 'm2' })).toEqual({ ...told, state: 'denied', by: 'm2' })
    expect(tell({ state: 'withdrawn' })).toEqual({ ...told, state: 'withdrawn', by: null })
    expect(tell({ state: 'verified' })).toMatchObject({ code: 'wrong_state' })
    expect(tell({ state: 'completed' })).toMatchObject({ code: 'wrong_state' })
  })
})

describe('a verdict that is taken back', () => {
  const undo = { type: 'undo', nameFree: true, told: false, since: NOON - 1000 } as const
  const decided = {
    decidedBy: 'm1',
    message: 'Sorry',
    silent: true,
    category: 'spam',
    holdsName: false,
  } as const
  const back = {
    changed: {
      state: 'requested',
      stateSince: NOON - 1000,
      holdsName: true,
      decidedBy: null,
      message: null,
      silent: false,
      category: null,
    },
    events: [{ kind: 'undone' }],
    jobs: [],
  }
  const resting = { undoMs: 2 * 60_000 }

  test('while it rests, while it is not open, and while both', () => {
    expect(outcome({ state: 'denied', account: 'filled', ...decided }, undo, resting)).toEqual({
      ...back,
      recall: true,
    })
    const approved = { state: 'approved', account: 'filled', ...decided } as const
    expect(outcome(approved, undo)).toEqual({ ...back, stops: true })
    expect(outcome(approved, undo, resting)).toEqual({ ...back, recall: true, stops: true })
  })

  test('and not when neither', () => {
    const late = { code: 'undo_too_late' }
    expect(outcome({ state: 'denied', account: 'filled', ...decided }, undo)).toEqual(late)
    expect(outcome({ state: 'approved', account: 'open', ...decided }, undo)).toEqual(late)
    expect(outcome({ state: 'approved', account: 'none', ...decided }, undo)).toEqual(late)
  })

  const denial = { decidedBy: 'm2', message: 'No', silent: false, category: 'other', since: NOON - 5000 }
  test('of what was reopened: it is denied again, as it was', () => {
    const reopened = { state: 'approved', account: 'none', ...decided, holdsName: true, denial } as const
    expect(outcome(reopened, undo, resting)).toEqual({
      changed: {
        state: 'denied',
        stateSince: NOON - 5000,
        decidedBy: 'm2',
        message: 'No',
        silent: false,
        category: 'other',
        holdsName: false,
        denial: null,
      },
      events: [{ kind: 'undone' }],
      jobs: [],
      recall: true,
    })
    // Its own password is set by then, and the mail to do so is told.
    expect(outcome({ ...reopened, account: 'filled' }, { ...undo, told: true })).toEqual({
      code: 'undo_too_late',
    })
  })

  test('a denial that is reopened', () => {
    const action = { type: 'reopen', nameFree: true, removing: false } as const
    const words = { moderator: 'm3', message: 'After all', silent: false }
    const { since, ...was } = denial
    const before = { state: 'denied', account: 'removed', ...was, stateSince: since, remindedAt: 1 } as const
    const { undoMs } = resting
    const late = { now: NOON + 1, undoMs: 100 }
    expect(outcome({ ...before, holdsName: false }, { ...action, ...words }, late)).toEqual({
      changed: {
        state: 'approved',
        stateSince: NOON + 1,
        holdsName: true,
        decidedBy: 'm3',
        message: 'After all',
        category: null,
        remindedAt: null,
        denial,
      },
      events: [{ kind: 'reopened', detail: { silent: false } }],
      jobs: [setPassword],
      rest: 100,
    })
    expect(outcome(before, { ...action, ...words }, { undoMs })).toEqual({ code: 'reopen_too_early' })
    expect(outcome(before, { ...action, ...words, removing: true })).toEqual({ code: 'reopen_too_early' })
    expect(outcome(before, { ...action, ...words, nameFree: false })).toEqual({ code: 'username_taken' })
    expect(outcome({ ...before, account: 'doubtful' }, { ...action, ...words })).toMatchObject({
      code: 'wrong_state',
    })
  })
})

describe('after the approval', () => {
  test('the password is set', () => {
    const set = (before: Partial<Registration>, change: Partial<Policy> = {}) =>
      outcome({ state: 'approved', account: 'filled', ...before }, { type: 'password_set' }, change)
    expect(set({})).toEqual({
      changed: {},
      events: [{ kind: 'password_set' }],
      jobs: [{ kind: 'open_account' }],
    })
    for (const consentVersion of ['1.0', null]) {
      const before = { state: 'approved', account: 'filled', consentVersion: '0.9' } as const
      expect(outcome(before, { type: 'password_set', accepted: { consentVersion } })).toMatchObject({
        changed: { legalAcceptedAt: NOW, consentVersion },
        events: [{ kind: 'password_set' }],
      })
    }
    for (const account of ['none', 'locked', 'open', 'doubtful'] as const)
      expect(set({ account })).toMatchObject({ code: 'wrong_state' })
    expect(set({ decidedBy: 'm1' }, { undoMs: 2 * 60_000 })).toMatchObject({ code: 'wrong_state' })
  })

  test.each([true, false])('the account is open, silent: %s', (silent) => {
    const before = { state: 'approved', account: 'filled', consentVersion: '1.0', silent } as const
    const policy = { autoJoin: ['#a:x'], welcome: !silent }
    expect(outcome(before, { type: 'opened' }, policy)).toEqual({
      changed: { state: 'completed', stateSince: NOW, account: 'open' },
      events: [{ kind: 'account_opened' }],
      jobs: [
        { kind: 'consent', version: '1.0' },
        ...(silent ? [] : [{ kind: 'mail', mail: 'approved' }]),
        { kind: 'bind_address' },
        { kind: 'join_room', room: '#a:x' },
        ...(silent ? [] : [{ kind: 'welcome' }]),
      ],
    })
  })

  test('its applicant is reminded', () => {
    const before = { state: 'approved', account: 'none', stateSince: 0 } as const
    expect(outcome(before, { type: 'remind' })).toEqual({
      changed: { remindedAt: NOW },
      events: [{ kind: 'reminded' }],
      jobs: [{ kind: 'mail', mail: 'set_password', reminder: true }],
    })
  })

  test('its time is over', () => {
    expect(outcome({ state: 'denied', account: 'locked', stateSince: 0 }, { type: 'expire' })).toEqual({
      next: null,
      events: [{ kind: 'gone', detail: { state: 'denied' } }],
      jobs: [removal],
    })
  })
})

describe('where the homeserver knows better', () => {
  test('the account is open', () => {
    expect(outcome({ state: 'requested', account: 'open' }, { type: 'found_open' })).toEqual({
      changed: { state: 'completed', stateSince: NOW },
      events: [{ kind: 'found_open' }],
      jobs: [],
    })
  })

  test('the account is removed', () => {
    expect(outcome({ state: 'requested', account: 'removed' }, { type: 'found_removed' })).toEqual({
      changed: { state: 'denied', stateSince: NOW, silent: true, holdsName: false },
      events: [{ kind: 'found_removed' }],
      jobs: [],
    })
  })

  test('the account is missing', () => {
    const missing = (before: Partial<Registration>, change: Partial<Policy> = {}) =>
      outcome({ remindedAt: 1, ...before }, { type: 'account_missing' }, change)
    const events = [{ kind: 'account_missing' }]
    const anew = { stateSince: NOW, remindedAt: null }
    expect(missing({ state: 'verified' })).toEqual({ changed: {}, events, jobs: [] })
    expect(missing({ state: 'requested' })).toEqual({
      changed: { ...anew, state: 'verified' },
      events,
      jobs: [{ kind: 'mail', mail: 'known_address', language: 'en', incomplete: true }],
    })
    expect(missing({ state: 'requested' }, { password: 'after_approval' })).toEqual({
      changed: {},
      events,
      jobs: [],
    })
    expect(missing({ state: 'approved' })).toEqual({ changed: anew, events, jobs: [setPassword] })
    expect(missing({ state: 'completed' })).toEqual({
      changed: { ...anew, state: 'approved' },
      events,
      jobs: [setPassword],
    })
    expect(missing({ state: 'denied' })).toMatchObject({ code: 'wrong_state' })
  })

  test('the account is somebody else’s', () => {
    const lose = (before: Partial<Registration>, filled: boolean) =>
      outcome(before, { type: 'lose_account', filled })
    const events = [{ kind: 'name_lost' }]
    expect(lose({ state: 'approved' }, false)).toEqual({ changed: { holdsName: false }, events, jobs: [] })
    expect(lose({ state: 'approved' }, true)).toEqual({
      changed: { holdsName: false, stateSince: NOW },
      events,
      jobs: [setPassword],
    })
    for (const state of ['started', 'denied', 'completed', 'withdrawn'] as const)
      expect(lose({ state }, false)).toMatchObject({ code: 'wrong_state' })
  })

  test('nothing is on its way that opens it', () => {
    expect(outcome({ state: 'approved', account: 'filled' }, { type: 'resume_opening' })).toEqual({
      changed: {},
      events: [{ kind: 'job_retried', detail: { job: 'open_account' } }],
      jobs: [{ kind: 'open_account' }],
    })
  })
})

test('a claim that is given back is nobody’s', () => {
  const mine = { state: 'requested', claimedBy: 'm1', claimedAt: NOON } as const
  expect(outcome(mine, { type: 'release', moderator: 'm1' })).toEqual({
    changed: { claimedBy: null, claimedAt: null },
    events: [{ kind: 'released' }],
    jobs: [],
  })
})

test('a claim without a name is nobody’s', () => {
  const nobodys = { state: 'requested', claimedBy: null, claimedAt: NOON } as const
  expect(outcome(nobodys, { type: 'take', moderator: 'm1', over: false })).toEqual({
    changed: { claimedBy: 'm1', claimedAt: NOW },
    events: [{ kind: 'taken' }],
    jobs: [],
  })
})
