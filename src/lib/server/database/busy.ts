import { OutcomeUnknown } from './commit-once'

/** Whether an error means that another connection holds the lock, or that ours was replaced during a call. */
export function isBusy(error: unknown): boolean {
  if (error instanceof OutcomeUnknown) return false
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (code.startsWith('SQLITE_BUSY') || code === 'CLIENT_CLOSED') return true
  }
  return false
}
