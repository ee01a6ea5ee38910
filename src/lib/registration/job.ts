import * as v from 'valibot'
import {
  CHANNELS,
  define,
  SERVERS,
  type Channel,
  type Definition,
  type Older,
  type Outside,
  type Payload,
} from './job-definition'
import { laneOfMail, mailRules, mailSchema } from './mail-job'
import { ROOM_ANSWERS } from './room-answer'
import { usernameSchema, type Username } from './username'

export { OUTSIDES, SERVERS } from './job-definition'
export type { Outside, Server } from './job-definition'

const job = <K extends string, E extends v.ObjectEntries>(kind: K, entries: E) =>
  v.object({ kind: v.literal(kind), ...entries })

/** For email to the operator's addresses: the recipients left; all if missing. */
const rest = { to: v.optional(v.array(v.string())) }
const byMailOrInRoom = { by: v.picklist(['mail', 'room']), ...rest }
const channelOf = ({ by }: { by: 'mail' | 'room' }): Channel => (by === 'room' ? 'room' : 'moderators')
/** A server that is back within this time is not worth an alert. */
const ALERT_AFTER_MS = 5 * 60_000

/** Without a registration, jobs on one account have a lane of their own. */
const laneOfAccount = ({ username }: { username: Username }, registrationId: string | null) =>
  registrationId ?? `account:${username}`

/** Notices named their registrations before they covered all since a time. */
const sinceThen: Older[number] = (payload, createdAt) => {
  const { registrations, ...others } = payload
  return Array.isArray(registrations) ? { since: createdAt, ...others } : payload
}

/** Every kind of job with effects outside. How each is done is in `server/jobs/kinds`. */
export const JOBS = {
  /**
   * Emails have their own lanes: neither waits for the other's server, and a postponed email does not block the next,
   * because whether an email still applies is checked when it is sent.
   */
  mail: define(mailSchema, {
    needs: 'mail',
    lane: (mail, registrationId) => laneOfMail(registrationId, 'email' in mail ? mail.email : null),
    about: 'mail',
    once: { by: 'payload' },
  }),
  open_account: define(job('open_account', {}), { needs: 'homeserver', undone: true }),
  /** `opened`: it was active, and its probation ended as a denial. */
  remove_account: define(
    job('remove_account', { username: usernameSchema, opened: v.optional(v.literal(true)) }),
    {
      needs: 'homeserver',
      lane: laneOfAccount,
      once: { by: ['username'], everywhere: true },
      undone: true,
      urgent: true,
    },
  ),
  /**
   * Locks an account that was just created, if the request that created it did not get to it; or one whose unlocking was
   * stopped. `until`: as long as that may still take effect (milliseconds since 1970), whatever its answer was.
   */
  lock_account: define(job('lock_account', { username: usernameSchema, until: v.optional(v.number()) }), {
    needs: 'homeserver',
    lane: laneOfAccount,
    urgent: true,
  }),
  /** Ends a probation on the homeserver. */
  lift_suspension: define(job('lift_suspension', {}), { needs: 'homeserver', urgent: true }),
  bind_address: define(job('bind_address', {}), { needs: 'homeserver' }),
  consent: define(job('consent', { version: v.string() }), { needs: 'homeserver' }),
  join_room: define(job('join_room', { room: v.string() }), { needs: 'homeserver', about: 'room' }),
  welcome: define(job('welcome', {}), { needs: 'rooms' }),
  /** To the moderators' room: requests waiting for a decision since a time (milliseconds since 1970). */
  notify_room: define(job('notify_room', { since: v.number() }), {
    channel: () => 'room',
    once: { by: [] },
    gathers: true,
    older: { 0: sinceThen },
  }),
  /**
   * The messages there about one request say what became of it, by its ID. `rested`: from when on (milliseconds since
   * 1970) it cannot be undone any more.
   */
  notify_room_decided: define(
    job('notify_room_decided', { registration: v.string(), rested: v.optional(v.number()) }),
    {
      channel: () => 'room',
      once: { by: ['registration', 'rested'] },
      notBefore: ({ rested }) => rested,
    },
  ),
  /** To that room: a request that waits, by its ID, which it was told of before and which has changed since. */
  notify_room_again: define(job('notify_room_again', { registration: v.string() }), {
    channel: () => 'room',
    once: { by: ['registration'] },
  }),
  /** To the room: whether the Matrix ID that this moderator, by ID, named as theirs is theirs. */
  ask_matrix_id: define(job('ask_matrix_id', { moderator: v.string() }), {
    channel: () => 'room',
    once: { by: ['moderator'] },
  }),
  /**
   * In the thread of a message there (`target`; null: in the room): what came of an event; `by`: the username that the
   * answer names.
   */
  answer_in_room: define(
    job('answer_in_room', {
      target: v.nullable(v.string()),
      event: v.string(),
      says: v.picklist(ROOM_ANSWERS),
      by: v.optional(v.string()),
    }),
    { channel: () => 'room', once: { by: ['event'] } },
  ),
  /** What `notify_room` says, by email. `reminder`: they have waited for long. */
  notify_moderators: define(job('notify_moderators', { since: v.number(), reminder: v.boolean(), ...rest }), {
    channel: () => 'moderators',
    once: { by: ['reminder'] },
    gathers: true,
    older: { 0: sinceThen },
  }),
  /** To one moderator, by ID: requests waiting for a decision since a time, and why they are notified. */
  notify_person: define(
    job('notify_person', {
      moderator: v.string(),
      why: v.picklist(['each', 'digest', 'reminder']),
      since: v.number(),
    }),
    {
      needs: 'mail',
      lane: ({ moderator }) => `moderator ${moderator}`,
      ofNobody: true,
      once: { by: ['why'] },
      gathers: true,
    },
  ),
  /** To the moderators, over the channel that works: the other server is unavailable since a time. */
  warn_outage: define(
    job('warn_outage', { ...byMailOrInRoom, server: v.picklist(SERVERS), since: v.number() }),
    {
      channel: channelOf,
      // Also where the server seems to be back for moments.
      once: { by: ['by', 'server', 'since'], ever: true },
      notBefore: ({ since }) => since + ALERT_AFTER_MS,
    },
  ),
  /** To operator and moderators: new accounts join rooms before they are approved. */
  warn_auto_join: define(
    job('warn_auto_join', { ...byMailOrInRoom, username: usernameSchema, rooms: v.array(v.string()) }),
    // It was only sent by email once.
    { channel: channelOf, older: { 0: (payload) => ({ by: 'mail', ...payload }) } },
  ),
  /** To operator and moderators: registration closed or opened automatically at a time (milliseconds since 1970). */
  warn_opening: define(
    job('warn_opening', {
      ...byMailOrInRoom,
      open: v.boolean(),
      why: v.picklist(['waiting', 'per_day', 'date', 'worked_off', 'new_day']),
      at: v.number(),
    }),
    { channel: channelOf },
  ),
}

