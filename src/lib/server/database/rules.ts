import {
  and,
  count,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  ne,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import { lastsLonger, RULE_SUBJECTS, ruleKey, type RuleCore } from '$lib/moderation/rule'
import type { RuleFilter } from '$lib/moderation/rule-filter'
import { RULE_KINDS } from '$lib/moderation/rule-kind'
import type { Registration } from '$lib/registration/registration'
import type { Queue } from '$lib/registration/state'
import { authorName } from './moderators'
import type { Reader, Transaction } from './open'
import { moderators, registrations, rules } from './schema'
import { jsonOf } from './stored-json'

export type RuleRow = typeof rules.$inferSelect

const counts = (now: number) =>
  and(isNull(rules.endedAt), or(isNull(rules.expiresAt), gt(rules.expiresAt, now)))

/** Changes with each rule that is added, prolonged or ended, by anybody: rows are only added, and ended once. */
export async function rulesVersion(reader: Reader): Promise<string> {
  const { endedAt, expiresAt } = rules
  const expiry = sql<number>`total(${expiresAt})`
  const [row] = await reader
    .select({ all: count(), ended: count(endedAt), expiring: count(expiresAt), expiry })
    .from(rules)
  return [row?.all, row?.ended, row?.expiring, row?.expiry].join(' ')
}

const row = sql<number>`${rules}.rowid`

/** A batch of the active rules, in order of creation; `after`: the `row` of the last one before. */
export const findCounting = (reader: Reader, now: number, after: number, limit: number) =>
  reader
    .select({
      row: row.as('row'),
      id: rules.id,
      subject: rules.subject,
      form: rules.form,
      value: rules.value,
      effect: rules.effect,
      expiresAt: rules.expiresAt,
    })
    .from(rules)
    .where(and(gt(row, after), counts(now)))
    .orderBy(row)
    .limit(limit)

/** Which rules to list. `over`: those that have ended. */
export type RuleWishes = RuleFilter & { over: boolean }

function wished({ over, kind, effect, q }: RuleWishes, now: number): SQL | undefined {
  const is = kind === undefined ? undefined : RULE_KINDS[kind]
  const words = `%${q?.replace(/[\\%_]/g, '\\$&') ?? ''}%`
  return and(
    over ? sql`not (${counts(now)})` : counts(now),
    is && and(eq(rules.subject, is.subject), eq(rules.form, is.form)),
    effect && eq(rules.effect, effect),
    q === undefined
      ? undefined
      : sql`(${rules.value} like ${words} escape '\\' or ${rules.reason} like ${words} escape '\\')`,
  )
}

/** A page of rules with their authors' usernames, latest first. */
export async function findRules(
  reader: Reader,
  wishes: RuleWishes,
  now: number,
  before: { madeAt: number; id: string } | null,
  limit: number,
) {
  return reader
    .select({ rule: rules, author: authorName(rules.madeBy, moderators) })
    .from(rules)
    .leftJoin(moderators, eq(moderators.id, rules.madeBy))
    .where(
      and(
        wished(wishes, now),
        before === null
          ? undefined
          : or(
              lt(rules.madeAt, before.madeAt),
              and(eq(rules.madeAt, before.madeAt), lt(rules.id, before.id)),
            ),
      ),
    )
    .orderBy(desc(rules.madeAt), desc(rules.id))
    .limit(limit)
}

export const countRules = (reader: Reader, wishes: RuleWishes, now: number): Promise<number> =>
  reader.$count(rules, wished(wishes, now))

/** Who made each of these rules, by its ID. */
export async function findAuthors(reader: Reader, ids: string[]): Promise<Map<string, string | null>> {
  const { id, madeBy } = rules
  const found = await reader.select({ id, madeBy }).from(rules).where(inArray(id, ids))
  return new Map(found.map((rule) => [rule.id, rule.madeBy]))
}

export async function findRule(reader: Reader, id: string): Promise<RuleRow | null> {
  const [row] = await reader.select().from(rules).where(eq(rules.id, id))
  return row ?? null
}

/** The rule that exists and is just the same, with its author's username; null if there is none. */
export async function findSame(
  reader: Reader,
  { subject, form, value, effect }: RuleCore,
  now: number,
): Promise<{ rule: RuleRow; author: string | null } | null> {
  const [found] = await reader
    .select({ rule: rules, author: authorName(rules.madeBy, moderators) })
    .from(rules)
    .leftJoin(moderators, eq(moderators.id, rules.madeBy))
    .where(
      and(
        eq(rules.subject, subject),
        eq(rules.value, value),
        eq(rules.form, form),
        eq(rules.effect, effect),
        counts(now),
      ),
    )
    .limit(1)
  return found ?? null
}

/** Until when those of these rules apply that exist already, by their keys; null: permanently. */
export async function findThere(
  reader: Reader,
  listed: readonly RuleCore[],
  now: number,
): Promise<Map<string, number | null>> {
  const { subject, form, value, effect, expiresAt } = rules
  const asked = new Set(listed.map(ruleKey))
  const there = new Map<string, number | null>()
  for (const one of RULE_SUBJECTS) {
    const values = listed.filter((rule) => rule.subject === one).map((rule) => rule.value)
    if (values.length === 0) continue
    const found = await reader
      .select({ subject, form, value, effect, expiresAt })
      .from(rules)
      .where(and(eq(subject, one), inArray(value, values), counts(now)))
    for (const rule of found) {
      const key = ruleKey(rule)
      const other = there.get(key)
      if (asked.has(key) && (other === undefined || lastsLonger(rule, { expiresAt: other })))
        there.set(key, rule.expiresAt)
    }
  }
  return there
}

/** Those of these rules that somebody ended before their time, by their keys. */
export async function findEnded(reader: Reader, listed: readonly RuleCore[]): Promise<Set<string>> {
  const { subject, form, value, effect, endedAt } = rules
  const values = [...new Set(listed.map((rule) => rule.value))]
  const asked = new Set(listed.map(ruleKey))
  const found = await reader
    .select({ subject, form, value, effect })
    .from(rules)
    .where(and(inArray(value, values), isNotNull(endedAt)))
  return new Set(found.map(ruleKey).filter((key) => asked.has(key)))
}

export const countPatterns = (reader: Reader, now: number): Promise<number> =>
  reader.$count(rules, and(eq(rules.form, 'pattern'), counts(now)))

/** However many, in one statement: they are one parameter, as a row's columns for thousands of rows would be too many. */
export async function insertRules(tx: Transaction, added: RuleRow[]): Promise<void> {
  const columns = Object.entries(getTableColumns(rules))
  const names = columns.map(([, column]) => sql.identifier(column.name))
  const values = columns.map(([key]) => sql`value ->> ${key}`)
  await tx.run(
    sql`insert into ${rules} (${sql.join(names, sql`, `)}) select ${sql.join(values, sql`, `)} from json_each(${jsonOf(added)})`,
  )
}

/** Gives rules that exist the ends of these, in one statement as well. */
export async function prolongRules(
  tx: Transaction,
  prolonged: readonly (RuleCore & { expiresAt: number | null })[],
  now: number,
): Promise<void> {
  const listed = prolonged.map(({ subject, form, value, effect, expiresAt }) => ({
    subject,
    form,
    value,
    effect,
    expiresAt,
  }))
  await tx.run(sql`update rules set expires_at = listed.value ->> 'expiresAt'
    from json_each(${JSON.stringify(listed)}) as listed
    where rules.subject = listed.value ->> 'subject' and rules.value = listed.value ->> 'value'
      and rules.form = listed.value ->> 'form' and rules.effect = listed.value ->> 'effect'
      and rules.ended_at is null and rules.expires_at > ${now}`)
}

export async function endRule(tx: Transaction, id: string, now: number): Promise<void> {
  await tx.update(rules).set({ endedAt: now }).where(eq(rules.id, id))
}

/** Counts that a rule blocked or flagged somebody. */
export async function countHit(tx: Transaction, id: string, now: number): Promise<void> {
  await tx
    .update(rules)
    .set({ hits: sql`${rules.hits} + 1`, lastHitAt: now })
    .where(eq(rules.id, id))
}

/** Records which rule flags a registration; false if that one is recorded already. */
export async function setHeldBy(tx: Transaction, id: string, ruleId: string): Promise<boolean> {
  const { heldBy } = registrations
  const other = or(isNull(heldBy), ne(heldBy, ruleId))
  const { rowsAffected } = await tx
    .update(registrations)
    .set({ heldBy: ruleId })
    .where(and(eq(registrations.id, id), other))
  return rowsAffected > 0
}

/** The traits of a registration that rules match. */
export type Traits = Pick<
  Registration,
  'id' | 'version' | 'username' | 'email' | 'clientAddress' | 'state' | 'stateSince' | 'reason'
>

/** The latest registrations of a queue before a cursor, as rules see them. */
export async function findTraits(
  reader: Reader,
  queue: Queue,
  before: { stateSince: number; id: string } | null,
  limit: number,
): Promise<Traits[]> {
  const { id, version, username, email, clientAddress, state, stateSince, reason } = registrations
  const beyond =
    before === null
      ? undefined
      : or(lt(stateSince, before.stateSince), and(eq(stateSince, before.stateSince), lt(id, before.id)))
  return reader
    .select({ id, version, username, email, clientAddress, state, stateSince, reason })
    .from(registrations)
    .where(and(eq(registrations.queue, queue), beyond))
    .orderBy(desc(stateSince), desc(id))
    .limit(limit)
}

/** The rule that flags a registration, even if it has ended. */
export async function findHolding(reader: Reader, registrationId: string) {
  const { subject, form, value, reason } = rules
  const [row] = await reader
    .select({ subject, form, value, reason })
    .from(registrations)
    .innerJoin(rules, eq(rules.id, registrations.heldBy))
    .where(eq(registrations.id, registrationId))
  return row ?? null
}
