import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  lt,
  lte,
  min,
  ne,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { HeldFor } from '$lib/moderation/held'
import { ROOM_UNDO_MS } from '$lib/registration/decision'
import type { EmailAddress } from '$lib/registration/email'
import type { Registration } from '$lib/registration/registration'
import type { Queue, State } from '$lib/registration/state'
import { LONGEST_AHEAD_MS } from '$lib/registration/time'
import type { Username } from '$lib/registration/username'
import { foundBy, keepPrints } from './search-index'
import type { Reader, Transaction } from './open'
import { asStored, perConnection, placeholders } from './prepared-query'
import { accounts, exchanges, LIVING, queueCounts, registrations } from './schema'

const {
  seq: _seq,
  domain,
  network,
  addressKey,
  nameKey,
  trouble: _trouble,
  heldBy: _heldBy,
  heldFor,
  queue: _queue,
  queueAt: _queueAt,
  ...ownColumns
} = getTableColumns(registrations)

/** The account record applies to a registration only while it names that registration. */
const withAccount = {
  ...ownColumns,
  account: sql<Registration['account']>`coalesce(${accounts.state}, 'none')`,
  opening: sql<
    Registration['opening']
  >`case when registrations.state <> 'approved' then 'under_way' else coalesce(
    (select case when opens.error is null then 'under_way' else 'delayed' end from jobs opens
      where opens.registration_id = registrations.id and opens.kind = 'open_account'
        and opens.state in ('waiting', 'running') limit 1), 'failed') end`,
}

function selectRegistrations(reader: Reader) {
  return reader
    .select(withAccount)
    .from(registrations)
    .leftJoin(
      accounts,
      and(eq(accounts.localpart, registrations.username), eq(accounts.registrationId, registrations.id)),
    )
    .$dynamic()
}

const byId = perConnection((reader: Reader) =>
  selectRegistrations(reader)
    .where(eq(registrations.id, sql.placeholder('id')))
    .prepare(),
)

export async function findRegistration(reader: Reader, id: string): Promise<Registration | null> {
  const [row] = await byId(reader).all({ id })
  return row ?? null
}

const byAddress = perConnection((reader: Reader) =>
  selectRegistrations(reader)
    .where(and(eq(registrations.email, sql.placeholder('email')), sql`${registrations.state} in (${LIVING})`))
    .prepare(),
)

/** The open registration for an email address; there is at most one. */
export async function findByAddress(reader: Reader, email: EmailAddress): Promise<Registration | null> {
  const [row] = await byAddress(reader).all({ email })
  return row ?? null
}

/** The registration for an email address that was denied last, if that was so lately that it may still be undone. */
export async function findDenied(
  reader: Reader,
  email: EmailAddress,
  { now, undoMs }: { now: number; undoMs: number },
): Promise<Registration | null> {
  const [row] = await denied(reader).all({ email, since: now - Math.max(undoMs, ROOM_UNDO_MS) })
  return row ?? null
}

const denied = perConnection((reader: Reader) =>
  selectRegistrations(reader)
    .where(
      and(
        eq(registrations.state, 'denied'),
        gt(registrations.stateSince, sql.placeholder('since')),
        eq(registrations.email, sql.placeholder('email')),
      ),
    )
    .orderBy(desc(registrations.stateSince))
    .limit(1)
    .prepare(),
)

/** Written out: with a parameter, SQLite plans each query anew to see whether the index of held names has its rows. */
const IS_HELD = sql`${registrations.holdsName} = 1`

/** Who holds a username; there is at most one. */
export async function findHolder(reader: Reader, username: Username): Promise<Registration | null> {
  const [row] = await selectRegistrations(reader).where(and(eq(registrations.username, username), IS_HELD))
  return row ?? null
}

/** The reserved usernames in order, after one of them or from the first on. */
export async function findHeldNames(
  reader: Reader,
  after: Username | null,
  limit: number,
): Promise<Username[]> {
  const rows = await reader
    .select({ name: registrations.username })
    .from(registrations)
    .where(and(IS_HELD, after === null ? undefined : gt(registrations.username, after)))
    .orderBy(asc(registrations.username))
    .limit(limit)
  return rows.map(({ name }) => name)
}

