import { m } from '$lib/paraglide/messages'
import { momentText } from '$lib/text/moment'
import type { Worded } from '../definition'

/** To the moderators: the homeserver is unavailable. `since` is milliseconds since 1970; `reason` has no full stop. */
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
    const sentence = `${reason}.`
    return {
      subject: m.mail_outage_subject({ since }, in_),
      heading: m.mail_outage_heading({}, in_),
      literals: [],
      paragraphs: [m.mail_outage_since({ since }, in_), sentence, m.mail_outage_waiting({ count }, in_)],
      english: sentence,
      action: { label: m.mail_waiting_button({}, in_), link },
      after: [m.mail_outage_after({}, in_)],
      footer: moderator,
    }
  },
}
