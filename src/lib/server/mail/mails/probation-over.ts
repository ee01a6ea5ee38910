import { m } from '$lib/paraglide/messages'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import type { SupportView } from '$lib/registration/views'
import { supportLink } from '../content'
import type { JobMail } from '../definition'

/** The account can write from now on. */
interface Data {
  kind: 'probation_over'
  matrixId: string
  support: SupportView | null
  link: string
}

export const probationOver: JobMail<'probation_over', Data> = {
  async compose(_, registration, sources) {
    const { state, probation, username } = registration
    if (state !== 'completed' || probation !== 'none') return null
    return {
      kind: 'probation_over',
      matrixId: matrixIdOf(username, sources.domain),
      support: sources.support,
      link: await sources.statusLink(registration),
    }
  },

  content: ({ matrixId, support, link }, wording) => ({
    subject: m.mail_probation_over_subject({ matrixId }, wording.in_),
    heading: m.mail_probation_over_heading({}, wording.in_),
    literals: [matrixId],
    paragraphs: [m.mail_probation_over_words({ matrixId }, wording.in_)],
    links: [
      { label: m.mail_approved_page({}, wording.in_), links: [link] },
      ...supportLink(support, m.mail_support({}, wording.in_)),
    ],
    after: [],
    footer: wording.applicant,
  }),
}
