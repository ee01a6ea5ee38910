import * as v from 'valibot'
import { emailSchema } from './email'
import { languageSchema } from './language'
import { usernameSchema } from './username'

const mail = <K extends string, E extends v.ObjectEntries>(kind: K, entries: E) =>
  v.object({ kind: v.literal('mail'), mail: v.literal(kind), ...entries })
const job = <K extends string, E extends v.ObjectEntries>(kind: K, entries: E) =>
  v.object({ kind: v.literal(kind), ...entries })

/** For email to the operator's addresses: the recipients left; all if missing. */
const rest = { to: v.optional(v.array(v.string())) }

/** The servers we depend on, each of which can be unavailable as a whole. */
export const SERVERS = ['homeserver', 'mail'] as const
export type Server = (typeof SERVERS)[number]

/** A job with effects outside: its kind, and what its handler needs besides the registration. */
export const jobSchema = v.variant('kind', [
  v.variant('mail', [
    /**
     * `username`: the one this link confirms; the registration may have another by now. The rest came with it and
     * applies once it is confirmed; older rows have none of it.
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
    /** The moderators' question of that time (milliseconds since 1970). */
    mail('question', { at: v.number() }),
    /** To a new moderator, or to a moderator's new address; `link`: the ID of the link it contains. */
    mail('invitation', { link: v.string(), email: emailSchema, language: languageSchema }),
    mail('confirm_moderator', { link: v.string(), email: emailSchema, language: languageSchema }),
  ]),
  job('open_account', {}),
  job('remove_account', { username: usernameSchema }),
  /** Locks an account that was just created, if the request that created it did not get to it. */
  job('lock_account', { username: usernameSchema }),
  job('bind_address', {}),
  job('consent', { version: v.string() }),
  job('join_room', { room: v.string() }),
  job('welcome', {}),
  /** To the moderators' room: requests waiting for a decision since a time (milliseconds since 1970). */
  job('notify_room', { since: v.number() }),
  /** The same by email. `reminder`: they have waited for long. */
  job('notify_moderators', { since: v.number(), reminder: v.boolean(), ...rest }),
  /** To one moderator, by ID: requests waiting for a decision since a time, and why they are notified. */
  job('notify_person', {
    moderator: v.string(),
    why: v.picklist(['each', 'digest', 'reminder']),
    since: v.number(),
  }),
  /** To the moderators, over the channel that works: the other server is unavailable since a time. */
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
  /** To operator and moderators: registration closed or opened automatically at a time (milliseconds since 1970). */
  job('warn_opening', {
    by: v.picklist(['mail', 'room']),
    open: v.boolean(),
    why: v.picklist(['waiting', 'per_day', 'date', 'worked_off', 'new_day']),
    at: v.number(),
    ...rest,
  }),
])

/** A job as the domain requests it. */
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

/** Who must act on a rejected email: its recipient (the mailbox does not exist), or us (anything else). */
export const BLAMES = ['receiver', 'us'] as const
export type Blame = (typeof BLAMES)[number]

/** What jobs depend on. Room messages have a rate limit of their own on the homeserver. */
export const OUTSIDES = ['homeserver', 'rooms', 'mail'] as const
export type Outside = (typeof OUTSIDES)[number]

/** What a job depends on: it waits while that is unavailable, and others run. */
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
