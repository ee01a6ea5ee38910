import type { JobOf } from '$lib/registration/job'
import { m } from '$lib/paraglide/messages'
import { openingWords } from '../../mail/opening-words'
import type { JobResult } from '../../registrations/job-results'
import { cancelled, type JobServices } from '../run'
import { mailOperators, tellRoom } from '../to-moderators'

/** Tells operator and moderators that registration closed or opened automatically, unless that has changed since. */
export async function warnOpening(
  { by, open, why, at, to }: JobOf<'warn_opening'>,
  services: Pick<
    JobServices,
    'database' | 'intake' | 'homeserver' | 'mailer' | 'operators' | 'rooms' | 'site'
  >,
  { id }: { id: string },
): Promise<JobResult> {
  const { url, language } = services.site
  const { opening: now, record, counts } = await services.database.read(services.intake.read)
  const isStill = now.open ? open : now.why === why && record.shut !== null && record.shut.since <= at
  if (!isStill) return cancelled('It has changed again since')
  const news = { open, why, waiting: counts.waiting, until: now.open ? null : now.until }
  const link = `${url}/admin/intake`
  if (by === 'mail') return mailOperators({ kind: 'moderators_opening', ...news, link }, services, { id, to })
  const said = open ? m.mail_opening_opened : m.mail_opening_closed
  const lines = [said({}, { locale: language }), ...openingWords(news, language), link]
  return tellRoom(lines.join(' '), services, id)
}
