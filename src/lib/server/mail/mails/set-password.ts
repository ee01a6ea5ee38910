import { m } from '$lib/paraglide/messages'
import { awaitsPassword } from '$lib/registration/state'
import { DAY } from '$lib/registration/time'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import { momentText } from '$lib/text/moment'
import { introduced, quoted, type Wording } from '../content'
import type { JobMail } from '../definition'

/**
 * Approved, but the password is still to be set (`password: after_approval`). `until`: when the request is deleted, in
 * milliseconds since 1970; `nameLost`: the registration does not hold its username, so another one comes first.
 */
interface Data {
  kind: 'set_password'
  matrixId: string
  message: string | null
  link: string
  until: number
  reminder: boolean
  nameLost: boolean
}

export const setPassword: JobMail<'set_password', Data> = {
  async compose({ reminder }, registration, { domain, approvedDays, statusLink }) {
    if (!awaitsPassword(registration)) return null
    const { username, message, stateSince, holdsName } = registration
    const until = stateSince + approvedDays * DAY
    const matrixId = matrixIdOf(username, domain)
    const link = await statusLink(registration)
    return { kind: 'set_password', matrixId, message, link, until, reminder, nameLost: !holdsName }
  },

  content: (mail, wording) => {
    const { matrixId, message, link, until, nameLost } = mail
    const { subject, heading, words, label, after } = nameLost
      ? toRename(mail, wording)
      : toSet(mail, wording)
    return {
      subject,
      heading,
      literals: [matrixId],
      paragraphs: [...words, ...introduced(message, wording)],
      ...quoted(message),
      action: { label, link },
      after: [
        m.mail_password_until({ until: momentText(until, wording.in_.locale, 'UTC') }, wording.in_),
        ...after,
      ],
      footer: wording.applicant,
    }
  },
}

const toSet = ({ matrixId, reminder }: Data, { in_ }: Wording) => ({
  subject: reminder
    ? m.mail_password_reminder_subject({ matrixId }, in_)
    : m.mail_password_subject({ matrixId }, in_),
  heading: m.mail_password_heading({}, in_),
  words: [m.mail_password_next({ matrixId }, in_)],
  label: m.mail_password_button({}, in_),
  after: [m.mail_password_name({}, in_)],
})

const toRename = ({ matrixId, reminder }: Data, { in_ }: Wording) => ({
  subject: reminder
    ? m.mail_lost_reminder_subject({ matrixId }, in_)
    : m.mail_lost_subject({ matrixId }, in_),
  heading: m.wizard_lost_title({}, in_),
  words: [m.mail_lost_text({ matrixId }, in_), m.wizard_lost_approved({}, in_)],
  label: m.wizard_lost_title({}, in_),
  after: [],
})
