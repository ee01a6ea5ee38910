import { momentText } from '$lib/text/moment'
import { m } from '$lib/paraglide/messages'
import type { Role } from '$lib/moderation/moderator'
import type { Language } from '$lib/registration/language'
import type { Mail } from './mail'
import { openingWords } from './opening-words'

/** The text of one email, in one language, as plain text: `Letter.svelte` and the text part show the same. */
export interface Content {
  subject: string
  heading: string
  /** Set in monospace wherever it occurs in the paragraphs: Matrix IDs and addresses. */
  literals: string[]
  paragraphs: string[]
  /** Set in monospace, one per line; `link`: its target. */
  list?: { text: string; link?: string }[]
  /** A moderator's own message, with its line breaks. */
  quote?: string
  action?: { label: string; link: string }
  after: string[]
  /** Why the recipient got this email. */
  footer: string
  /** A link within the footer. */
  footerLink?: string
}

/** What the remedy for Synapse's automatic rooms refers to. */
const SETTINGS = ['registration.password', 'after_approval', 'auto_join_rooms', 'auto_join']

/** What an invitation is to, by role. */
const INVITED_AS: Record<Role, typeof m.mail_invitation_moderator> = {
  moderator: m.mail_invitation_moderator,
  administrator: m.mail_invitation_administrator,
}

