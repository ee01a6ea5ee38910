import type { NewJob, Outside } from '$lib/registration/job'
import { announceAnew, announceOnce, forgetAnnouncement } from '../database/announcements'
import { endWaiting } from '../database/jobs'
import { reviveMails } from '../database/refused-mails'
import type { RegistrationParts } from './transaction'

export type Announcements = ReturnType<typeof createAnnouncements>

/** What moderators are told once while it lasts: outages, and rooms that cannot be joined. */
export function createAnnouncements({ database, clock, transaction: { enqueue } }: RegistrationParts) {
  return {
    /** Announces something to the moderators once, true since `at`; it is announced again after it was cleared. */
    async warnOnce(key: string, text: string, jobs: NewJob[], at = clock()): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceOnce(tx, key, text, at))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Changes the text of the announcement. */
    warnAnew: (key: string, text: string) => database.write((tx) => announceAnew(tx, key, text)),

    /** Clears an announcement, and releases jobs that waited for these to work. */
    endOutage: (key: string, outsides: Outside[]) =>
      database.write(async (tx) => {
        await forgetAnnouncement(tx, key)
        await endWaiting(tx, outsides)
        if (outsides.includes('mail')) await reviveMails(tx, { ids: null, error: null, runAt: clock() })
      }),
  }
}
