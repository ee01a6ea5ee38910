import { m } from '$lib/paraglide/messages'
import { queueQuery, type Condition, type QueueFilter, type Tab } from '$lib/moderation/queue-filter'
import { isDeskNetwork } from '$lib/network/client-networks'
import type { Refusal } from '$lib/registration/refusal'
import { languageText } from '$lib/text/language-text'
import { refusalText } from '$lib/text/refusal-text'

export const TAB_WORDS: Record<Tab, () => string> = {
  waiting: m.desk_tab_waiting,
  asked: m.desk_tab_asked,
  probation: m.desk_tab_probation,
  trouble: m.desk_tab_trouble,
  decided: m.desk_tab_decided,
  all: m.desk_tab_all,
}

/** What an empty list says. */
export function emptyText(filter: QueueFilter): string {
  const { network, tab } = filter
  if (network !== undefined && !isDeskNetwork(network)) return m.desk_empty_network({ network })
  const isFiltered = queueQuery(filter, { tab: null, after: null, sort: null }) !== ''
  return isFiltered ? m.desk_empty_filtered() : EMPTY_WORDS[tab]()
}

const EMPTY_WORDS: Record<Tab, () => string> = {
  waiting: m.desk_empty_waiting,
  asked: m.desk_empty_asked,
  probation: m.desk_empty_probation,
  trouble: m.desk_empty_trouble,
  decided: m.desk_empty_decided,
  all: m.desk_empty_all,
}

/** Why one of several things was refused after so many were done, which ended them. */
export const endText = (refusal: Refusal, done: number): string =>
  refusal.code === 'database_unavailable' && done > 0 ? m.desk_several_outage() : refusalText(refusal)

/** A filter of a list in words. */
export function conditionText(condition: Condition, value: string): string {
  switch (condition) {
    case 'q':
      return m.desk_condition_words({ value })
    case 'name':
      return m.desk_condition_name({ value })
    case 'address':
      return m.desk_condition_address({ value })
    case 'like':
      return m.desk_condition_like()
    case 'invitation':
      return m.desk_condition_invitation()
    case 'marked':
      return value === 'yes' ? m.desk_marked_yes() : m.desk_marked_no()
    case 'from':
      return m.desk_condition_from({ value })
    case 'to':
      return m.desk_condition_to({ value })
    case 'moderator':
      return m.desk_condition_moderator({ value })
    case 'language':
      return languageText(value)
    case 'domain':
      return `@${value}`
    case 'network':
      return value
  }
}
