import { and, asc, eq, gt } from 'drizzle-orm'
import * as v from 'valibot'
import { emailSchema } from '$lib/registration/email'
import { mailboxOf } from '$lib/registration/mailbox'
import type { Database, Transaction } from './open'
import { registrations, rules } from './schema'
import { findSetting, putSetting } from './settings'

const KEY = 'mailbox_rule'
/** Increment when `mailboxOf` changes: rows by an older version are rewritten, once. */
const VERSION = 2
const SLICE = 500

/** Rewrites mailboxes stored in clear by the current rule; if that was done before, it costs one query. */
export async function refreshMailboxes(database: Database, now: number): Promise<void> {
  const said = { unset: 0, otherwise: 0 }
  if ((await database.read((reader) => findSetting(reader, KEY, v.number(), said))) === VERSION) return
  for (let after: string | null = ''; after !== null;) {
    const last: string = after
    after = await database.write((tx) => refreshRegistrations(tx, last))
  }
  await database.write(async (tx) => {
    await refreshRules(tx)
    await putSetting(tx, KEY, VERSION, now)
  })
}

/** Returns the last ID of a batch, or null after the last one. */
async function refreshRegistrations(tx: Transaction, after: string): Promise<string | null> {
  const { id, email, addressKey } = registrations
  const rows = await tx
    .select({ id, email, addressKey })
    .from(registrations)
    .where(gt(id, after))
    .orderBy(asc(id))
    .limit(SLICE)
  for (const row of rows) {
    const key = mailboxOf(row.email)
    // Missing ones are filled in with the rest (`search-index.ts`).
    if (row.addressKey !== null && row.addressKey !== key)
      await tx.update(registrations).set({ addressKey: key }).where(eq(id, row.id))
  }
  return rows.length < SLICE ? null : (rows.at(-1)?.id ?? null)
}

async function refreshRules(tx: Transaction): Promise<void> {
  const rows = await tx
    .select({ id: rules.id, value: rules.value })
    .from(rules)
    .where(and(eq(rules.subject, 'email'), eq(rules.form, 'exact')))
  for (const { id, value } of rows) {
    const email = v.safeParse(emailSchema, value)
    const mailbox = email.success ? mailboxOf(email.output) : value
    if (mailbox !== value) await tx.update(rules).set({ value: mailbox }).where(eq(rules.id, id))
  }
}
