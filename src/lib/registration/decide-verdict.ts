import {
  isResting,
  undoWindow,
  YES,
  type Action,
  type Become,
  type Decision,
  type Policy,
  type Verdict,
} from './decision'
import { claimOf } from './decide-talk'
import { removal } from './following'
import type { NewJob } from './job'
import type { Refusal } from './refusal'
import { endedByDenial, NO_PROBATION, restoreApproval } from './decide-probation'
import type { Registration } from './registration'
import { isOnProbation, isOpeningFailed, isUnopened } from './state'

type Of<K extends Action['type']> = Extract<Action, { type: K }>

/** Nothing of a decision. */
export const UNDECIDED = {
  decidedBy: null,
  restMs: null,
  message: null,
  silent: false,
  category: null,
  denial: null,
  ...NO_PROBATION,
} as const

/**
 * A verdict on a request, a denial of an approval whose account is not active yet, or either on an approval that
 * cannot be carried out; it can be undone for a while. Null if the request is not ready for it.
 */
export function decideRequest(
  become: Become,
  registration: Registration,
  action: Of<'approve' | 'deny'>,
  policy: Policy,
): Decision | null {
  const { state, decidedBy } = registration
  if (action.type === 'approve' && action.probation === true && !policy.probation)
    return { ok: false, refusal: { code: 'probation_off' } }
  const anew = isOpeningFailed(registration)
  const stops = action.type === 'deny' && isUnopened(registration)
  const ends = action.type === 'deny' && isOnProbation(registration)
  if (state !== 'requested' && !anew && !stops && !ends)
    return decidedBy !== null || state === 'withdrawn'
      ? { ok: false, refusal: decidedAlready(registration) }
      : null
  const claim = action.unlessClaimed === true && state === 'requested' ? claimOf(registration, policy) : null
  if (claim !== null && claim.by !== action.moderator)
    return { ok: false, refusal: { code: 'claimed', by: claim.by, at: claim.at } }
  const decision =
    action.type === 'deny'
      ? deny(become, registration, action)
      : anew
        ? approveAnew(become, action)
        : approve(become, registration, action)
  if (decision === null) return null
  const rest = undoWindow({ restMs: action.restMs ?? null }, policy)
  return { ...decision, rest, ...(stops ? { stops: true } : {}) }
}

/**
 * Undoes a decision: a pending one, and an approval as long as its account is not active and nothing was announced.
 * The request waits again; a reopened one is denied again, as it was. Null if nothing is decided.
 */
export function undo(registration: Registration, action: Of<'undo'>, policy: Policy): Decision | null {
  const { state, denial, account, approval } = registration
  if (state !== 'approved' && state !== 'denied' && state !== 'completed') return null
  const stops = isUnopened(registration) && account === 'filled' && !action.told
  const recall = isResting(registration, policy)
  if (!stops && !recall) return { ok: false, refusal: { code: 'undo_too_late' } }
  if (approval !== null) return { ...YES(...restoreApproval(registration, approval)), recall: true }
  if (denial !== null) {
    const { since: stateSince, ...words } = denial
    const again = { ...registration, ...words, stateSince, state: 'denied' as const, holdsName: false }
    return { ...YES({ ...again, denial: null }, [{ kind: 'undone' }]), recall: true }
  }
  if (!action.nameFree) return { ok: false, refusal: { code: 'username_taken' } }
  const undone = { ...registration, state: 'requested' as const, stateSince: action.since, holdsName: true }
  const decision = YES({ ...undone, ...UNDECIDED }, [{ kind: 'undone' }])
  return { ...decision, ...(recall ? { recall } : {}), ...(stops ? { stops } : {}) }
}

/**
 * Approves a denied request, once the denial was carried out: its account is gone, so the applicant sets a new
 * password. Can be undone like every decision. Null if nothing was denied, or somebody else has its account.
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
    restMs: null,
    message,
    silent,
    category: null,
    remindedAt: null,
    denial: denialOf(registration),
    // Rows of older versions kept what was planned before the denial.
    ...NO_PROBATION,
  }
  const mail: NewJob = { kind: 'mail', mail: 'set_password', reminder: false }
  return { ...YES(reopened, [{ kind: 'reopened', detail: { silent } }], [mail]), rest: policy.undoMs }
}

function denialOf({ decidedBy, message, silent, category, stateSince: since }: Registration) {
  return { decidedBy, message, silent, category, since }
}

/** Of a request, or of an approval; one whose probation it ends can be returned to. */
function deny(become: Become, registration: Registration, verdict: Verdict) {
  const { moderator: decidedBy, message, silent, category = null } = verdict
  const wasOpen = isOnProbation(registration)
  const words = { decidedBy, restMs: verdict.restMs ?? null, message, silent, category, holdsName: false }
  const denied = {
    ...become('denied'),
    ...words,
    denial: null,
    ...(wasOpen ? endedByDenial(registration) : NO_PROBATION),
  }
  const mail: NewJob[] = silent ? [] : [{ kind: 'mail', mail: 'denied' }]
  const detail = {
    silent,
    ...(category === null ? {} : { category }),
    ...(wasOpen ? { probation: true } : {}),
  }
  return YES(denied, [{ kind: 'denied', detail }], [...removal(denied), ...mail])
}

/**
 * For an approved registration whose account cannot be unlocked: whatever happened to the account, it is reactivated
 * or created again once the password is set again. This is what an approval means after the account was deactivated
 * on the homeserver, so only a moderator can ask for it.
 */
function approveAnew(become: Become, verdict: Verdict) {
  const { moderator: decidedBy, message, silent } = verdict
  const next = {
    ...become('approved'),
    decidedBy,
    restMs: verdict.restMs ?? null,
    message,
    silent,
    remindedAt: null,
    denial: null,
    account: 'reviving' as const,
    probation: probationOf(verdict),
  }
  const mail: NewJob = { kind: 'mail', mail: 'set_password', reminder: false }
  return {
    ...YES(next, [{ kind: 'approved_anew', detail: { silent, ...probationDetail(verdict) } }], [mail]),
    ledger: next.account,
  }
}

/**
 * Null if the account is open, or may be somebody else's. Any other that has no password yet gets one afterwards, as
 * where passwords come after the approval. `detail`: additional data for the audit log.
 */
export function approve(
  become: Become,
  { account }: Registration,
  verdict: Verdict,
  detail: Record<string, string> = {},
) {
  if (account === 'open' || account === 'doubtful') return null
  const { moderator: decidedBy, message, silent } = verdict
  const approved = {
    ...become('approved'),
    decidedBy,
    restMs: verdict.restMs ?? null,
    message,
    silent,
    remindedAt: null,
    probation: probationOf(verdict),
  }
  // Without an account, the email is not a notice but the key: "do not notify" does not stop it.
  const job: NewJob =
    account === 'filled' ? { kind: 'open_account' } : { kind: 'mail', mail: 'set_password', reminder: false }
  return YES(
    approved,
    [{ kind: 'approved', detail: { silent, ...probationDetail(verdict), ...detail } }],
    [job],
  )
}

const probationOf = ({ probation }: Verdict) =>
  probation === true ? ('planned' as const) : ('none' as const)
const probationDetail = ({ probation }: Verdict) => (probation === true ? { probation } : {})

/** Somebody else was faster. */
export function decidedAlready({ state, decidedBy, stateSince }: Registration): Refusal {
  return { code: 'already_decided', state, by: decidedBy, at: stateSince }
}