/** The text for an email. */
export function contentOf(mail: Mail, locale: Language, site: { name: string; url: string }): Content {
  const in_ = { locale }
  const host = new URL(site.url).host
  const applicant = m.mail_footer_applicant({ site: site.name, host }, in_)
  const moderator = m.mail_footer_moderator({ host }, in_)
  const quoted = (message: string | null) => (message === null ? {} : { quote: message })
  const introduced = (message: string | null) => (message === null ? [] : [m.mail_message_intro({}, in_)])
  switch (mail.kind) {
    case 'verification': {
      const { matrixId } = mail
      return {
        subject:
          matrixId === null
            ? m.mail_verification_subject_unnamed({ site: site.name }, in_)
            : m.mail_verification_subject({ matrixId }, in_),
        heading: m.mail_verification_heading({}, in_),
        literals: matrixId === null ? [] : [matrixId],
        paragraphs: [
          ...(matrixId === null
            ? [m.mail_verification_asked_unnamed({ site: site.name }, in_)]
            : [
                m.mail_verification_asked({ matrixId, site: site.name }, in_),
                m.mail_verification_matrix({}, in_),
              ]),
          m.mail_verification_next({}, in_),
          ...(mail.invited ? [] : [m.mail_verification_decides({}, in_)]),
        ],
        action: { label: m.mail_verification_button({}, in_), link: mail.link },
        after: [m.mail_verification_hours({ hours: mail.hours }, in_)],
        footer: applicant,
      }
    }
    case 'known_address': {
      const stages = {
        verified: m.mail_known_verified,
        requested: m.mail_known_requested,
        approved: m.mail_known_approved,
        completed: m.mail_known_completed,
      }
      return {
        subject: m.mail_known_subject({ site: site.name }, in_),
        heading: m.mail_known_heading({}, in_),
        literals: [mail.matrixId],
        paragraphs: [
          m.mail_known_asked({ site: site.name, matrixId: mail.matrixId }, in_),
          stages[mail.stage]({}, in_),
        ],
        action: { label: m.mail_status_button({}, in_), link: mail.link },
        after: [m.mail_ignore({}, in_)],
        footer: applicant,
      }
    }
    case 'unknown_address':
      return {
        subject: m.mail_unknown_subject({ site: site.name }, in_),
        heading: m.mail_unknown_heading({}, in_),
        literals: [],
        paragraphs: [m.mail_unknown_asked({ site: site.name }, in_)],
        action: { label: m.mail_unknown_button({}, in_), link: mail.link },
        after: [m.mail_ignore({}, in_)],
        footer: applicant,
      }
    case 'requested':
      return {
        subject: m.mail_requested_subject({ matrixId: mail.matrixId }, in_),
        heading: m.mail_requested_heading({}, in_),
        literals: [mail.matrixId],
        paragraphs: [
          m.mail_requested_received({ matrixId: mail.matrixId }, in_),
          m.mail_requested_next({}, in_),
        ],
        action: { label: m.mail_status_button({}, in_), link: mail.link },
        after: [],
        footer: applicant,
      }
    case 'approved':
      return {
        subject: m.mail_approved_subject({ matrixId: mail.matrixId }, in_),
        heading: m.mail_approved_heading({}, in_),
        literals: [mail.matrixId, mail.homeserver],
        paragraphs: [
          m.mail_approved_open({ matrixId: mail.matrixId }, in_),
          m.mail_approved_how({ homeserver: mail.homeserver }, in_),
          ...introduced(mail.message),
        ],
        ...quoted(mail.message),
        action: { label: m.mail_approved_button({}, in_), link: mail.link },
        after: [],
        footer: applicant,
      }
    case 'set_password':
      return {
        subject: mail.reminder
          ? m.mail_password_reminder_subject({ matrixId: mail.matrixId }, in_)
          : m.mail_password_subject({ matrixId: mail.matrixId }, in_),
        heading: m.mail_password_heading({}, in_),
        literals: [mail.matrixId],
        paragraphs: [m.mail_password_next({ matrixId: mail.matrixId }, in_), ...introduced(mail.message)],
        ...quoted(mail.message),
        action: { label: m.mail_password_button({}, in_), link: mail.link },
        after: [m.mail_password_days({ days: mail.days }, in_)],
        footer: applicant,
      }
    case 'denied':
      return {
        subject: m.mail_denied_subject({ matrixId: mail.matrixId }, in_),
        heading: m.mail_denied_heading({}, in_),
        literals: [mail.matrixId],
        paragraphs: [
          m.mail_denied_text({ matrixId: mail.matrixId, site: site.name }, in_),
          ...introduced(mail.message),
        ],
        ...quoted(mail.message),
        after: [m.mail_denied_data({}, in_)],
        footer: applicant,
      }
    case 'question':
      return {
        subject: m.mail_question_subject({ matrixId: mail.matrixId }, in_),
        heading: m.mail_question_heading({}, in_),
        literals: [mail.matrixId],
        paragraphs: [m.mail_question_asked({ matrixId: mail.matrixId }, in_)],
        quote: mail.question,
        action: { label: m.mail_question_button({}, in_), link: mail.link },
        after: [m.mail_question_after({}, in_)],
        footer: applicant,
      }
    case 'invitation':
      return {
        subject: m.mail_invitation_subject({ site: site.name }, in_),
        heading: m.mail_invitation_heading({ site: site.name }, in_),
        literals: [host],
        paragraphs: [
          mail.by === null
            ? m.mail_invitation_text({ host }, in_)
            : m.mail_invitation_text_by({ by: mail.by, host }, in_),
          INVITED_AS[mail.role]({}, in_),
        ],
        action: { label: m.mail_invitation_button({}, in_), link: mail.link },
        after: [m.mail_invitation_days({ days: mail.days }, in_)],
        footer: m.mail_invitation_footer({ host }, in_),
      }
    case 'confirm_moderator':
      return {
        subject: m.mail_confirm_moderator_subject({ site: site.name }, in_),
        heading: m.mail_confirm_moderator_heading({}, in_),
        literals: [mail.username],
        paragraphs: [m.mail_confirm_moderator_text({ username: mail.username, host }, in_)],
        action: { label: m.mail_confirm_moderator_button({}, in_), link: mail.link },
        after: [m.mail_invitation_days({ days: mail.days }, in_)],
        footer: moderator,
      }
    case 'moderators_waiting': {
      const more = mail.waiting - mail.requests.length
      return {
        subject: mail.reminder
          ? m.mail_waiting_reminder_subject({ count: mail.waiting, hours: mail.oldestHours }, in_)
          : mail.person?.digest === true
            ? m.mail_digest_subject({ count: mail.waiting }, in_)
            : m.mail_waiting_subject({ count: mail.waiting, first: mail.requests[0]?.matrixId ?? '' }, in_),
        heading: m.mail_waiting_heading({ count: mail.waiting }, in_),
        literals: [],
        paragraphs: mail.oldestHours === 0 ? [] : [m.mail_waiting_oldest({ hours: mail.oldestHours }, in_)],
        list: [
          ...mail.requests.map(({ matrixId: text, link }) => ({ text, link })),
          ...(more > 0 ? [{ text: m.mail_waiting_more({ count: more }, in_) }] : []),
        ],
        action: { label: m.mail_waiting_button({}, in_), link: mail.link },
        after: [],
        ...(mail.person === undefined
          ? { footer: moderator }
          : {
              footer: m.mail_footer_person({ site: site.name, account: mail.person.account }, in_),
              footerLink: mail.person.account,
            }),
      }
    }
    case 'moderators_outage': {
      const since = momentText(mail.since, locale, 'UTC')
      return {
        subject: m.mail_outage_subject({ since }, in_),
        heading: m.mail_outage_heading({}, in_),
        literals: [],
        paragraphs: [
          m.mail_outage_since({ since }, in_),
          mail.reason,
          m.mail_outage_waiting({ count: mail.waiting }, in_),
        ],
        action: { label: m.mail_waiting_button({}, in_), link: mail.link },
        after: [m.mail_outage_after({}, in_)],
        footer: moderator,
      }
    }
    case 'moderators_auto_join':
      return {
        subject: m.mail_auto_join_subject({}, in_),
        heading: m.mail_auto_join_heading({}, in_),
        literals: [mail.matrixId, ...SETTINGS],
        paragraphs: [m.mail_auto_join_seen({ matrixId: mail.matrixId }, in_)],
        list: mail.rooms.map((text) => ({ text })),
        action: { label: m.mail_waiting_button({}, in_), link: mail.link },
        after: [m.mail_auto_join_remedy({}, in_)],
        footer: moderator,
      }
    case 'moderators_opening':
      return {
        subject: mail.open ? m.mail_opening_opened({}, in_) : m.mail_opening_closed({}, in_),
        heading: mail.open ? m.mail_opening_opened({}, in_) : m.mail_opening_closed({}, in_),
        literals: [],
        paragraphs: openingWords(mail, locale),
        action: { label: m.mail_waiting_button({}, in_), link: mail.link },
        after: mail.open ? [] : [m.mail_opening_after({}, in_)],
        footer: moderator,
      }
    default:
      return mail satisfies never
  }
}
