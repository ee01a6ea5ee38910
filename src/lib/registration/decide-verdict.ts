import {
  isResting,
  YES,
  type Action,
  type Become,
  type Decision,
  type Policy,
  type Verdict,
} from './decision'
import { removal } from './following'
import type { NewJob } from './job'
import type { Refusal } from './refusal'
import type { Registration } from './registration'
import { isOpeningFailed, isUnopened } from './state'

type Of<K extends Action['type']> = Extract<Action, { type: K }>

/**
 * A verdict on a request, a denial of what is approved and not open yet, or either on an approval that cannot be carried
 * out; it rests. Null where the request is not ready for it.
 */
export function decideRequest(
  become: Become,
  registration: Registration,
  action: Of<'approve' | 'deny'>,
  policy: Policy,
): Decision | null {
  const { state, decidedBy } = registration
  const anew = isOpeningFailed(registration)
  const stops = action.type === 'deny' && isUnopened(registration)
  if (state !== 'requested' && !anew && !stops)
    return decidedBy !== null || state === 'withdrawn'
      ? { ok: false, refusal: decidedAlready(registration) }
      : null
  const decision =
    action.type === 'deny'
      ? deny(become, registration, action)
      : anew
        ? approveAnew(become, action)
        : approve(become, registration, action, { isToCome: policy.password === 'after_approval' })
  if (decision === null) return null
  return { ...decision, rest: policy.undoMs, ...(stops ? { stops: true } : {}) }
}

/**
 * Takes a decision back: one that rests, and an approval as long as its account is not open and nothing was told. The
 * request waits again; what was reopened is denied again, as it was.
 */
export function undo(registration: Registration, action: Of<'undo'>, policy: Policy): Decision {
  const { denial, account } = registration
  const stops = isUnopened(registration) && account === 'filled' && denial === null
  const recall = isResting(registration, policy)
  if (!stops && !recall) return { ok: false, refusal: { code: 'undo_too_late' } }
  if (denial !== null) {
    const { since: stateSince, ...words } = denial
    const again = { ...registration, ...words, stateSince, state: 'denied' as const, holdsName: false }
    return { ...YES({ ...again, denial: null }, [{ kind: 'undone' }]), recall: true }
  }
  if (!action.nameFree) return { ok: false, refusal: { code: 'username_taken' } }
  const undone = { ...registration, state: 'requested' as const, stateSince: action.since, holdsName: true }
  const nothing = { decidedBy: null, message: null, silent: false, category: null }
  const decision = YES({ ...undone, ...nothing }, [{ kind: 'undone' }])
  return { ...decision, ...(recall ? { recall } : {}), ...(stops ? { stops } : {}) }
}

/**
 * Approves what was denied, once the denial was carried out: the account went with it, so the applicant sets a
 * password anew. Rests like every decision. Null where nothing was denied, or its account is in other hands.
 */
export function reopen(
  become: Become,
  registration: Registration,
  action: Of<'reopen'>,
  policy: Policy,
): Decision | null {
  const { state, account } = registration
  if (state !== 'denied') return null
  if (isResting(registration, policy) || action.removing)
    return { ok: false, refusal: { code: 'reopen_too_early' } }
  if (account !== 'none' && account !== 'removed') return null
  if (!action.nameFree) return { ok: false, refusal: { code: 'username_taken' } }
  const { moderator: decidedBy, message, silent } = action
  const reopened = {
    ...become('approved'),
    holdsName: true,
    decidedBy,
    message,
    silent,
    category: null,
    remindedAt: null,
    denial: denialOf(registration),
  }
  const mail: NewJob = { kind: 'mail', mail: 'set_password', reminder: false }
  return { ...YES(reopened, [{ kind: 'reopened', detail: { silent } }], [mail]), rest: policy.undoMs }
}

function denialOf({ decidedBy, message, silent, category, stateSince: since }: Registration) {
  return { decidedBy, message, silent, category, since }
}

function deny(become: Become, registration: Registration, verdict: Verdict) {
  const { moderator: decidedBy, message, silent, category = null } = verdict
  const denied = { ...become('denied'), decidedBy, message, silent, category, holdsName: false }
  const mail: NewJob[] = silent ? [] : [{ kind: 'mail', mail: 'denied' }]
  const detail = category === null ? { silent } : { silent, category }
  return YES(denied, [{ kind: 'denied', detail }], [...removal(registration), ...mail])
}

/**
 * For an approved registration whose account cannot be opened: whatever became of that, it is brought back or made anew
 * once the password is set again. That is what an approval after it was deactivated at the homeserver means, so nothing
 * but a moderator's word does it.
 */
function approveAnew(become: Become, { moderator: decidedBy, message, silent }: Verdict) {
  const next = {
    ...become('approved'),
    decidedBy,
    message,
    silent,
    remindedAt: null,
    account: 'reviving' as const,
  }
  const mail: NewJob = { kind: 'mail', mail: 'set_password', reminder: false }
  return { ...YES(next, [{ kind: 'approved_anew', detail: { silent } }], [mail]), ledger: next.account }
}

/**
 * Null where the account is not ready for it. `isToCome`: the password is set after the approval, whatever stands of the
 * account by then. `detail`: what the audit trail says of it besides.
 */
export function approve(
  become: Become,
  { account }: Registration,
  verdict: Verdict,
  { isToCome = false, detail = {} }: { isToCome?: boolean; detail?: Record<string, string> } = {},
) {
  const isReady = account === 'filled' || account === 'none' || account === 'reviving'
  if (account === 'open' || account === 'doubtful' || !(isReady || isToCome)) return null
  const { moderator: decidedBy, message, silent } = verdict
  const approved = { ...become('approved'), decidedBy, message, silent }
  // Without an account the mail is not a notice but the key: silence does not stop it.
  const job: NewJob =
    account === 'filled' ? { kind: 'open_account' } : { kind: 'mail', mail: 'set_password', reminder: false }
  return YES(approved, [{ kind: 'approved', detail: { silent, ...detail } }], [job])
}

/** Somebody else was faster. */
export function decidedAlready({ state, decidedBy, stateSince }: Registration): Refusal {
  return { code: 'already_decided', state, by: decidedBy, at: stateSince }
}
