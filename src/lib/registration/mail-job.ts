import * as v from 'valibot'
import { emailSchema } from './email'
import type { Older } from './job-definition'
import { languageSchema } from './language'
import { usernameSchema } from './username'

interface MailRules {
  /** It tells of a decision, and is cancelled if that is undone. */
  undone?: true
  /** To an address that nobody confirmed and no registration has: that it does not exist is nobody's problem. */
  toStranger?: true
  /** Somebody waits for it in front of a page: it does not stand behind what moderators caused. */
  awaited?: true
  older?: Older
}

const mail = <M extends string, E extends v.ObjectEntries>(name: M, entries: E, rules: MailRules = {}) => ({
  schema: v.object({ kind: v.literal('mail'), mail: v.literal(name), ...entries }),
  rules,
})

/** Every email that is a job of its own: what its job carries. Its text, and when it applies, are in `server/mail/mails`. */
export const MAILS = {
  /**
   * `username`: the one this link confirms; the registration may have another by now. The rest came with it and
   * applies once it is confirmed; older rows have none of it.
   */
  verification: mail(
    'verification',
    {
      username: usernameSchema,
      language: languageSchema,
      clientAddress: v.optional(v.string()),
      invitationId: v.optional(v.nullable(v.string())),
      heldFor: v.optional(v.array(v.string())),
    },
    { awaited: true },
  ),
  // All three are answers to the same form: none may take longer than the others.
  /** `incomplete`: nobody asked for it, but a request waits for its applicant again. */
  known_address: mail(
    'known_address',
    { language: languageSchema, incomplete: v.optional(v.literal(true)) },
    { awaited: true },
  ),
  unknown_address: mail(
    'unknown_address',
    { email: emailSchema, language: languageSchema },
    { toStranger: true, awaited: true },
  ),
  requested: mail('requested', {}),
  approved: mail('approved', {}),
  set_password: mail('set_password', { reminder: v.boolean() }, { undone: true }),
  probation_over: mail('probation_over', {}),
  denied: mail('denied', {}, { undone: true }),
  /** The moderators' question of that time (milliseconds since 1970). */
  question: mail('question', { at: v.number() }),
  /** To a new moderator, or to a moderator's new address; `link`: the ID of the link it contains. */
  invitation: mail('invitation', { link: v.string(), email: emailSchema, language: languageSchema }),
  confirm_moderator: mail('confirm_moderator', {
    link: v.string(),
    email: emailSchema,
    language: languageSchema,
  }),
}

export type MailKind = keyof typeof MAILS

const isMailKind = (name: unknown): name is MailKind => typeof name === 'string' && Object.hasOwn(MAILS, name)
export const MAIL_KINDS: MailKind[] = Object.keys(MAILS).filter(isMailKind)

export const mailSchema = v.variant(
  'mail',
  Object.values(MAILS).map(({ schema }) => schema),
)

/** What the job of an email carries. */
export type MailPayload<K extends MailKind> = v.InferOutput<(typeof MAILS)[K]['schema']>

/** What applies to this email besides what applies to all of them. */
export const mailRules = (name: unknown): MailRules => (isMailKind(name) ? MAILS[name].rules : {})

const namesWith = (rule: 'undone' | 'toStranger' | 'awaited') =>
  Object.keys(MAILS).filter((name) => mailRules(name)[rule] === true)
export const UNDONE_MAILS = namesWith('undone')
export const MAILS_TO_STRANGERS = namesWith('toStranger')
export const AWAITED_MAILS = namesWith('awaited')

/** The lane of emails to one registration, or to an address without one. */
export const laneOfMail = (registrationId: string | null, email: string | null): string =>
  registrationId === null ? `nobody mail ${email ?? ''}`.trim() : `${registrationId} mail`
