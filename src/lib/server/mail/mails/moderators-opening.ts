import { m } from '$lib/paraglide/messages'
import type { Worded } from '../definition'
import { openingWords, type OpeningNews } from '../opening-words'

/** To the moderators and the operator: registration closed or reopened. */
interface Data extends OpeningNews {
  kind: 'moderators_opening'
  link: string
}

export const moderatorsOpening: Worded<Data> = {
  content({ link, ...news }, { in_, moderator }) {
    const said = news.open ? m.mail_opening_opened({}, in_) : m.mail_opening_closed({}, in_)
    return {
      subject: said,
      heading: said,
      literals: [],
      paragraphs: openingWords(news, in_.locale),
      action: { label: m.mail_waiting_button({}, in_), link },
      after: news.open ? [] : [m.mail_opening_after({}, in_)],
      footer: moderator,
    }
  },
}
