import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import * as v from 'valibot'
import { heldForSchema, type HeldFor } from '$lib/moderation/held'
import { MEMORY_KINDS } from '$lib/moderation/memory'
import { NOTICES, ROLES } from '$lib/moderation/moderator'
import { REPLY_PURPOSES } from '$lib/moderation/reply'
import { RULE_EFFECTS, RULE_FORMS, RULE_SUBJECTS } from '$lib/moderation/rule'
import type { EmailAddress } from '$lib/registration/email'
import { BLAMES, JOB_STATES, type JobKind } from '$lib/registration/job'
import { LANGUAGES, textsSchema, type Texts } from '$lib/registration/language'
import type { Reason } from '$lib/registration/reason'
import { approvalSchema, denialSchema, detailSchema, EVENT_KINDS } from '$lib/registration/registration'
import {
  ACCOUNT_STATES,
  EXCHANGES,
  PASSWORD_MODES,
  PROBATIONS,
  QUEUES,
  STATES,
} from '$lib/registration/state'
import type { Username } from '$lib/registration/username'
import { broughtSchema, type BroughtAlong } from '$lib/registration/wish'
import { storedJson } from './stored-json'

/** The states of open registrations. As text, because SQLite uses a partial index only for the very same text. */
export const LIVING = sql.raw("'started', 'verified', 'requested', 'approved', 'completed'")

const stringsSchema = v.pipe(
  v.array(v.unknown()),
  v.transform((found) => found.filter((one) => typeof one === 'string')),
)

// All times are milliseconds since 1970, except in sessions, whose adapter uses seconds.

export const registrations = sqliteTable(
  'registrations',
  {
    id: text().primaryKey(),
    version: integer().notNull(),
    state: text({ enum: STATES }).notNull(),
    username: text().$type<Username>().notNull(),
    holdsName: integer('holds_name', { mode: 'boolean' }).notNull(),
    email: text().$type<EmailAddress>().notNull(),
    language: text({ enum: LANGUAGES }).notNull(),
    clientAddress: text('client_address').notNull(),
    reason: text().$type<Reason>(),
    legalAcceptedAt: integer('legal_accepted_at'),
    consentVersion: text('consent_version'),
    message: text(),
    silent: integer({ mode: 'boolean' }).notNull(),
    decidedBy: text('decided_by'),
    /** The undo window of its decision in milliseconds, where that is longer than the configured one. */
    restMs: integer('rest_ms'),
    startedAt: integer('started_at').notNull(),
    stateSince: integer('state_since').notNull(),
    remindedAt: integer('reminded_at'),
    /** Whose turn it is in the conversation between moderators and applicant. */
    exchange: text({ enum: EXCHANGES }).notNull().default('none'),
    /** The denial reason, from the operator's list (`moderation.denial_categories`). */
    category: text(),
    /** The moderator it is assigned to, and since when. */
    claimedBy: text('claimed_by'),
    claimedAt: integer('claimed_at'),
    /** Of an approval in place of a denial: that denial. */
    denial: storedJson('denial', 'registrations.denial', denialSchema, () => null),

    /** Whether its account is suspended for a while, and until when. */
    probation: text({ enum: PROBATIONS }).notNull().default('none'),
    probationUntil: integer('probation_until'),
    /** Of a denial that ended a probation: that approval. */
    approval: storedJson('approval', 'registrations.approval', approvalSchema, () => null),

    /** When the password is set, if not as the program's setting says. */
    passwordMode: text('password_mode', { enum: PASSWORD_MODES }),

    // The following columns are derived from the above, for searching (`database/search-index.ts`).
    /** Incremented with every registration: the row of the search index. */
    seq: integer(),
    /** The part of the email address after the `@`. */
    domain: text(),
    /** Of the client: the IPv4 address's /24, the IPv6 address's /64. */
    network: text(),
    /** The same for every spelling of one mailbox. */
    addressKey: text('address_key'),
    /** The same for lookalike usernames. */
    nameKey: text('name_key'),
    /** The rule that flags it. */
    heldBy: text('held_by'),
    /** What else flags it. */
    heldFor: storedJson('held_for', 'registrations.held_for', heldForSchema, (): HeldFor[] => ['unknown'])
      .notNull()
      .default([]),
    /** The invitation it used. */
    invitationId: text('invitation_id'),
    /** One of its jobs failed permanently or keeps failing; maintained by triggers on `jobs`. */
    trouble: integer({ mode: 'boolean' }).notNull().default(false),
    queue: text({ enum: QUEUES }).generatedAlwaysAs(
      sql`case when state in ('started', 'verified') then 'begun' when state <> 'requested' then 'decided'
        when exchange = 'asked' then 'asked' when exchange = 'answered' then 'answered' else 'waiting' end`,
      { mode: 'virtual' },
    ),
    /** Its position in the queue: `state_since`, but before all others if the applicant has answered. */
    queueAt: integer('queue_at').generatedAlwaysAs(
      sql`state_since - case when state = 'requested' and exchange = 'answered' then 10000000000000 else 0 end`,
      { mode: 'virtual' },
    ),
  },
  (table) => [
    uniqueIndex('registrations_name_held')
      .on(table.username)
      .where(sql`holds_name = 1`),
    uniqueIndex('registrations_one_per_address')
      .on(table.email)
      .where(sql`state in (${LIVING})`),
    index('registrations_by_state').on(table.state, table.stateSince),
    uniqueIndex('registrations_by_seq').on(table.seq),
    index('registrations_by_queue').on(table.queue, table.queueAt, table.id),
    index('registrations_by_domain').on(table.domain, table.queue, table.queueAt, table.id),
    index('registrations_by_network').on(table.network, table.queue, table.queueAt, table.id),
    index('registrations_by_decider').on(table.decidedBy, table.queue, table.queueAt, table.id),
    index('registrations_by_language').on(table.language, table.queue, table.queueAt, table.id),
    index('registrations_by_invitation')
      .on(table.invitationId, table.queue, table.queueAt, table.id)
      .where(sql`invitation_id is not null`),
    index('registrations_by_address_key').on(table.addressKey),
    index('registrations_by_name_key').on(table.nameKey),
    index('registrations_on_probation')
      .on(table.queueAt, table.id)
      .where(sql`probation_until is not null`),
    index('registrations_in_trouble')
      .on(table.queueAt, table.id)
      .where(sql`trouble = 1`),
  ],
)

