import type { OwnPeriod, Retention } from '$lib/registration/retention'
import { DAY } from '$lib/registration/time'
import { deleteMemories } from '../database/denial-fingerprints'
import { deleteOldEvents } from '../database/events'
import type { Transaction } from '../database/open'

/** Deletes at most so many rows whose period is over; returns how many. */
type Purge = (tx: Transaction, now: number, retention: Retention, limit: number) => Promise<number>

/** How data with a retention period of its own is deleted; registrations expire by their state. */
export const PURGES: Record<OwnPeriod, Purge> = {
  // Each fingerprint has its own time, by what the period was when it was made.
  fingerprints: (tx, now, _, limit) => deleteMemories(tx, now, limit),
  audit: (tx, now, { audit }, limit) => deleteOldEvents(tx, now - audit * DAY, limit),
}
