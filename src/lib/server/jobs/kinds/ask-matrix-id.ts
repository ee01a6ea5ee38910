import { withoutLinks, withoutLinksInId } from '$lib/registration/linkable'
import type { JobOf } from '$lib/registration/job'
import { MINUTE } from '$lib/registration/time'
import { m } from '$lib/paraglide/messages'
import { waitText } from '$lib/text/wait-text'
import { findMatrixIdClaim, setMatrixIdClaimEvent } from '../../database/matrix-ids'
import { findModerator } from '../../database/moderators'
import type { JobResult } from '../../registrations/job-results'
import { cancelled, DONE, type JobServices } from '../run'
import { OFF } from '../to-moderators'

/** What confirms a claim, as a reaction to its message. */
const LINK = '🔗'

/**
 * Asks in the moderators' room whether a Matrix ID is a moderator's, and puts the reaction there that says yes. What they
 * claim by now counts: another claim may have taken the place of the one that this was queued for.
 */
export async function askMatrixId(
  { moderator }: JobOf<'ask_matrix_id'>,
  {
    database,
    homeserver,
    registrar,
    rooms,
    site,
  }: Pick<JobServices, 'database' | 'homeserver' | 'registrar' | 'rooms' | 'site'>,
): Promise<JobResult> {
  if (rooms.adminRoom === null) return OFF
  const { room } = rooms.adminRoom
  const { claim, username } = await database.read(async (reader) => ({
    claim: await findMatrixIdClaim(reader, moderator),
    username: (await findModerator(reader, moderator))?.username ?? '',
  }))
  if (claim === null) return cancelled('The Matrix ID is not claimed any more')
  const left = claim.expiresAt - registrar.now()
  if (left <= 0) return cancelled('The time to confirm the Matrix ID is over')
  const { job, matrixId } = claim
  const eventId =
    claim.eventId ?? (await homeserver.sendMessage(room, job, { text: text(), mentions: [matrixId] }))
  await database.write((tx) => setMatrixIdClaimEvent(tx, job, eventId))
  await homeserver.react(room, eventId, `${job}-link`, LINK)
  return DONE

  function text(): string {
    const locale = site.language
    const wait = waitText(Math.ceil(left / MINUTE), locale)
    const id = withoutLinksInId(matrixId)
    return m.room_matrix_id_asked({ name: withoutLinks(username), matrixId: id, wait }, { locale })
  }
}