/** The number of registrations per queue; maintained by triggers, because counting a million takes too long. */
export const queueCounts = sqliteTable('queue_counts', {
  queue: text({ enum: QUEUES }).primaryKey(),
  count: integer().notNull(),
})

/** Parts of a reason's fingerprint: reasons that share one are nearly the same. */
export const reasonPrints = sqliteTable(
  'reason_prints',
  {
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    print: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.registrationId, table.print] }),
    index('reason_prints_by_print').on(table.print),
  ],
)

/** Moderators' questions to an applicant, and the answers, in the order of `seq`. */
export const exchanges = sqliteTable(
  'exchanges',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    at: integer().notNull(),
    author: text({ enum: ['moderator', 'applicant'] }).notNull(),
    moderatorId: text('moderator_id'),
    text: text().notNull(),
  },
  (table) => [index('exchanges_by_registration').on(table.registrationId, table.seq)],
)

/** Moderators' comments for each other; never shown to applicants. */
export const notes = sqliteTable(
  'notes',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    at: integer().notNull(),
    moderatorId: text('moderator_id').notNull(),
    text: text().notNull(),
  },
  (table) => [index('notes_by_registration').on(table.registrationId, table.seq)],
)

/** Which requests a moderator has open now. */
export const looks = sqliteTable(
  'looks',
  {
    moderatorId: text('moderator_id')
      .notNull()
      .references(() => moderators.id, { onDelete: 'cascade' }),
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    at: integer().notNull(),
    /** The connection that maintains it, or the load of a page that has none; empty: unknown. */
    stream: text().notNull().default(''),
  },
  (table) => [
    primaryKey({ columns: [table.moderatorId, table.stream] }),
    index('looks_by_registration').on(table.registrationId),
  ],
)

/** Moderators' canned replies. `texts`: by language, with placeholders. */
export const replies = sqliteTable('replies', {
  id: text().primaryKey(),
  purpose: text({ enum: REPLY_PURPOSES }).notNull(),
  title: text().notNull(),
  texts: storedJson('texts', 'replies.texts', textsSchema, (): Texts => ({})).notNull(),
  changedBy: text('changed_by'),
  changedAt: integer('changed_at').notNull(),
})

