import { eq } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { settings } from './schema'

/** What was set on the desk under a key, to be parsed by who knows it; null where nothing was. */
export async function findSetting(reader: Reader, key: string): Promise<unknown> {
  const [row] = await reader.select({ value: settings.value }).from(settings).where(eq(settings.key, key))
  return row?.value ?? null
}

export async function putSetting(tx: Transaction, key: string, value: unknown, now: number): Promise<void> {
  const set = { value, changedAt: now }
  await tx
    .insert(settings)
    .values({ key, ...set })
    .onConflictDoUpdate({ target: settings.key, set })
}
