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

/** Counts why an applicant could not continue; anything else that was thrown is no refusal and is not counted. */
export function countRefusal(counter: TallyCounter, path: string, cause: unknown): void {
  const step = STEPS[path]
  if (step === undefined || !(cause instanceof RefusalError)) return
  for (const { code } of [cause.refusal, ...cause.others]) counter.count(`refused:${step}:${code}`)
}