/** Moderators' rules on who can request an account, besides those of the configuration. */
export const rules = sqliteTable(
  'rules',
  {
    id: text().primaryKey(),
    subject: text({ enum: RULE_SUBJECTS }).notNull(),
    form: text({ enum: RULE_FORMS }).notNull(),
    /** The value to compare, normalized by `moderation/rule.ts`. */
    value: text().notNull(),
    effect: text({ enum: RULE_EFFECTS }).notNull(),
    reason: text(),
    madeBy: text('made_by'),
    madeAt: integer('made_at').notNull(),
    /** Null: for ever. */
    expiresAt: integer('expires_at'),
    endedAt: integer('ended_at'),
    hits: integer().notNull().default(0),
    lastHitAt: integer('last_hit_at'),
  },
  (table) => [index('rules_by_value').on(table.subject, table.value)],
)

/** Invitation codes: a keyed hash of each, so that the file reveals none. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: text().primaryKey(),
    hash: text().notNull().unique(),
    /** Empty. Earlier versions stored the code here, encrypted; it is cleared at the start. */
    code: text().notNull(),
    note: text(),
    /** Null: unlimited. */
    usesMaximum: integer('uses_maximum'),
    uses: integer().notNull().default(0),
    /** Whether an unflagged request is approved at once, in the name of `madeBy`. */
    skipReview: integer('skip_review', { mode: 'boolean' }).notNull().default(false),
    madeBy: text('made_by').notNull(),
    madeAt: integer('made_at').notNull(),
    /** Null: never. */
    expiresAt: integer('expires_at'),
    endedAt: integer('ended_at'),
  },
  (table) => [index('invitations_by_time').on(table.madeAt)],
)

/**
 * What is kept of denied registrations after their data is deleted: keyed hashes that recognize the same inbox,
 * network or lookalike username, and identify nobody.
 */
export const memories = sqliteTable(
  'memories',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    kind: text({ enum: MEMORY_KINDS }).notNull(),
    hash: text().notNull(),
    /** The same for everything kept of one registration, and nothing else. */
    denial: text().notNull(),
    category: text(),
    deniedAt: integer('denied_at').notNull(),
    forgetAt: integer('forget_at').notNull(),
  },
  (table) => [
    index('memories_by_hash').on(table.kind, table.hash),
    index('memories_by_time').on(table.forgetAt),
  ],
)

/** How often something happened on a day (UTC, `2026-01-31`); nothing personal. */
export const tallies = sqliteTable(
  'tallies',
  { day: text().notNull(), what: text().notNull(), count: integer().notNull() },
  (table) => [primaryKey({ columns: [table.day, table.what] })],
)

/**
 * The audit log. No foreign key: it outlives the registrations. Triggers reject changes to a row, and deleting one
 * that is not older than `history_boundary`, or whose registration still exists.
 */
export const events = sqliteTable(
  'events',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    registrationId: text('registration_id'),
    at: integer().notNull(),
    kind: text({ enum: EVENT_KINDS }).notNull(),
    actor: text({ enum: ['applicant', 'system', 'moderator', 'command_line'] }).notNull(),
    moderatorId: text('moderator_id'),
    detail: storedJson('detail', 'events.detail', detailSchema, () => null),
  },
  (table) => [
    index('events_by_registration').on(table.registrationId, table.seq),
    index('events_by_kind').on(table.kind, table.seq),
    index('events_by_moderator').on(table.moderatorId, table.seq),
    index('events_by_time').on(table.at),
  ],
)

/**
 * The time before which the clean-up may delete from the audit log (`retention.audit`): one row, which triggers
 * only let move forward, and never closer than 30 days to now by the database's own clock.
 */
export const historyBoundary = sqliteTable('history_boundary', {
  id: integer().primaryKey(),
  before: integer().notNull(),
})

/**
 * For events that strangers cause: how many of one kind were written since a window began, and how many more there
 * were.
 */
export const eventSurplus = sqliteTable(
  'event_surplus',
  {
    kind: text({ enum: EVENT_KINDS }).notNull(),
    /** The moderator or registration that they are about; empty: none. */
    subject: text().notNull(),
    since: integer().notNull(),
    written: integer().notNull(),
    more: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.subject] })],
)

/**
 * Jobs with effects outside. `id` is visible to Synapse and mail servers, so it must not repeat if a database is
 * created anew. Jobs of one lane run one at a time, in the order of `seq`.
 */