/** Whether anybody except `except` holds this username. */
export async function isNameHeld(
  reader: Reader,
  username: Username,
  except: string | null,
): Promise<boolean> {
  const [row] = await (except === null
    ? holder(reader).all({ username })
    : otherHolder(reader).all({ username, except }))
  return row !== undefined
}

const selectHolder = (reader: Reader, but: SQL | undefined) =>
  reader
    .select({ id: registrations.id })
    .from(registrations)
    .where(and(eq(registrations.username, sql.placeholder('username')), IS_HELD, but))
    .prepare()
const holder = perConnection((reader: Reader) => selectHolder(reader, undefined))
const otherHolder = perConnection((reader: Reader) =>
  selectHolder(reader, ne(registrations.id, sql.placeholder('except'))),
)

export async function insertRegistration(tx: Transaction, registration: Registration): Promise<void> {
  const { account: _account, opening: _opening, ...row } = registration
  const columns = getTableColumns(registrations)
  await registrationInsert(tx).run(asStored(columns, { ...row, ...foundBy(registration) }))
  await keepPrints(tx, registration.id, registration.reason)
}

export async function updateRegistration(tx: Transaction, registration: Registration): Promise<void> {
  const { account: _account, opening: _opening, ...row } = registration
  const columns = getTableColumns(registrations)
  await registrationUpdate(tx).run(asStored(columns, { ...row, ...foundBy(registration) }))
  await keepPrints(tx, registration.id, registration.reason)
}

const undoableUntil = sql<number>`${registrations.stateSince} + coalesce(${registrations.restMs}, ${sql.placeholder('undoMs')})`
const resting = perConnection((reader: Reader) =>
  reader
    .select({
      id: registrations.id,
      username: registrations.username,
      state: registrations.state,
      until: undoableUntil,
    })
    .from(registrations)
    .where(
      and(
        eq(registrations.decidedBy, sql.placeholder('moderatorId')),
        eq(registrations.queue, 'decided'),
        gt(registrations.queueAt, sql.placeholder('since')),
        inArray(registrations.state, ['approved', 'denied']),
        gt(undoableUntil, sql.placeholder('now')),
        // As `isResting` has it.
        lte(undoableUntil, sql`${sql.placeholder('now')} + ${LONGEST_AHEAD_MS}`),
      ),
    )
    .orderBy(desc(registrations.queueAt), desc(registrations.id))
    .limit(sql.placeholder('limit'))
    .prepare(),
)

/**
 * What a moderator decided and can undo now, the latest first, and until when (milliseconds since 1970). `undoMs`: the
 * configured undo window.
 */
export async function findResting(
  reader: Reader,
  moderatorId: string,
  { now, undoMs, limit }: { now: number; undoMs: number; limit: number },
) {
  const since = now - Math.max(undoMs, ROOM_UNDO_MS)
  return resting(reader).all({ moderatorId, since, now, undoMs, limit })
}

const registrationInsert = perConnection((tx: Transaction) =>
  tx
    .insert(registrations)
    .values({
      ...placeholders({ ...ownColumns, domain, network, addressKey, nameKey }),
      seq: sql`(select coalesce(max(seq), 0) + 1 from registrations)`,
    })
    .prepare(),
)

const { id: _id, ...changing } = ownColumns
const registrationUpdate = perConnection((tx: Transaction) =>
  tx
    .update(registrations)
    .set({
      ...placeholders(changing),
      ...placeholders({ domain, network, addressKey, nameKey }),
    })
    .where(eq(registrations.id, sql.placeholder('id')))
    .prepare(),
)

/** Records what flags a registration besides a rule. */
export async function setHeldFor(tx: Transaction, id: string, heldFor: HeldFor[]): Promise<void> {
  await heldForUpdate(tx).run(asStored(getTableColumns(registrations), { id, heldFor }))
}

