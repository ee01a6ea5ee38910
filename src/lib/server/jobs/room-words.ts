import { withoutLinks, withoutLinksInAddress, withoutLinksInId } from '$lib/registration/linkable'
import type { Registration } from '$lib/registration/registration'
import { matrixId } from '$lib/registration/username'
import { withoutDirections } from '$lib/moderation/visible-text'
import { m } from '$lib/paraglide/messages'
import { fillTemplate } from '../text/template'
import type { JobServices } from './run'

type Place = Pick<JobServices, 'homeserver' | 'site'>

/** A request that waits, by the operator's template, or in our words with username and link only: a room keeps it forever. */
export function requestWords(registration: Registration, template: string | null, place: Place): string {
  const { username, email, reason, exchange } = registration
  const values = {
    username: withoutLinks(username),
    matrix_domain: place.homeserver.domain,
    email: withoutLinksInAddress(email),
    reason: withoutLinks(withoutDirections(reason ?? '')),
    admin_url: linkTo(registration, place),
  }
  const text = template === null ? '' : fillTemplate(template, values).trim()
  return text === '' ? ours(registration, place, exchange === 'answered' ? 'answer' : 'request') : text
}

/**
 * What a message about a request says by now. `first`: what it said when the request was new, which it says as long as
 * that waits; afterwards only our words, whatever the operator's template had. `by`: the username of the moderator who
 * decided, if one did. `isStuck`: a step failed.
 */
export function wordsNow(
  registration: Registration,
  { first, by, isStuck }: { first: string; by: string | null; isStuck: boolean },
  place: Place,
): string {
  const outcome = outcomeOf(registration, by, place)
  const stuck = isStuck ? m.room_stuck({}, { locale: place.site.language }) : null
  const about = outcome === null ? first : ours(registration, place, 'request')
  return [outcome, stuck, about].filter((line) => line !== null).join('\n')
}

/** Null: it waits. */
function outcomeOf({ state }: Registration, by: string | null, { site }: Place): string | null {
  const locale = { locale: site.language }
  switch (state) {
    case 'started':
    case 'verified':
      return m.room_incomplete({}, locale)
    case 'requested':
      return null
    case 'approved':
    case 'completed':
      return by === null ? m.room_approved({}, locale) : m.room_approved_by({ by }, locale)
    case 'denied':
      return by === null ? m.room_denied({}, locale) : m.room_denied_by({ by }, locale)
    case 'withdrawn':
      return m.room_withdrawn({}, locale)
    default:
      return state satisfies never
  }
}

function ours(registration: Registration, place: Place, news: 'request' | 'answer'): string {
  const id = withoutLinksInId(matrixId(registration.username, place.homeserver.domain))
  const words = news === 'answer' ? m.room_answered : m.room_new_request
  return words({ matrixId: id, link: linkTo(registration, place) }, { locale: place.site.language })
}

const linkTo = ({ id }: Registration, { site }: Place) => `${site.url}/admin/registrations/${id}`
