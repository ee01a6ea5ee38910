import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import * as v from 'valibot'
import { heldForSchema, type HeldFor } from '$lib/moderation/held'
import { MEMORY_KINDS } from '$lib/moderation/memory'
import { NOTICES, ROLES } from '$lib/moderation/moderator'
import { REPLY_PURPOSES } from '$lib/moderation/reply'
import { RULE_EFFECTS, RULE_FORMS, RULE_SUBJECTS } from '$lib/moderation/rule'
import type { EmailAddress } from '$lib/registration/email'
import { BLAMES, JOB_KINDS, JOB_STATES } from '$lib/registration/job'
import { LANGUAGES, textsSchema, type Texts } from '$lib/registration/language'
import type { Reason } from '$lib/registration/reason'
import { denialSchema, detailSchema, EVENT_KINDS } from '$lib/registration/registration'
import { ACCOUNT_STATES, EXCHANGES, QUEUES, STATES } from '$lib/registration/state'
import type { Username } from '$lib/registration/username'
import { broughtSchema, type BroughtAlong } from '$lib/registration/wish'
import { storedJson } from './stored-json'

/** The states of registrations that are not over. As text, as SQLite finds a partial index only by its very words. */
export const LIVING = sql.raw("'started', 'verified', 'requested', 'approved', 'completed'")

const stringsSchema = v.pipe(
  v.array(v.unknown()),
  v.transform((found) => found.filter((one) => typeof one === 'string')),
)

// All times are milliseconds since 1970, but for sessions, whose adapter counts seconds.

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
    startedAt: integer('started_at').notNull(),
    stateSince: integer('state_since').notNull(),
    remindedAt: integer('reminded_at'),
    /** Whose turn it is in the talk between moderators and applicant. */
    exchange: text({ enum: EXCHANGES }).notNull().default('none'),
    /** Why it was denied, by the operator's list (`moderation.denial_categories`). */
    category: text(),
    /** The moderator who took it for themselves, and since when. */
    claimedBy: text('claimed_by'),
    claimedAt: integer('claimed_at'),
    /** Of an approval in place of a denial: that denial. */
    denial: storedJson('denial', 'registrations.denial', denialSchema, () => null),

    // What follows is derived from the above, to find registrations by it (`database/found-by.ts`).
    /** Counts up with every registration: the row of the search index. */
    seq: integer(),
    /** Part of the address after the `@`. */
    domain: text(),
    /** Of the client: the IPv4 address's /24, the IPv6 address's /64. */
    network: text(),
    /** The same for each way to write one mailbox. */
    addressKey: text('address_key'),
    /** The same for names that look alike. */
    nameKey: text('name_key'),
    /** The rule that asks for a closer look at it. */
    heldBy: text('held_by'),
    /** What else asks for one. */
    heldFor: storedJson('held_for', 'registrations.held_for', heldForSchema, (): HeldFor[] => ['unknown'])
      .notNull()
      .default([]),
    /** The invitation it came by. */
    invitationId: text('invitation_id'),
    /** A job of it failed for good or keeps failing; kept by triggers on `jobs`. */
    trouble: integer({ mode: 'boolean' }).notNull().default(false),
    queue: text({ enum: QUEUES }).generatedAlwaysAs(
      sql`case when state in ('started', 'verified') then 'begun' when state <> 'requested' then 'decided'
        when exchange = 'asked' then 'asked' when exchange = 'answered' then 'answered' else 'waiting' end`,
      { mode: 'virtual' },
    ),
    /** Its place in the queue: `state_since`, but before all others where the applicant has answered. */
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
    index('registrations_in_trouble')
      .on(table.queueAt, table.id)
      .where(sql`trouble = 1`),
  ],
)

/** How many registrations each queue has; kept by triggers, as counting a million takes too long. */
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

/** What moderators asked an applicant, and what they answered, in the order of `seq`. */
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

/** Moderators' notes for each other; no applicant ever sees them. */
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
    /** The connection of the page that keeps it; empty for the page that was loaded last. */
    stream: text().notNull().default(''),
  },
  (table) => [
    primaryKey({ columns: [table.moderatorId, table.stream] }),
    index('looks_by_registration').on(table.registrationId),
  ],
)

/** Replies that moderators keep ready. `texts`: by language, with placeholders. */
export const replies = sqliteTable('replies', {
  id: text().primaryKey(),
  purpose: text({ enum: REPLY_PURPOSES }).notNull(),
  title: text().notNull(),
  texts: storedJson('texts', 'replies.texts', textsSchema, (): Texts => ({})).notNull(),
  changedBy: text('changed_by'),
  changedAt: integer('changed_at').notNull(),
})