const heldForUpdate = perConnection((tx: Transaction) =>
  tx
    .update(registrations)
    .set(placeholders({ heldFor }))
    .where(eq(registrations.id, sql.placeholder('id')))
    .prepare(),
)

/** What flags a registration besides a rule; empty if nothing. */
export async function findHeldFor(reader: Reader, id: string): Promise<HeldFor[]> {
  const [row] = await reader
    .select({ heldFor: registrations.heldFor })
    .from(registrations)
    .where(eq(registrations.id, id))
  return row?.heldFor ?? []
}

/** Records that this flags a registration, too. */
export async function addHeldFor(tx: Transaction, id: string, why: HeldFor): Promise<void> {
  const marks = await findHeldFor(tx, id)
  if (!marks.includes(why)) await setHeldFor(tx, id, [...marks, why])
}

/** Whether anything flags a registration, a rule or another mark. */
export async function isHeld(reader: Reader, id: string): Promise<boolean> {
  const [row] = await reader
    .select({ heldBy: registrations.heldBy, heldFor: registrations.heldFor })
    .from(registrations)
    .where(eq(registrations.id, id))
  return row !== undefined && (row.heldBy !== null || row.heldFor.length > 0)
}

export async function deleteRegistration(tx: Transaction, id: string): Promise<void> {
  await tx.delete(registrations).where(eq(registrations.id, id))
}

/**
 * Registrations that have been in one state since before a time, oldest first; `after` is the last one of the
 * previous page.
 */
export async function findSince(
  reader: Reader,
  state: State,
  before: number,
  limit: number,
  after: { stateSince: number; id: string } | null = null,
): Promise<Registration[]> {
  const { stateSince, id } = registrations
  const beyond =
    after === null
      ? undefined
      : or(gt(stateSince, after.stateSince), and(eq(stateSince, after.stateSince), gt(id, after.id)))
  return selectRegistrations(reader)
    .where(
      and(
        eq(registrations.state, state),
        lt(stateSince, before),
        after === null ? undefined : gte(stateSince, after.stateSince),
        beyond,
      ),
    )
    .orderBy(asc(stateSince), asc(id))
    .limit(limit)
}

/** The account is suspended for a while. */
export const ON_PROBATION = sql`probation_until is not null`

/** Running probations whose time is over, by when it was; `after` is the last one of the previous page. */
export async function findEndedProbations(
  reader: Reader,
  now: number,
  limit: number,
  after: { until: number; id: string } | null = null,
): Promise<{ until: number; id: string }[]> {
  const { id, probation, probationUntil } = registrations
  const place = { until: sql<number>`${probationUntil}`, id }
  return reader
    .select(place)
    .from(registrations)
    .where(
      and(
        ON_PROBATION,
        eq(probation, 'running'),
        lte(probationUntil, now),
        after === null
          ? undefined
          : or(gt(probationUntil, after.until), and(eq(probationUntil, after.until), gt(id, after.id))),
      ),
    )
    .orderBy(asc(probationUntil), asc(id))
    .limit(limit)
}

/** Where it is the moderators' turn. */
const FOR_MODERATORS: Queue[] = ['waiting', 'answered']

/** Requests waiting for moderators: how many, since when the oldest, and ten of them. */
export interface Waiting {
  count: number
  oldest: number
  /** Those that came since the given time come first, the latest before others. */
  some: Registration[]
  /** How many came since that time, by a request or by an answer. */
  recent: number
}

const NAMED = 10

/**
 * Whether a request has been waiting for a moderator since before a time; one waiting for its applicant does not
 * count.
 */
export async function hasWaitedSince(reader: Reader, before: number): Promise<boolean> {
  const rows = await reader
    .select({ id: registrations.id })
    .from(registrations)
    .where(and(inArray(registrations.queue, FOR_MODERATORS), lt(registrations.stateSince, before)))
    .limit(1)
  return rows.length > 0
}

/**
 * How many registrations are in each state. What is over is many, so that only the denied and withdrawn of it are
 * counted, and the completed are the rest of a number that is kept (`queueCounts`).
 */
