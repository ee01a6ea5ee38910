import { m } from '$lib/paraglide/messages'
import { isAsked } from '$lib/registration/decide-talk'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import type { JobMail } from '../definition'

/** A question of the moderators. `link`: where to answer it. */
interface Data {
  kind: 'question'
  matrixId: string
  question: string
  link: string
}

export const question: JobMail<'question', Data> = {
  async compose({ at }, registration, sources) {
    if (!isAsked(registration, sources.policy())) return null
    const matrixId = matrixIdOf(registration.username, sources.domain)
    const question = await sources.question(registration, at)
    return { kind: 'question', matrixId, question, link: await sources.statusLink(registration) }
  },

  content: ({ matrixId, question, link }, { in_, applicant }) => ({
    subject: m.mail_question_subject({ matrixId }, in_),
    heading: m.mail_question_heading({}, in_),
    literals: [matrixId],
    paragraphs: [m.mail_question_asked({ matrixId }, in_)],
    quote: question,
    action: { label: m.mail_question_button({}, in_), link },
    after: [m.mail_question_after({}, in_)],
    footer: applicant,
  }),
}
