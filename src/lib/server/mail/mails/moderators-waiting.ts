import { m } from '$lib/paraglide/messages'
import type { Worded } from '../definition'

/**
 * To the moderators: everything that is waiting. `oldestHours` is whole hours; `requests` at most ten, the ones concerned
 * first.
 */
interface Data {
  kind: 'moderators_waiting'
  waiting: number
  oldestHours: number
  requests: { matrixId: string; link: string }[]
  reminder: boolean
  link: string
  /** To a moderator who chose so; `account`: where to change that. */
  person?: { digest: boolean; account: string }
}

export const moderatorsWaiting: Worded<Data> = {
  content(
    { waiting: count, oldestHours: hours, requests, reminder, link, person },
    { in_, site, moderator },
  ) {
    const more = count - requests.length
    return {
      subject: reminder
        ? m.mail_waiting_reminder_subject({ count, hours }, in_)
        : person?.digest === true
          ? m.mail_digest_subject({ count }, in_)
          : m.mail_waiting_subject({ count, first: requests[0]?.matrixId ?? '' }, in_),
      heading: m.mail_waiting_heading({ count }, in_),
      literals: requests.map(({ matrixId }) => matrixId),
      paragraphs: hours === 0 ? [] : [m.mail_waiting_oldest({ hours }, in_)],
      list: [
        ...requests.map(({ matrixId: text, link }) => ({ text, link })),
        ...(more > 0 ? [{ text: m.mail_waiting_more({ count: more }, in_) }] : []),
      ],
      action: { label: m.mail_waiting_button({}, in_), link },
      after: [],
      ...(person === undefined
        ? { footer: moderator }
        : {
            footer: m.mail_footer_person({ site, account: person.account }, in_),
            footerLink: person.account,
          }),
    }
  },
}
