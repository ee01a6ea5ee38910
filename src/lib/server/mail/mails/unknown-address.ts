import { m } from '$lib/paraglide/messages'
import type { JobMail, Sources } from '../definition'

/** Somebody requested their link, and there is no registration with this address. `link` starts one. */
export interface UnknownAddress {
  kind: 'unknown_address'
  link: string
}

/** What it says to anybody. */
export const noOpenRequest = ({ startLink: link }: Sources): UnknownAddress => ({
  kind: 'unknown_address',
  link,
})

export const unknownAddress: JobMail<'unknown_address', UnknownAddress> = {
  compose: async (_, sources) => noOpenRequest(sources),

  content: ({ link }, { in_, site, applicant }) => ({
    subject: m.mail_unknown_subject({ site }, in_),
    heading: m.mail_unknown_heading({}, in_),
    literals: [],
    paragraphs: [m.mail_unknown_asked({ site }, in_)],
    action: { label: m.mail_unknown_button({}, in_), link },
    after: [m.mail_ignore({}, in_)],
    footer: applicant,
  }),
}