export const jobs = sqliteTable(
  'jobs',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    lane: text().notNull(),
    registrationId: text('registration_id').references(() => registrations.id, { onDelete: 'cascade' }),
    kind: text().$type<JobKind>().notNull(),
    /** As `stored-job.ts` writes and reads it. */
    payload: storedJson('payload', 'jobs.payload', v.unknown(), () => null).notNull(),
    state: text({ enum: JOB_STATES }).notNull(),
    attempts: integer().notNull().default(0),
    /** Attempts that may have succeeded without our knowledge: the answer was lost, or the program was stopped. */
    unanswered: integer().notNull().default(0),
    runAt: integer('run_at').notNull(),
    leaseOwner: text('lease_owner'),
    leaseUntil: integer('lease_until'),
    error: text(),
    /** For an email that was rejected at its last attempt: who must act. Null also if that was not recorded. */
    blame: text({ enum: BLAMES }),
    createdAt: integer('created_at').notNull(),
    finishedAt: integer('finished_at'),
  },
  (table) => [
    index('jobs_due').on(table.state, table.runAt),
    index('jobs_lane').on(table.lane, table.state, table.seq),
    index('jobs_by_registration').on(table.registrationId),
  ],
)

/** The accounts that were created here. No personal data besides the username; outlives the registrations. */
export const accounts = sqliteTable(
  'accounts',
  {
    localpart: text().$type<Username>().primaryKey(),
    state: text({ enum: ACCOUNT_STATES }).notNull(),
    /** Whose it is, or was last. */
    registrationId: text('registration_id'),
    madeAt: integer('made_at'),
    openedAt: integer('opened_at'),
    changedAt: integer('changed_at').notNull(),
  },
  (table) => [index('accounts_by_state').on(table.state, table.changedAt)],
)

/** Links in emails and the applicant's cookie: only the SHA-256 of the token is stored. */
export const tokens = sqliteTable(
  'tokens',
  {
    hash: text().primaryKey(),
    purpose: text({ enum: ['verification', 'status', 'applicant'] }).notNull(),
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    /** The username that a verification link confirms. */
    username: text().$type<Username>(),
    /** The rest of the data that came with it. Null in older rows. */
    brought: storedJson<BroughtAlong | null>('brought', 'tokens.brought', broughtSchema, () => null),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    /** In older rows: by now a link works until the request is submitted, according to the registration's state. */
    spentAt: integer('spent_at'),
  },
  (table) => [
    index('tokens_by_registration').on(table.registrationId),
    index('tokens_by_expiry').on(table.expiresAt),
  ],
)

export const moderators = sqliteTable('moderators', {
  id: text().primaryKey(),
  username: text().notNull().unique(),
  email: text().notNull(),
  passwordHash: text('password_hash').notNull(),
  createdAt: integer('created_at').notNull(),
  disabledAt: integer('disabled_at'),
  /** Moderators from before there were roles could do everything. */
  role: text({ enum: ROLES }).notNull().default('administrator'),
  /** Since when the email address is verified; notifications go to no other. */
  emailConfirmedAt: integer('email_confirmed_at'),
  language: text({ enum: LANGUAGES }).notNull().default('en'),
  notices: text({ enum: NOTICES }).notNull().default('none'),
  /** Hours after which a waiting request is worth a reminder; null: none. */
  remindHours: integer('remind_hours'),
  /** When the last digest was sent. */
  digestAt: integer('digest_at'),
  /** Whether keyboard shortcuts are on (WCAG 2.1.4). */
  shortcuts: integer({ mode: 'boolean' }).notNull().default(true),
  /** The authenticator's secret, encrypted; a second factor only from `totpSince` on. */
  totpSecret: text('totp_secret'),
  totpSince: integer('totp_since'),
  /** The last accepted time step: no code works twice. */
  totpStep: integer('totp_step'),
  /** The Matrix ID that decides in this moderator's name in the moderators' room, once its owner has confirmed that. */
  matrixId: text('matrix_id').unique(),
})

/** Matrix IDs that moderators named as theirs, until they are confirmed in the moderators' room; one each. */
export const matrixIdClaims = sqliteTable('matrix_id_claims', {
  moderatorId: text('moderator_id')
    .primaryKey()
    .references(() => moderators.id, { onDelete: 'cascade' }),
  matrixId: text('matrix_id').notNull(),
  /** The job that asks in the room. */
  job: text().notNull(),
  /** The message in the room that is to be reacted to; null until the homeserver has answered. */
  eventId: text('event_id'),
  expiresAt: integer('expires_at').notNull(),
})

/** Codes in case the second factor is lost; only their SHA-256 is stored, each works once. */
export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    hash: text().primaryKey(),
    moderatorId: text('moderator_id')
      .notNull()
      .references(() => moderators.id, { onDelete: 'cascade' }),
    spentAt: integer('spent_at'),
  },
  (table) => [index('recovery_codes_by_moderator').on(table.moderatorId)],
)

