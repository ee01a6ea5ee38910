import { m } from '$lib/paraglide/messages'
import { awaitsPassword } from '$lib/registration/state'
import { DAY } from '$lib/registration/time'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import { introduced, quoted } from '../content'
import type { JobMail } from '../definition'

/** Approved, but the password is still to be set (`password: after_approval`). `days`: lifetime of the link. */
interface Data {
  kind: 'set_password'
  matrixId: string
  message: string | null
  link: string
  days: number
  reminder: boolean
}

export const setPassword: JobMail<'set_password', Data> = {
  async compose({ reminder }, registration, { policy, domain, approvedDays, statusLink }) {
    if (!awaitsPassword(registration)) return null
    const { username, message, stateSince } = registration
    const days = Math.max(1, Math.ceil(approvedDays - (policy().now - stateSince) / DAY))
    const matrixId = matrixIdOf(username, domain)
    return { kind: 'set_password', matrixId, message, link: await statusLink(registration), days, reminder }
  },

  content: ({ matrixId, message, link, days, reminder }, wording) => ({
    subject: reminder
      ? m.mail_password_reminder_subject({ matrixId }, wording.in_)
      : m.mail_password_subject({ matrixId }, wording.in_),
    heading: m.mail_password_heading({}, wording.in_),
    literals: [matrixId],
    paragraphs: [m.mail_password_next({ matrixId }, wording.in_), ...introduced(message, wording)],
    ...quoted(message),
    action: { label: m.mail_password_button({}, wording.in_), link },
    after: [m.mail_password_days({ days }, wording.in_)],
    footer: wording.applicant,
  }),
}