/** Moderators' rules on who can ask for an account, beside those of the configuration. */
export const rules = sqliteTable(
  'rules',
  {
    id: text().primaryKey(),
    subject: text({ enum: RULE_SUBJECTS }).notNull(),
    form: text({ enum: RULE_FORMS }).notNull(),
    /** What is compared, in the one form that `moderation/rule.ts` gives it. */
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

/** Codes that let somebody ask for an account: a keyed hash of each, so that whoever reads the file has none. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: text().primaryKey(),
    hash: text().notNull().unique(),
    /** Empty. Programs before kept the code here, encrypted; a start of this one clears that. */
    code: text().notNull(),
    note: text(),
    /** Null: as often as one likes. */
    usesMaximum: integer('uses_maximum'),
    uses: integer().notNull().default(0),
    /** Whether a request that nothing holds is approved at once, in the name of `madeBy`. */
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
 * What is remembered of denied registrations when their data is gone: keyed hashes, so that the same mailbox, network
 * or look of a name is known again, and nobody can be read from them.
 */
export const memories = sqliteTable(
  'memories',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    kind: text({ enum: MEMORY_KINDS }).notNull(),
    hash: text().notNull(),
    /** The same for all that is remembered of one registration, and nothing else. */
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
 * The audit trail. No foreign key: it outlives the registrations. Triggers refuse to change a row, and to delete one that
 * is not older than `history_boundary`, or whose registration is still there.
 */
export const events = sqliteTable(
  'events',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    registrationId: text('registration_id'),
    at: integer().notNull(),
    kind: text({ enum: EVENT_KINDS }).notNull(),
    actor: text({ enum: ['applicant', 'system', 'moderator'] }).notNull(),
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
 * Before when the clean-up may delete from the audit trail (`retention.history`): one row, which triggers let go forward
 * alone, and never nearer than 30 days to now by the database's own clock.
 */
export const historyBoundary = sqliteTable('history_boundary', {
  id: integer().primaryKey(),
  before: integer().notNull(),
})

/** Of events that strangers cause: how many of one kind were written since a window began, and how many more there were. */
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
 * Work on the world outside. `id` is what Synapse and mail servers see of it, so it must not repeat when a
 * database is made anew. Jobs of one lane run one at a time, in the order of `seq`.
 */
export const jobs = sqliteTable(
  'jobs',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    lane: text().notNull(),
    registrationId: text('registration_id').references(() => registrations.id, { onDelete: 'cascade' }),
    kind: text({ enum: JOB_KINDS }).notNull(),
    /** As `stored-job.ts` writes and reads it. */
    payload: storedJson('payload', 'jobs.payload', v.unknown(), () => null).notNull(),
    state: text({ enum: JOB_STATES }).notNull(),
    attempts: integer().notNull().default(0),
    /** Tries that may have taken effect without our hearing of it: an answer got lost, or the program was stopped. */
    unanswered: integer().notNull().default(0),
    runAt: integer('run_at').notNull(),
    leaseOwner: text('lease_owner'),
    leaseUntil: integer('lease_until'),
    error: text(),
    /** Of a mail that was refused at its last try: whose matter that is. Null too where nobody noted it. */
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

/** The ledger of accounts that were made here. No personal data besides the name; outlives the registrations. */
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

/** Links in mails and the applicant's cookie: only the SHA-256 of the token is here. */
export const tokens = sqliteTable(
  'tokens',
  {
    hash: text().primaryKey(),
    purpose: text({ enum: ['verification', 'status', 'applicant'] }).notNull(),
    registrationId: text('registration_id')
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    /** The name that a verification link confirms. */
    username: text().$type<Username>(),
    /** What came with it besides. Null in older rows. */
    brought: storedJson<BroughtAlong | null>('brought', 'tokens.brought', broughtSchema, () => null),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    /** Of older rows: since then a link lets in until the request is in, and the registration's state tells. */
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
  /** Whoever was made before there were roles could do everything. */
  role: text({ enum: ROLES }).notNull().default('administrator'),
  /** Since when the address is known to be theirs; notices go to no other. */
  emailConfirmedAt: integer('email_confirmed_at'),
  language: text({ enum: LANGUAGES }).notNull().default('en'),
  notices: text({ enum: NOTICES }).notNull().default('none'),
  /** After how many hours a waiting request is worth a reminder; null: none. */
  remindHours: integer('remind_hours'),
  /** When the last digest went out. */
  digestAt: integer('digest_at'),
  /** Whether single keys do something on the desk (WCAG 2.1.4). */
  shortcuts: integer({ mode: 'boolean' }).notNull().default(true),
  /** The secret of the authenticator, encrypted; a second factor only from `totpSince` on. */
  totpSecret: text('totp_secret'),
  totpSince: integer('totp_since'),
  /** The last time step that was accepted: no code works twice. */
  totpStep: integer('totp_step'),
})

/** Codes for who lost the second factor; only their SHA-256 is here, each works once. */
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

/** Links in mails to moderators, and what a browser holds half-way through a sign-in: only the SHA-256 is here. */
export const moderatorTokens = sqliteTable(
  'moderator_tokens',
  {
    hash: text().primaryKey(),
    /** Stays the same when the link is made anew. */
    id: text().unique(),
    purpose: text({ enum: ['invitation', 'address', 'second_factor', 'passkey'] }).notNull(),
    moderatorId: text('moderator_id').references(() => moderators.id, { onDelete: 'cascade' }),
    /** Of an invitation, or the address to be confirmed. */
    email: text(),
    role: text({ enum: ROLES }),
    /** What a passkey has to sign. */
    challenge: text(),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    spentAt: integer('spent_at'),
  },
  (table) => [index('moderator_tokens_by_expiry').on(table.expiresAt)],
)

/** What administrators set on the desk and not in the configuration. */
export const settings = sqliteTable('settings', {
  key: text().primaryKey(),
  /** Read by who knows the key (`settings.ts`). */
  value: storedJson('value', 'settings.value', v.unknown(), () => null).notNull(),
  changedAt: integer('changed_at').notNull(),
})

/** Sign-ins of moderators. `id` is a SHA-256, `expiresAt` in seconds: the session adapter's unit. */
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
    /** Browser and system, as a person calls them. */
    device: text(),
    network: text(),
  },
  (table) => [index('sessions_by_moderator').on(table.userId)],
)

/** Tries of something limited, those of one moment in one row; the key is a keyed hash, so that no address stands here. */
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

/** What has been said once and need not be said again. */
export const announcements = sqliteTable('announcements', {
  key: text().primaryKey(),
  at: integer().notNull(),
  text: text().notNull(),
})