/** WebAuthn credentials; `id` and `publicKey` in base64url. */
export const passkeys = sqliteTable(
  'passkeys',
  {
    id: text().primaryKey(),
    moderatorId: text('moderator_id')
      .notNull()
      .references(() => moderators.id, { onDelete: 'cascade' }),
    publicKey: text('public_key').notNull(),
    counter: integer().notNull(),
    transports: storedJson('transports', 'passkeys.transports', stringsSchema, () => []).notNull(),
    name: text().notNull(),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [index('passkeys_by_moderator').on(table.moderatorId)],
)

/** Links in emails to moderators, and what a browser holds halfway through a sign-in: only the SHA-256 is stored. */
export const moderatorTokens = sqliteTable(
  'moderator_tokens',
  {
    hash: text().primaryKey(),
    /** Stays the same when the link is renewed. */
    id: text().unique(),
    purpose: text({ enum: ['invitation', 'address', 'second_factor', 'passkey'] }).notNull(),
    moderatorId: text('moderator_id').references(() => moderators.id, { onDelete: 'cascade' }),
    /** Of an invitation, or the address to be confirmed. */
    email: text(),
    role: text({ enum: ROLES }),
    /** What a passkey must sign. */
    challenge: text(),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    spentAt: integer('spent_at'),
  },
  (table) => [index('moderator_tokens_by_expiry').on(table.expiresAt)],
)

/** What administrators set on the pages instead of in the configuration. */
export const settings = sqliteTable('settings', {
  key: text().primaryKey(),
  /** Read by whoever knows the key (`settings.ts`). */
  value: storedJson('value', 'settings.value', v.unknown(), () => null).notNull(),
  changedAt: integer('changed_at').notNull(),
})

/** Moderators' sessions. `id` is a SHA-256, `expiresAt` is in seconds: the session adapter's unit. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => moderators.id, { onDelete: 'cascade' }),
    expiresAt: integer('expires_at').notNull(),
    startedAt: integer('started_at').notNull(),
    lastSeenAt: integer('last_seen_at'),
    /** Browser and system in plain words. */
    device: text(),
    network: text(),
  },
  (table) => [index('sessions_by_moderator').on(table.userId)],
)

/** Rate-limited attempts, those of one moment in one row; the key is a keyed hash, so that no address is stored. */
export const attempts = sqliteTable(
  'attempts',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    key: text().notNull(),
    at: integer().notNull(),
    count: integer().notNull().default(1),
  },
  (table) => [index('attempts_by_key').on(table.key, table.at), index('attempts_by_time').on(table.at)],
)

/** Messages in the moderators' room about one request each, which say what became of it. */
export const roomNotices = sqliteTable(
  'room_notices',
  {
    /** The job that sends it, and so the transaction ID. It stands here before it is sent. */
    job: text().primaryKey(),
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    /** The ID of the room, also where an alias is configured: that may lead to another room by now. */
    room: text().notNull(),
    /** Null until the homeserver has answered. */
    eventId: text('event_id'),
    /** What it said first. */
    text: text().notNull(),
    /** What it says now; null: a change was begun, and whether it arrived is unknown. */
    shown: text(),
    /** The version of the registration that it stands for: what is decided on it decides on that. */
    version: integer(),
    /** A digest of what its applicant had said by then. */
    about: text(),
    /** The reactions under it that moderators only need to tap, by event ID. */
    seeds: storedJson('seeds', 'room_notices.seeds', stringsSchema, (): string[] => [])
      .notNull()
      .default([]),
    /** The message in its thread with what moderators need to know. */
    detailsId: text('details_id'),
  },
  (table) => [
    index('room_notices_by_registration').on(table.registrationId),
    index('room_notices_by_event').on(table.eventId),
    index('room_notices_by_details').on(table.detailsId),
  ],
)

/** Events of the moderators' room that were dealt with, so that none counts twice. */
export const roomEvents = sqliteTable(
  'room_events',
  {
    eventId: text('event_id').primaryKey(),
    at: integer().notNull(),
    /** What it did, for taking it back: to which registration, and under which message. */
    registrationId: text('registration_id').references(() => registrations.id, { onDelete: 'cascade' }),
    sender: text(),
    target: text(),
    key: text(),
  },
  (table) => [
    index('room_events_by_time').on(table.at),
    index('room_events_by_target').on(table.target, table.sender),
  ],
)

/** Announcements made once that need not be repeated. */
export const announcements = sqliteTable('announcements', {
  key: text().primaryKey(),
  at: integer().notNull(),
  text: text().notNull(),
})
