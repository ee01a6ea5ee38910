import type { JobResult } from '../registrations/job-results'
import type { Mail } from '../mail/mail'
import { cancelled, DONE, type JobServices } from './run'

/** Messages of a kind that the operator does not want. */
export const OFF = cancelled('Messages of this kind are turned off in the configuration')

/** Sends an email for the moderators to the configured addresses, or to those of them (`to`) that are left. */
export async function mailOperators(
  mail: Mail,
  { mailer, operators, site }: Pick<JobServices, 'mailer' | 'operators' | 'site'>,
  { id, to = operators.to }: { id: string; to?: string[] | undefined },
): Promise<JobResult> {
  await mailer.send({ to, language: site.language, mail, id })
  return DONE
}

/** Sends a message to the moderators' room. `id`, the transaction ID, is the job's own, so that a repeat sends once. */
export async function tellRoom(
  text: string,
  { homeserver, rooms }: Pick<JobServices, 'homeserver' | 'rooms'>,
  id: string,
): Promise<JobResult> {
  if (rooms.adminRoom === null) return OFF
  await homeserver.sendMessage(rooms.adminRoom.room, id, { text })
  return DONE
}
