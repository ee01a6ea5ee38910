import type { Metrics } from '../metrics/metrics'
import type { TallyCounter } from '../statistics/counter'
import { RefusalError } from './refusal-error'

/** The registration step of each applicant's call; pages have words for these. */
const STEPS: Record<string, 'name' | 'email' | 'link' | 'account' | 'password'> = {
  'registration.checkUsername': 'name',
  'registration.chooseUsername': 'name',
  'registration.checkInvitation': 'name',
  'registration.start': 'email',
  'registration.sendLink': 'email',
  'verification.confirm': 'link',
  'verification.renew': 'link',
  'registration.resume': 'link',
  'registration.request': 'account',
  'registration.setPassword': 'password',
}

/**
 * Counts a refusal: for Prometheus, and in the statistics, if an applicant could not continue. Anything else that was
 * thrown is no refusal and is not counted.
 */
export function countRefusal(
  { tallyCounter, metrics }: { tallyCounter: TallyCounter; metrics: Pick<Metrics, 'refused'> },
  path: string,
  cause: unknown,
): void {
  if (!(cause instanceof RefusalError)) return
  const step = STEPS[path]
  for (const { code } of [cause.refusal, ...cause.others]) {
    metrics.refused(code)
    if (step !== undefined) tallyCounter.count(`refused:${step}:${code}`)
  }
}
