import {
  isDayOver,
  isDigestDue,
  waitsTooLong,
  wants,
  type Hearer,
  type NoticeReason,
} from '$lib/moderation/notices'
import type { NewJob } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'
import { announceAfter } from '../database/announcements'
import { findModerator } from '../database/moderators'
import { findHearers, findOldestWaiting, updateDigestAt } from '../database/notices'
import type { Database } from '../database/open'
import { findWaiting } from '../database/registrations'
import type { Mailer } from '../mail/mail'
import type { Registrar } from '../registrations/registrar'
import type { JobResult } from '../registrations/job-results'
import { waitingMail } from './waiting-mail'
import { HOUR } from '$lib/registration/time'

export type PersonNotices = ReturnType<typeof createPersonNotices>

const cancelled = (reason: string): JobResult => ({ state: 'cancelled', reason })

/**
 * Email to single moderators, each in its own job: one inbox that rejects everything neither stops the others nor
 * makes them get it twice. The configured addresses are handled separately (`mail-jobs.ts`).
 */
export function createPersonNotices({
  database,
  registrar,
  mailer,
  domain,
  site,
  operators,
  operatorsHours,
}: {
  database: Database
  registrar: Registrar
  mailer: Mailer
  domain: string
  site: { url: string; language: Language }
  /** Addresses that are notified of each request anyway, and of what has waited for more than `operatorsHours`. */
  operators: string[]
  operatorsHours: number
}) {
  const known = new Set(operators.map((address) => address.toLowerCase()))

  /** Whether this very email goes to the address because of the configuration. */
  function hearsAnyway({ email }: Hearer, why: NoticeReason, oldest: number): boolean {
    if (!known.has(email.toLowerCase())) return false
    return why === 'each' || (why === 'reminder' && registrar.now() - oldest > operatorsHours * HOUR)
  }

  return {
    /** Queues emails that are due. What is in the daily digest causes no second one. */
    async sweep(): Promise<void> {
      const oldest = await database.read(findOldestWaiting)
      if (oldest === null) return
      for (const { id } of await database.read(findHearers))
        await database.write(async (tx) => {
          const person = await findModerator(tx, id)
          if (person === null) return
          const now = registrar.now()
          const digest = isDigestDue(person, now)
          const late = waitsTooLong(person, oldest, now) && !hearsAnyway(person, 'reminder', oldest)
          const isOver = (last: number) => isDayOver(last, now)
          const reminder = late && (await announceAfter(tx, `reminder of ${id}`, now, isOver))
          if (!digest && !reminder) return
          if (digest) await updateDigestAt(tx, id, now)
          const why = digest ? 'digest' : 'reminder'
          await registrar.enqueueIn(tx, [{ kind: 'notify_person', moderator: id, why, since: 0 }])
        })
    },

    /** Notifies one moderator of those still waiting, if they still want that. */
    async send(job: Extract<NewJob, { kind: 'notify_person' }>, id: string): Promise<JobResult> {
      const { person, waiting } = await database.read(async (reader) => ({
        person: await findModerator(reader, job.moderator),
        waiting: await findWaiting(reader, job.since),
      }))
      if (person === null || !wants(person, job.why)) return cancelled('They no longer want this email')
      if (waiting.recent === 0) return cancelled('All of them are decided')
      if (hearsAnyway(person, job.why, waiting.oldest))
        return cancelled('This address is notified through admin.email already')
      const mail = {
        ...waitingMail(waiting, { now: registrar.now(), url: site.url, domain }),
        reminder: job.why === 'reminder',
        person: { digest: job.why === 'digest', account: `${site.url}/admin/account` },
      }
      await mailer.send({ to: [person.email], language: person.language, mail, id })
      return { state: 'done' }
    },
  }
}
