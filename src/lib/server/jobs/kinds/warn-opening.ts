import type { Change, Opening, OpeningRecord } from '$lib/moderation/opening'
import type { JobOf } from '$lib/registration/job'
import { m } from '$lib/paraglide/messages'
import { openingWords } from '../../mail/opening-words'
import type { JobResult } from '../../registrations/job-results'
import { cancelled, type JobServices } from '../run'
import { mailOperators, tellRoom } from '../to-moderators'

/** Tells operator and moderators that registration closed or opened automatically, unless that has changed since. */
export async function warnOpening(
  job: JobOf<'warn_opening'>,
  services: Pick<
    JobServices,
    'database' | 'intake' | 'homeserver' | 'mailer' | 'operators' | 'rooms' | 'site'
  >,
  { id }: { id: string },
): Promise<JobResult> {
  const { by, open, to } = job
  const { url, language } = services.site
  const { opening, record, counts } = await services.database.read(services.intake.read)
  const why = whyStill(job, opening, record)
  if (why === null) return cancelled('It has changed again since')
  const news = { open, why, waiting: counts.waiting, until: opening.open ? null : opening.until }
  const link = `${url}/admin/intake`
  if (by === 'mail') return mailOperators({ kind: 'moderators_opening', ...news, link }, services, { id, to })
  const said = open ? m.mail_opening_opened : m.mail_opening_closed
  const lines = [said({}, { locale: language }), ...openingWords(news, language), link]
  return tellRoom(lines.join(' '), services, id)
}

/** Why it is open or closed, if still as the job says; another limit may have taken over since. Null: it has changed. */
function whyStill(
  { open, why, at }: JobOf<'warn_opening'>,
  opening: Opening,
  { shut }: OpeningRecord,
): Change['why'] | null {
  if (open || opening.open) return open && opening.open ? why : null
  return opening.why !== 'by_hand' && shut !== null && shut.since <= at ? shut.why : null
}
