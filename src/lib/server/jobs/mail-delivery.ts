import type { MailStanding } from '$lib/registration/mail-standing'
import { findMail, findMailOfLink, findNewestMail, type MailRow } from '../database/registration-mails'
import type { Database } from '../database/open'
import type { CircuitBreakers } from '../outages/circuit-breaker'

/**
 * When an email was accepted or rejected is reported in steps of this length since it was requested: the extra cost
 * of an email to a known address, compared with an unknown one, disappears in them.
 */
const STEP_MS = 250

/**
 * The status of emails. Whoever has an email's random ID requested it; the status reveals nothing about the
 * recipient.
 */
export function createMailDeliveries({
  database,
  outages,
  clock,
}: {
  database: Database
  outages: Pick<CircuitBreakers, 'isMailOut'>
  clock: () => number
}) {
  function standingOf(row: MailRow | null): MailStanding | null {
    if (row === null) return null
    const { state, error, blame, unanswered, createdAt, finishedAt } = row
    if (finishedAt !== null) {
      const steps = Math.ceil(Math.max(finishedAt - createdAt, 0) / STEP_MS)
      if (clock() < createdAt + steps * STEP_MS) return error === null ? 'being_sent' : 'waiting'
    }
    switch (state) {
      case 'done':
        return 'sent'
      case 'failed':
        if (blame === 'receiver') return 'refused'
        return unanswered > 0 ? 'unconfirmed' : 'failed'
      case 'waiting':
      case 'running':
        if (unanswered > 0) return 'unconfirmed'
        return error !== null || outages.isMailOut() ? 'waiting' : 'being_sent'
      case 'cancelled':
        return null
    }
  }

  return {
    /** Null: the email no longer exists, or was not needed. */
    of: async (id: string) => standingOf(await database.read((reader) => findMail(reader, id))),

    /** Of the latest email to a registration. */
    newest: (registrationId: string) =>
      database.read(async (reader) => standingOf(await findNewestMail(reader, registrationId, null))),

    /** Of the email with a moderator's link. */
    ofLink: async (link: string, email: string) =>
      standingOf(await database.read((reader) => findMailOfLink(reader, link, email))),
  }
}