export async function countByState(reader: Reader): Promise<Record<State, number>> {
  const of = (state: State) =>
    sql`(select count(*) from ${registrations} where ${registrations.state} = ${state})`
  const rows = await reader.all<Record<Exclude<State, 'completed'> | 'decided', number | null>>(sql`
    select ${of('started')} as started, ${of('verified')} as verified, ${of('requested')} as requested,
      ${of('approved')} as approved, ${of('denied')} as denied, ${of('withdrawn')} as withdrawn,
      (select ${queueCounts.count} from ${queueCounts} where ${queueCounts.queue} = 'decided') as decided`)
  const found = (name: Exclude<State, 'completed'> | 'decided') => rows[0]?.[name] ?? 0
  const [approved, denied, withdrawn] = [found('approved'), found('denied'), found('withdrawn')]
  return {
    started: found('started'),
    verified: found('verified'),
    requested: found('requested'),
    approved,
    denied,
    completed: found('decided') - approved - denied - withdrawn,
    withdrawn,
  }
}

/** How many requests wait, by whose turn it is: `answered` are first in line for the moderators. */
export async function countQueues(reader: Reader): Promise<Record<'waiting' | 'answered' | 'asked', number>> {
  const rows = await reader
    .select()
    .from(queueCounts)
    .where(inArray(queueCounts.queue, ['waiting', 'answered', 'asked']))
  const of = (queue: Queue) => rows.find((row) => row.queue === queue)?.count ?? 0
  return { waiting: of('waiting'), answered: of('answered'), asked: of('asked') }
}

/** Since when the oldest request waits for the moderators, in milliseconds since 1970; null if none does. */
export async function findOldestWaiting(reader: Reader): Promise<number | null> {
  const since: number[] = []
  for (const queue of FOR_MODERATORS) {
    const [first] = await reader
      .select({ at: registrations.stateSince })
      .from(registrations)
      .where(eq(registrations.queue, queue))
      .orderBy(asc(registrations.queueAt))
      .limit(1)
    if (first !== undefined) since.push(first.at)
  }
  return since.length === 0 ? null : Math.min(...since)
}

export async function findWaiting(reader: Reader, since: number): Promise<Waiting> {
  const waiting = inArray(registrations.queue, FOR_MODERATORS)
  const answer = sql`exists (select 1 from ${exchanges} where ${exchanges.registrationId} = ${registrations.id}
    and ${exchanges.author} = 'applicant' and ${exchanges.at} >= ${since})`
  const asked = or(
    and(waiting, gte(registrations.stateSince, since)),
    and(eq(registrations.queue, 'answered'), answer),
  )
  const [sum] = await reader
    .select({ count: count(), oldest: min(registrations.stateSince) })
    .from(registrations)
    .where(waiting)
  const newest = (where: SQL | undefined) =>
    selectRegistrations(reader).where(where).orderBy(desc(registrations.stateSince)).limit(NAMED)
  const recent = await newest(asked)
  const named = new Set(recent.map(({ id }) => id))
  const others = recent.length < NAMED && since > 0 ? await newest(waiting) : []
  return {
    count: sum?.count ?? 0,
    oldest: sum?.oldest ?? since,
    some: [...recent, ...others.filter(({ id }) => !named.has(id))].slice(0, NAMED),
    recent: recent.length < NAMED ? recent.length : await reader.$count(registrations, asked),
  }
}

/**
 * A job failed permanently or keeps failing. For registrations that only started, a failed email alone needs no
 * moderator: the address is unverified, applicants can correct a typo themselves, and if no email is sent at all,
 * that is shown above the list.
 */
export const IN_TROUBLE = sql`trouble = 1 and (${registrations.state} <> 'started' or exists (select 1 from jobs
  where jobs.registration_id = ${registrations.id} and jobs.kind <> 'mail'
  and (jobs.state = 'failed' or (jobs.state = 'waiting' and jobs.error is not null))))`

/** Whether that is true for a registration. */
export async function isInTrouble(reader: Reader, id: string): Promise<boolean> {
  return (await reader.$count(registrations, and(eq(registrations.id, id), IN_TROUBLE))) > 0
}
