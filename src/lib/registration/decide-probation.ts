import { YES, type Action, type Become, type Decision, type Policy } from './decision'
import type { NewJob } from './job'
import type { Approval, AuditEvent, Registration } from './registration'
import { isOnProbation } from './state'

type Of<K extends Action['type']> = Extract<Action, { type: K }>

/** Nothing of a probation. */
export const NO_PROBATION = { probation: 'none', probationUntil: null } as const

/** Ends a probation: a job lifts the suspension. Null if there is none, or it is not over and not to end early. */
export function endProbation(
  registration: Registration,
  { early }: Of<'end_probation'>,
  policy: Policy,
): Decision | null {
  const { state, probation, probationUntil } = registration
  if (state !== 'completed' || probation !== 'running') return null
  if (!early && policy.now < (probationUntil ?? 0)) return null
  return YES(
    { ...registration, probation: 'ending' },
    [{ kind: 'probation_ended' }],
    [{ kind: 'lift_suspension' }],
  )
}

/**
 * The suspension was lifted: the applicant is told, and can be welcomed where they can answer. The data is kept from
 * now on as long as that of others.
 */
export function unsuspended(become: Become, registration: Registration, policy: Policy): Decision | null {
  if (registration.state !== 'completed' || registration.probation !== 'ending') return null
  const jobs: NewJob[] = [
    ...(registration.silent ? [] : [{ kind: 'mail', mail: 'probation_over' } as const]),
    ...(policy.welcome ? [{ kind: 'welcome' } as const] : []),
  ]
  return YES({ ...become('completed'), ...NO_PROBATION }, [{ kind: 'account_unsuspended' }], jobs)
}

/** It was lifted before: nothing is announced or done a second time. */
export function foundUnsuspended(become: Become, registration: Registration): Decision | null {
  if (!isOnProbation(registration)) return null
  return YES({ ...become('completed'), ...NO_PROBATION }, [{ kind: 'found_unsuspended' }])
}

/** What a denial that ends a probation leaves of it: the approval, to return to. */
export function endedByDenial({
  decidedBy,
  message,
  silent,
  stateSince: since,
  probation,
  probationUntil: until,
}: Registration): Pick<Registration, 'probation' | 'probationUntil' | 'approval'> {
  return { ...NO_PROBATION, approval: { decidedBy, message, silent, since, probation, until } }
}

/** Undoes a denial that ended a probation: everything is as it was. Nobody else can have got the username. */
export function restoreApproval(
  registration: Registration,
  { since, until, probation, ...words }: Approval,
): [Registration, AuditEvent[], NewJob[]] {
  const again = {
    ...registration,
    ...words,
    state: 'completed' as const,
    stateSince: since,
    category: null,
    holdsName: true,
    probation,
    probationUntil: until,
    approval: null,
  }
  return [again, [{ kind: 'undone' }], probation === 'ending' ? [{ kind: 'lift_suspension' }] : []]
}
