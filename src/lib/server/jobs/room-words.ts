import { ownName } from '$lib/registration/language'
import { withoutLinks, withoutLinksInAddress, withoutLinksInId } from '$lib/registration/linkable'
import type { Registration } from '$lib/registration/registration'
import type { RoomAnswer } from '$lib/registration/room-answer'
import { QUESTION_MAXIMUM } from '$lib/registration/talk'
import { matrixId } from '$lib/registration/username'
import { withoutDirections } from '$lib/moderation/visible-text'
import { m } from '$lib/paraglide/messages'
import { fillTemplate } from '../text/template'
import type { JobServices } from './run'

type Place = Pick<JobServices, 'site'> & { homeserver: Pick<JobServices['homeserver'], 'domain'> }

/** Of a reason in the room, in code points: twice in one event, which has 65,536 bytes at most (Matrix, "Size limits"). */
const MOST_SHOWN = 4000

/** What the words about a request depend on besides itself. */
export interface NoticeFacts {
  /** The username of the moderator who decided, if one did. */
  by: string | null
  /** A step failed. */
  isStuck: boolean
  /** The username of the moderator who has it while it waits; null: nobody. */
  takenBy: string | null
  /** It was decided in the room, and can be undone there for so long after that; null: it cannot. */
  rest: { seconds: number } | null
  /** Moderators decide in the room, too. */
  decides: boolean
}

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
 * that waits; afterwards only our words, whatever the operator's template had.
 */
export function wordsNow(
  registration: Registration,
  { first, by, isStuck, takenBy, rest, decides }: NoticeFacts & { first: string },
  place: Place,
): string {
  const locale = { locale: place.site.language }
  const outcome = outcomeOf(registration, by, place)
  const waits = outcome === null
  const lines = [
    outcome,
    waits || rest === null ? null : m.room_rest(rest, locale),
    isStuck ? m.room_stuck({}, locale) : null,
    waits ? first : ours(registration, place, 'request'),
    waits && decides && takenBy !== null ? m.room_taken_by({ by: takenBy }, locale) : null,
    waits && decides ? m.room_hint({}, locale) : null,
  ]
  return lines.filter((line) => line !== null).join('\n')
}

/**
 * What moderators need to know of a request that waits, for the thread of its message: what it says, in which language,
 * and whether it is flagged (`isHeld`). Nothing of address, network or invitation, nor of anybody else.
 */
export function detailsWords(
  registration: Registration,
  { isHeld }: { isHeld: boolean },
  place: Place,
): { text: string; html: string } {
  const locale = { locale: place.site.language }
  const reason = [...withoutLinks(withoutDirections(registration.reason ?? ''))]
  const shown = reason.slice(0, MOST_SHOWN).join('') + (reason.length > MOST_SHOWN ? '…' : '')
  const head = shown === '' ? m.room_details_no_reason({}, locale) : m.room_details_reason({}, locale)
  const more = [
    m.room_details_language({ language: ownName(registration.language) }, locale),
    isHeld ? m.room_details_closer({ link: linkTo(registration, place) }, locale) : null,
  ].filter((line) => line !== null)
  const code = shown === '' ? '' : `<pre><code>${escaped(shown)}</code></pre>`
  return {
    text: [head, ...(shown === '' ? [] : [shown, '']), ...more].join('\n'),
    html: `<p>${escaped(head)}</p>${code}<p>${more.map(escaped).join('<br>')}</p>`,
  }
}

/** What is said to somebody who did something in the room. `by`: the username of the moderator whom it names. */
export function answerWords(says: RoomAnswer, by: string | null, { site }: Pick<Place, 'site'>): string {
  const locale = { locale: site.language }
  switch (says) {
    case 'approved':
      return by === null ? m.room_answer_approved({}, locale) : m.room_answer_approved_by({ by }, locale)
    case 'denied':
      return by === null ? m.room_answer_denied({}, locale) : m.room_answer_denied_by({ by }, locale)
    case 'withdrawn':
      return m.room_answer_withdrawn({}, locale)
    case 'changed':
      return m.room_answer_changed({}, locale)
    case 'undo_too_late':
      return m.room_answer_undo_too_late({}, locale)
    case 'nothing_to_undo':
      return m.room_answer_nothing_to_undo({}, locale)
    case 'too_long':
      return m.room_answer_too_long({ maximum: QUESTION_MAXIMUM }, locale)
    case 'not_linked':
      return m.room_answer_not_linked({ link: `${site.url}/admin/account#matrix-id` }, locale)
    case 'second_factor_needed':
      return m.room_answer_second_factor_needed({ link: `${site.url}/admin/account` }, locale)
    case 'encrypted_room':
      return m.room_answer_encrypted_room({}, locale)
    case 'claimed':
      return by === null ? m.room_answer_claimed({}, locale) : m.room_answer_claimed_by({ by }, locale)
    case 'not_ready':
      return m.room_answer_not_ready({}, locale)
    case 'asked':
      return m.room_answer_asked({}, locale)
    case 'noted':
      return m.room_answer_noted({}, locale)
    case 'not_possible':
      return m.room_answer_not_possible({ link: `${site.url}/admin` }, locale)
    default:
      return says satisfies never
  }
}

/** Null: it waits. */
function outcomeOf({ state, probation }: Registration, by: string | null, { site }: Place): string | null {
  const locale = { locale: site.language }
  switch (state) {
    case 'started':
    case 'verified':
      return m.room_incomplete({}, locale)
    case 'requested':
      return null
    case 'approved':
    case 'completed':
      if (probation !== 'none')
        return by === null
          ? m.room_approved_probation({}, locale)
          : m.room_approved_probation_by({ by }, locale)
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

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
