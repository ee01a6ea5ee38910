import type { JobKind } from '$lib/registration/job'
import type { FailureView } from '$lib/registration/views'
import type { FailedJob } from '../database/failed-jobs'
import { withoutAddresses } from '../logging/log'

/**
 * What is common to the errors of jobs that failed for one reason: without individual data such as addresses, Matrix
 * IDs, mail servers' queue IDs, and times.
 */
export function reasonOf(error: string): string {
  return withoutAddresses(error)
    .replace(/@[^\s:]+:\S+/g, '[id]')
    .replace(/https?:\/\/\S+/g, '[link]')
    .replace(/\b(?=\w*\d)(?=\w*[A-Za-z])\w{6,}\b|\b[0-9a-f-]{16,}\b|\b\d{4,}\b/gi, '[id]')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Jobs of the same kind that failed for the same reason as this one, itself included. */
export function alike(failed: FailedJob[], id: string): FailedJob[] {
  const one = failed.find((job) => job.id === id)
  if (one === undefined) return []
  const reason = reasonOf(one.error)
  return failed.filter(({ error }) => reasonOf(error) === reason)
}

/** Reasons for which more than one job failed, the most frequent first. */
export function groupFailures(failed: FailedJob[]): FailureView[] {
  const groups = new Map<string, { first: FailedJob; count: number; kinds: Set<JobKind> }>()
  for (const job of failed) {
    const reason = reasonOf(job.error)
    const group = groups.get(reason) ?? { first: job, count: 0, kinds: new Set() }
    group.count++
    group.kinds.add(job.kind)
    groups.set(reason, group)
  }
  return [...groups.values()]
    .filter(({ count }) => count > 1)
    .sort((a, b) => b.count - a.count)
    .map(({ first, count, kinds }) => ({
      job: first.id,
      error: withoutAddresses(first.error),
      count,
      kinds: [...kinds],
    }))
}
