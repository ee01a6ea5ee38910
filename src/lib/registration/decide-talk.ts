import { stateForApplicant, YES, type Action, type Decision, type Policy } from './decision'
import { notices } from './following'
import type { Registration } from './registration'

type Of<K extends Action['type']> = Extract<Action, { type: K }>

/** Nobody's own. */
export const UNCLAIMED = { claimedBy: null, claimedAt: null }

/** Who a request is assigned to now, and since when; null if nobody, or if they have not been active for long. */
export function claimOf(
  { claimedBy: by, claimedAt: at }: Pick<Registration, 'claimedBy' | 'claimedAt'>,
  { now, claimMs }: Pick<Policy, 'now' | 'claimMs'>,
): { by: string; at: number } | null {
  return by === null || at === null || now >= at + claimMs ? null : { by, at }
}

/** Whether a question waits for its applicant, who does not learn yet of a decision that can still be undone. */
export function isAsked(registration: Registration, policy: Policy): boolean {
  return registration.exchange === 'asked' && stateForApplicant(registration, policy) === 'requested'
}

/** Null if it is not up for a decision. The age of the request stays: it has waited all the same. */
export function ask(
  registration: Registration,
  { moderator, text }: Of<'ask'>,
  policy: Policy,
): Decision | null {
  if (registration.state !== 'requested') return null
  const asked = { ...alive(registration, moderator, policy), exchange: 'asked' as const }
  const decision = YES(asked, [{ kind: 'asked' }], [{ kind: 'mail', mail: 'question', at: policy.now }])
  return { ...decision, wrote: { where: 'exchange', text } }
}

export function answer(registration: Registration, { text }: Of<'answer'>, policy: Policy): Decision {
  if (!isAsked(registration, policy)) return { ok: false, refusal: { code: 'nothing_asked' } }
  const answered = { ...registration, exchange: 'answered' as const }
  return {
    ...YES(answered, [{ kind: 'answered' }], notices(policy)),
    wrote: { where: 'exchange', text },
  }
}

/** Possible as long as the registration exists. */
export function note(registration: Registration, { moderator, text }: Of<'note'>, policy: Policy): Decision {
  const decision = YES(alive(registration, moderator, policy), [{ kind: 'note_added' }])
  return { ...decision, wrote: { where: 'note', text } }
}

/** Null if there is nothing to decide. Assigning it to oneself again renews it. */
export function take(
  registration: Registration,
  { moderator, over }: Of<'take'>,
  policy: Policy,
): Decision | null {
  if (registration.state !== 'requested') return null
  const claim = claimOf(registration, policy)
  if (claim !== null && claim.by !== moderator && !over)
    return { ok: false, refusal: { code: 'claimed', by: claim.by, at: claim.at } }
  const taken = { ...registration, claimedBy: moderator, claimedAt: policy.now }
  return YES(taken, claim?.by === moderator ? [] : [{ kind: 'taken' }])
}

/** Only one's own; what is assigned to nobody is released already. */
export function release(registration: Registration, { moderator }: Of<'release'>, policy: Policy): Decision {
  const claim = claimOf(registration, policy)
  if (claim === null) return YES(registration, [])
  if (claim.by !== moderator) return { ok: false, refusal: { code: 'claimed', by: claim.by, at: claim.at } }
  return YES({ ...registration, ...UNCLAIMED }, [{ kind: 'released' }])
}

/** A sign of activity of the moderator it is assigned to. */
function alive(registration: Registration, moderator: string, policy: Policy): Registration {
  const mine = claimOf(registration, policy)?.by === moderator
  return mine ? { ...registration, claimedAt: policy.now } : registration
}
