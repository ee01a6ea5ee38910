import type { MailStanding } from '$lib/registration/mail-standing'
import { findMail, findMailOfLink, findNewestMail, type MailRow } from '../database/registration-mails'
import type { Database } from '../database/open'
import type { Outages } from '../outages/circuit-breaker'

/**
 * When a mail was taken or refused is told in steps of so long since it was asked for: what the mail to a known address
 * costs more than the one to an unknown address is lost in them.
 */
const STEP_MS = 250

export type MailStandings = ReturnType<typeof createMailStandings>

/** What is known of mails. Whoever has the random id of one asked for it; it says nothing of whom it went to. */
export function createMailStandings({
  database,
  outages,
  clock,
}: {
  database: Database
  outages: Pick<Outages, 'isMailOut'>
  clock: () => number
}) {
  function standingOf(row: MailRow | null): MailStanding | null {
    if (row === null) return null
    const { state, error, blame, createdAt, finishedAt } = row
    if (finishedAt !== null) {
      const steps = Math.ceil(Math.max(finishedAt - createdAt, 0) / STEP_MS)
      if (clock() < createdAt + steps * STEP_MS) return error === null ? 'being_sent' : 'waiting'
    }
    switch (state) {
      case 'done':
        return 'sent'
      case 'failed':
        return blame === 'receiver' ? 'refused' : 'failed'
      case 'waiting':
      case 'running':
        return error !== null || outages.isMailOut() ? 'waiting' : 'being_sent'
      case 'cancelled':
        return null
    }
  }

  return {
    /** Null: there is no such mail any more, or it was not needed. */
    of: async (id: string) => standingOf(await database.read((reader) => findMail(reader, id))),

    /** Of the newest mail to a registration. */
    newest: (registrationId: string) =>
      database.read(async (reader) => {
        const id = await findNewestMail(reader, registrationId, null)
        return id === null ? null : standingOf(await findMail(reader, id))
      }),

    /** Of the mail that carries a link to somebody at the desk. */
    ofLink: async (link: string, email: string) =>
      standingOf(await database.read((reader) => findMailOfLink(reader, link, email))),
  }
}
