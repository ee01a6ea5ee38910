import { and, count, desc, eq, gt, isNull, lt, ne, or, sql } from 'drizzle-orm'
import type { RuleCore } from '$lib/moderation/rule'
import type { Registration } from '$lib/registration/registration'
import type { Queue } from '$lib/registration/state'
import type { Reader, Transaction } from './open'
import { moderators, registrations, rules } from './schema'

export type RuleRow = typeof rules.$inferSelect

const counts = (now: number) =>
  and(isNull(rules.endedAt), or(isNull(rules.expiresAt), gt(rules.expiresAt, now)))

/** Changes with each rule that is added or ended, whoever did it: rows are only added, and ended once. */
export async function rulesVersion(reader: Reader): Promise<string> {
  const [row] = await reader.select({ all: count(), ended: count(rules.endedAt) }).from(rules)
  return `${row?.all ?? 0}.${row?.ended ?? 0}`
}

/** The rules that count at a time. */
export const findCounting = (reader: Reader, now: number): Promise<RuleRow[]> =>
  reader.select().from(rules).where(counts(now))

/** A page of rules with their authors' names, newest first: those that count, or those that are over. */
export async function findRules(
  reader: Reader,
  over: boolean,
  now: number,
  before: { madeAt: number; id: string } | null,
  limit: number,
) {
  const which = over ? sql`not (${counts(now)})` : counts(now)
  return reader
    .select({ rule: rules, author: moderators.username })
    .from(rules)
    .leftJoin(moderators, eq(moderators.id, rules.madeBy))
    .where(
      and(
        which,
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

export async function findRule(reader: Reader, id: string): Promise<RuleRow | null> {
  const [row] = await reader.select().from(rules).where(eq(rules.id, id))
  return row ?? null
}

/** Whether just this rule counts already. */
export async function isRuleThere(reader: Reader, rule: RuleCore, now: number): Promise<boolean> {
  const { subject, form, value, effect } = rule
  const same = and(
    eq(rules.subject, subject),
    eq(rules.value, value),
    eq(rules.form, form),
    eq(rules.effect, effect),
  )
  return (await reader.$count(rules, and(same, counts(now)))) > 0
}

export async function insertRule(tx: Transaction, rule: RuleRow): Promise<void> {
  await tx.insert(rules).values(rule)
}

export async function endRule(tx: Transaction, id: string, now: number): Promise<void> {
  await tx.update(rules).set({ endedAt: now }).where(eq(rules.id, id))
}

/** Counts that a rule refused or held somebody. */
export async function countHit(tx: Transaction, id: string, now: number): Promise<void> {
  await tx
    .update(rules)
    .set({ hits: sql`${rules.hits} + 1`, lastHitAt: now })
    .where(eq(rules.id, id))
}

/** Notes which rule asks for a closer look at a registration; false where that one is noted already. */
export async function setHeldBy(tx: Transaction, id: string, ruleId: string): Promise<boolean> {
  const { heldBy } = registrations
  const other = or(isNull(heldBy), ne(heldBy, ruleId))
  const { rowsAffected } = await tx
    .update(registrations)
    .set({ heldBy: ruleId })
    .where(and(eq(registrations.id, id), other))
  return rowsAffected > 0
}

/** What rules look at, of one registration. */
export type Traits = Pick<
  Registration,
  'id' | 'version' | 'username' | 'email' | 'clientAddress' | 'state' | 'stateSince' | 'reason'
>

/** The newest registrations of a queue before a place in it, as rules see them. */
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

/** The rule that asks for a closer look at a registration, also when it is over. */
export async function findHolding(reader: Reader, registrationId: string) {
  const { subject, form, value, reason } = rules
  const [row] = await reader
    .select({ subject, form, value, reason })
    .from(registrations)
    .innerJoin(rules, eq(rules.id, registrations.heldBy))
    .where(eq(registrations.id, registrationId))
  return row ?? null
}
