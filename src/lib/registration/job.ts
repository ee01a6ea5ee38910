import * as v from 'valibot'
import { emailSchema } from './email'
import { languageSchema } from './language'
import { usernameSchema } from './username'

const mail = <K extends string, E extends v.ObjectEntries>(kind: K, entries: E) =>
  v.object({ kind: v.literal('mail'), mail: v.literal(kind), ...entries })
const job = <K extends string, E extends v.ObjectEntries>(kind: K, entries: E) =>
  v.object({ kind: v.literal(kind), ...entries })

/** Of a mail to the operator's addresses: those that are still to get it; all of them where it is missing. */
const rest = { to: v.optional(v.array(v.string())) }

/** The servers that we depend on, each of which can be out as a whole. */
export const SERVERS = ['homeserver', 'mail'] as const
export type Server = (typeof SERVERS)[number]

/** Work on the world outside: its kind, and what its handler needs besides the registration. */
export const jobSchema = v.variant('kind', [
  v.variant('mail', [
    /**
     * `username`: the name that this link confirms; the registration may have another one by now. The others came with it,
     * and count once it is confirmed; rows of before have none of them.
     */
    mail('verification', {
      username: usernameSchema,
      language: languageSchema,
      clientAddress: v.optional(v.string()),
      invitationId: v.optional(v.nullable(v.string())),
      heldFor: v.optional(v.array(v.string())),
    }),
    mail('known_address', { language: languageSchema }),
    mail('unknown_address', { email: emailSchema, language: languageSchema }),
    mail('requested', {}),
    mail('approved', {}),
    mail('set_password', { reminder: v.boolean() }),
    mail('denied', {}),
    /** What moderators asked at that time (milliseconds since 1970). */
    mail('question', { at: v.number() }),
    /** To who shall be a moderator, or to a moderator's new address; `link`: the id of the link it carries. */
    mail('invitation', { link: v.string(), email: emailSchema, language: languageSchema }),
    mail('confirm_moderator', { link: v.string(), email: emailSchema, language: languageSchema }),
  ]),
  job('open_account', {}),
  job('remove_account', { username: usernameSchema }),
  /** Closes an account that was just made, where the request that made it did not come to it. */
  job('lock_account', { username: usernameSchema }),
  job('bind_address', {}),
  job('consent', { version: v.string() }),
  job('join_room', { room: v.string() }),
  job('welcome', {}),
  /** To the moderators' room: what asks for a decision since a time (milliseconds since 1970). */
  job('notify_room', { since: v.number() }),
  /** The same by mail. `reminder`: they have waited for long. */
  job('notify_moderators', { since: v.number(), reminder: v.boolean(), ...rest }),
  /** To one moderator, by id: what asks for a decision since a time, and why they hear of it. */
  job('notify_person', {
    moderator: v.string(),
    why: v.picklist(['each', 'digest', 'reminder']),
    since: v.number(),
  }),
  /** To the moderators, by the way that works: the other server is out since a time. */
  job('warn_outage', {
    by: v.picklist(['mail', 'room']),
    server: v.picklist(SERVERS),
    since: v.number(),
    ...rest,
  }),
  /** To operator and moderators: new accounts join rooms before they are approved. */
  job('warn_auto_join', {
    by: v.picklist(['mail', 'room']),
    username: usernameSchema,
    rooms: v.array(v.string()),
    ...rest,
  }),
  /** To operator and moderators: registration closed or opened by itself at a time (milliseconds since 1970). */
  job('warn_opening', {
    by: v.picklist(['mail', 'room']),
    open: v.boolean(),
    why: v.picklist(['waiting', 'per_day', 'date', 'worked_off', 'new_day']),
    at: v.number(),
    ...rest,
  }),
])

/** A job as the domain asks for it. */
export type NewJob = v.InferOutput<typeof jobSchema>
export type JobKind = NewJob['kind']
export type MailJob = Extract<NewJob, { kind: 'mail' }>

export const JOB_KINDS = [
  'mail',
  'open_account',
  'remove_account',
  'lock_account',
  'bind_address',
  'consent',
  'join_room',
  'welcome',
  'notify_room',
  'notify_moderators',
  'notify_person',
  'warn_outage',
  'warn_auto_join',
  'warn_opening',
] as const satisfies JobKind[]

export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]

/** Whose matter it is that a mail was refused: its receiver's (there is no such mailbox), or ours (all else). */
export const BLAMES = ['receiver', 'us'] as const
export type Blame = (typeof BLAMES)[number]

/** What jobs use outside. Messages in rooms have a limit of their own at the homeserver. */
export const OUTSIDES = ['homeserver', 'rooms', 'mail'] as const
export type Outside = (typeof OUTSIDES)[number]

/** What a job uses outside: it waits while that does not work, and others go on. */
export function outsideOf(job: NewJob): Outside {
  switch (job.kind) {
    case 'mail':
    case 'notify_moderators':
    case 'notify_person':
      return 'mail'
    case 'notify_room':
    case 'welcome':
      return 'rooms'
    case 'warn_outage':
    case 'warn_auto_join':
    case 'warn_opening':
      return job.by === 'mail' ? 'mail' : 'rooms'
    default:
      return 'homeserver'
  }
}
