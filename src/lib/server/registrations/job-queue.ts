import type { NewJob } from '$lib/registration/job'
import { announceDaily } from '../database/announcements'
import type { Transaction } from '../database/open'
import type { RegistrationParts } from './transaction'

export type JobQueue = ReturnType<typeof createJobQueue>

/** Queues jobs that no decision on a registration asks for. */
export function createJobQueue({ database, clock, transaction: { enqueue } }: RegistrationParts) {
  return {
    enqueue: (jobs: NewJob[]) => database.write((tx) => enqueue(tx, null, jobs)),

    /** The same, with other writes in one transaction. */
    enqueueIn: (tx: Transaction, jobs: NewJob[]) => enqueue(tx, null, jobs),

    /** Queues jobs unless this was done under this key within the last 24 hours; returns whether they were due. */
    async enqueueDaily(key: string, jobs: NewJob[]): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceDaily(tx, key, clock()))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },
  }
}
