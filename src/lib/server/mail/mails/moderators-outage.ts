import { m } from '$lib/paraglide/messages'
import { momentText } from '$lib/text/moment'
import type { Worded } from '../definition'

/** To the moderators: the homeserver is unavailable. `since` is milliseconds since 1970; `reason` a sentence. */
interface Data {
  kind: 'moderators_outage'
  since: number
  reason: string
  waiting: number
  link: string
}

export const moderatorsOutage: Worded<Data> = {
  content({ since: at, reason, waiting: count, link }, { in_, moderator }) {
    const since = momentText(at, in_.locale, 'UTC')
    return {
      subject: m.mail_outage_subject({ since }, in_),
      heading: m.mail_outage_heading({}, in_),
      literals: [],
      paragraphs: [m.mail_outage_since({ since }, in_), reason, m.mail_outage_waiting({ count }, in_)],
      english: reason,
      action: { label: m.mail_waiting_button({}, in_), link },
      after: [m.mail_outage_after({}, in_)],
      footer: moderator,
    }
  },
}
