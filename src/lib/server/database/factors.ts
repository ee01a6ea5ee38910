import { and, eq, isNull } from 'drizzle-orm'
import * as v from 'valibot'
import type { Reader, Transaction } from './open'
import { recoveryCodes } from './schema'
import { findSetting, putSetting } from './settings'

/** Replaces all recovery codes of a moderator. */
export async function replaceRecoveryCodes(
  tx: Transaction,
  moderatorId: string,
  hashes: string[],
): Promise<void> {
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.moderatorId, moderatorId))
  if (hashes.length > 0) await tx.insert(recoveryCodes).values(hashes.map((hash) => ({ hash, moderatorId })))
}

/** Uses up a recovery code; false if it is not this moderator's, or was used. */
export async function spendRecoveryCode(
  tx: Transaction,
  moderatorId: string,
  hash: string,
  now: number,
): Promise<boolean> {
  const spent = await tx
    .update(recoveryCodes)
    .set({ spentAt: now })
    .where(
      and(
        eq(recoveryCodes.hash, hash),
        eq(recoveryCodes.moderatorId, moderatorId),
        isNull(recoveryCodes.spentAt),
      ),
    )
    .returning({ hash: recoveryCodes.hash })
  return spent.length > 0
}

export async function countRecoveryCodes(reader: Reader, moderatorId: string): Promise<number> {
  return reader.$count(
    recoveryCodes,
    and(eq(recoveryCodes.moderatorId, moderatorId), isNull(recoveryCodes.spentAt)),
  )
}

const REQUIRED = 'second_factor_required'

/** Whether everybody needs a second factor; also true if the setting cannot be read. */
export const isFactorRequired = (reader: Reader): Promise<boolean> =>
  findSetting(reader, REQUIRED, v.boolean(), { unset: false, otherwise: true })

export const setFactorRequired = (tx: Transaction, required: boolean, now: number): Promise<void> =>
  putSetting(tx, REQUIRED, required, now)
