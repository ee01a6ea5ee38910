import { isDigestDue, waitsTooLong, type Hearer, type NoticeReason } from '$lib/moderation/notices'
import { HOUR } from '$lib/registration/time'
import { announceDaily } from '../database/announcements'
import { findModerator } from '../database/moderators'
import { findHearers, findOldestWaiting, updateDigestAt } from '../database/notices'
import type { Database } from '../database/open'
import type { JobQueue } from '../registrations/job-queue'
import type { Registrar } from '../registrations/registrar'
import type { JobServices } from './run'

/** Whether an email to this moderator goes to their address because of the configuration; `waited` in milliseconds. */
export function isNotifiedAnyway(
  { email }: Hearer,
  why: NoticeReason,
  { to, hours }: JobServices['operators'],
  waited: number,
): boolean {
  if (!to.some((address) => address.toLowerCase() === email.toLowerCase())) return false
  return why === 'each' || (why === 'reminder' && waited > hours * HOUR)
}

/**
 * Queues emails to single moderators that are due, each in its own job: one inbox that rejects everything neither
 * stops the others nor makes them get it twice. What is in the daily digest causes no second one. The configured
 * addresses are handled separately.
 */
export async function queueModeratorNotices({
  database,
  registrar,
  jobQueue,
  operators,
}: {
  database: Database
  registrar: Registrar
  jobQueue: JobQueue
  operators: JobServices['operators']
}): Promise<void> {
  const oldest = await database.read(findOldestWaiting)
  if (oldest === null) return
  for (const { id } of await database.read(findHearers))
    await database.write(async (tx) => {
      const person = await findModerator(tx, id)
      if (person === null) return
      const now = registrar.now()
      const digest = isDigestDue(person, now)
      const late =
        waitsTooLong(person, oldest, now) && !isNotifiedAnyway(person, 'reminder', operators, now - oldest)
      const reminder = late && (await announceDaily(tx, `reminder of ${id}`, now))
      if (!digest && !reminder) return
      if (digest) await updateDigestAt(tx, id, now)
      const why = digest ? 'digest' : 'reminder'
      await jobQueue.enqueueIn(tx, [{ kind: 'notify_person', moderator: id, why, since: 0 }])
    })
}