/** A job as the domain requests it. */
export type NewJob = v.InferOutput<(typeof JOBS)[keyof typeof JOBS]['schema']>
export type JobKind = NewJob['kind']
export type JobOf<K extends JobKind> = { [J in NewJob['kind']]: Extract<NewJob, { kind: J }> }[K]
export type MailJob = JobOf<'mail'>

const DEFINITIONS: Record<JobKind, Definition<NewJob>> = JOBS
export const definitionOf = (kind: JobKind): Definition<NewJob> => DEFINITIONS[kind]

/** Whether this version of the program knows the kind of a stored job. */
export const isJobKind = (kind: string): kind is JobKind => Object.hasOwn(JOBS, kind)
export const JOB_KINDS: JobKind[] = Object.keys(JOBS).filter(isJobKind)

export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]

/** Who must act on a rejected email: its recipient (the mailbox does not exist), or us (anything else). */
export const BLAMES = ['receiver', 'us'] as const
export type Blame = (typeof BLAMES)[number]

/** The lane that a job waits in, and the registration that it is about. */
export function placeOf(
  job: NewJob,
  registrationId: string | null,
): { lane: string; registrationId: string | null } {
  const place = definitionOf(job.kind)
  if ('channel' in place) return { lane: place.channel(job), registrationId: null }
  const of = place.ofNobody === true ? null : registrationId
  return { lane: place.lane?.(job, of) ?? of ?? 'nobody', registrationId: of }
}

/** What a job depends on: it waits while that is unavailable, and others run. */
export function outsideOf(job: NewJob): Outside {
  const place = definitionOf(job.kind)
  return 'channel' in place ? CHANNELS[place.channel(job)] : place.needs
}

/** What a job is about, by the name of that field; null: its kind says it all. */
export function aboutOf(job: NewJob): { field: string; value: string } | null {
  const { about } = definitionOf(job.kind)
  const [, value] = Object.entries(job).find(([field]) => field === about) ?? []
  return about === undefined || value === undefined ? null : { field: about, value: String(value) }
}

/** How older payloads of this kind, or of this email, are read. */
export const olderOf = (kind: JobKind, { mail }: Payload): Older | undefined =>
  kind === 'mail' ? mailRules(mail).older : definitionOf(kind).older
