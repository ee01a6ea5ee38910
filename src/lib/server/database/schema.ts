import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { EmailAddress } from '$lib/registration/email'
import { JOB_KINDS, JOB_STATES } from '$lib/registration/job'
import { LANGUAGES } from '$lib/registration/language'
import type { Reason } from '$lib/registration/reason'
import { EVENT_KINDS } from '$lib/registration/registration'
import { ACCOUNT_STATES, STATES } from '$lib/registration/state'
import type { Username } from '$lib/registration/username'

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
  },
  (table) => [
    uniqueIndex('registrations_name_held')
      .on(table.username)
      .where(sql`holds_name = 1`),
    uniqueIndex('registrations_one_per_address')
      .on(table.email)
      .where(sql`state in ('started', 'verified', 'requested', 'approved', 'completed')`),
    index('registrations_by_state').on(table.state, table.stateSince),
  ],
)

/** The audit trail. No foreign key: it outlives the registrations. */
export const events = sqliteTable(
  'events',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    registrationId: text('registration_id'),
    at: integer().notNull(),
    kind: text({ enum: EVENT_KINDS }).notNull(),
    actor: text({ enum: ['applicant', 'system', 'moderator'] }).notNull(),
    moderatorId: text('moderator_id'),
    detail: text({ mode: 'json' }).$type<Record<string, string | number | boolean>>(),
  },
  (table) => [index('events_by_registration').on(table.registrationId, table.seq)],
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
    payload: text({ mode: 'json' }).$type<unknown>().notNull(),
    state: text({ enum: JOB_STATES }).notNull(),
    attempts: integer().notNull().default(0),
    /** Tries that may have taken effect without our hearing of it: an answer got lost, or the program was stopped. */
    unanswered: integer().notNull().default(0),
    runAt: integer('run_at').notNull(),
    leaseOwner: text('lease_owner'),
    leaseUntil: integer('lease_until'),
    error: text(),
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
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
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
  },
  (table) => [index('sessions_by_moderator').on(table.userId)],
)

/** One row for each try of something limited; the key is a keyed hash, so that no address stands here. */
export const attempts = sqliteTable(
  'attempts',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    key: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [index('attempts_by_key').on(table.key, table.at), index('attempts_by_time').on(table.at)],
)

/** What has been said once and need not be said again. */
export const announcements = sqliteTable('announcements', {
  key: text().primaryKey(),
  at: integer().notNull(),
  text: text().notNull(),
})
