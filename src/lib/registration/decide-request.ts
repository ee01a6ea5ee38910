import { approve, UNDECIDED } from './decide-verdict'
import { stateForApplicant, YES, type Action, type Become, type Decision, type Policy } from './decision'
import { notices, removal } from './following'
import { comesBy, refusalOf, voucherOf, type Brought } from './invited'
import type { AuditEvent, Registration } from './registration'
import { isUnopened } from './state'

type Of<K extends Action['type']> = Extract<Action, { type: K }>

/**
 * A request, once everything else is done for it. If somebody vouches for those with its invitation, the approval
 * follows at once; otherwise moderators and applicant are told that it is waiting.
 */
export function request(
  become: Become,
  registration: Registration,
  action: Of<'request'>,
  policy: Policy,
  brought: Brought | null,
): Decision {
  const own = policy.invitations !== 'off' && brought?.id === registration.invitationId ? brought : null
  const refusal = policy.invitations === 'required' ? refusalOf(own) : null
  if (refusal !== null) return { ok: false, refusal }
  const came = own !== null && comesBy(own) ? own : null
  const next = {
    ...become('requested'),
    exchange: 'none' as const,
    reason: action.reason,
    legalAcceptedAt: action.legalAccepted ? policy.now : null,
    consentVersion: action.legalAccepted ? action.consentVersion : null,
    invitationId: came?.id ?? null,
  }
  const event: AuditEvent =
    came === null ? { kind: 'requested' } : { kind: 'requested', detail: { invitation: came.id } }
  const uses = came !== null && !came.counted ? { uses: true as const } : {}
  const voucher = came === null || action.lookCloser ? null : voucherOf(came)
  if (came !== null && voucher !== null)
    return { ...YES(next, [event]), ...uses, then: { type: 'admit', voucher, invitationId: came.id } }
  return { ...YES(next, [event], [{ kind: 'mail', mail: 'requested' }, ...notices(policy)]), ...uses }
}

/**
 * An approval in the name of the invitation's sponsor; it can be undone like any other. Null if nothing waits for
 * one.
 */
export function admit(
  become: Become,
  registration: Registration,
  { voucher, invitationId }: Of<'admit'>,
  policy: Policy,
): Decision | null {
  if (registration.state !== 'requested' || registration.invitationId !== invitationId) return null
  const verdict = { moderator: voucher.id, message: null, silent: false }
  const detail = { invitation: invitationId, inviter: voucher.name }
  const approved = approve(become, registration, verdict, detail)
  return approved === null ? null : { ...approved, rest: policy.undoMs }
}

/**
 * The applicant withdraws it, as long as the account is not active. A decision made meanwhile no longer matters, and
 * is never announced if it was not yet.
 */
export function withdraw(become: Become, registration: Registration, policy: Policy): Decision | null {
  const told = stateForApplicant(registration, policy)
  if (told !== 'verified' && told !== 'requested' && !isUnopened(registration)) return null
  const withdrawn = { ...become('withdrawn'), ...UNDECIDED, holdsName: false }
  const decision = YES(withdrawn, [{ kind: 'withdrawn' }], removal(registration))
  return registration.state === 'approved' ? { ...decision, stops: true } : decision
}
