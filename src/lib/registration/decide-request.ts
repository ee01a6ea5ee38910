import { approve } from './decide-verdict'
import { YES, type Action, type Become, type Decision, type Policy } from './decision'
import { notices } from './following'
import { comesBy, refusalOf, voucherOf, type Brought } from './invited'
import type { AuditEvent, Registration } from './registration'

type Of<K extends Action['type']> = Extract<Action, { type: K }>

/**
 * A request, once everything else is done for it. Where somebody answers for whoever comes by its invitation, the
 * approval follows at once; else moderators and applicant are told that it waits.
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

/** An approval in the name of who answers for the invited; it rests like every other. Null where nothing waits for one. */
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
