import { createHmac } from 'node:crypto'
import {
  countAttempts,
  deleteAttempts,
  deleteAttemptsUntil,
  deleteOneAttempt,
  findNthNewestAttempt,
  insertAttempts,
} from '../database/attempts'
import { purge } from '../database/purge'
import type { Database, Reader } from '../database/open'
import { networkOf, networksOf } from '$lib/network/client-networks'
import { DAY } from '$lib/registration/time'

/** What is counted: a kind of attempt, and by whom or on whom. An IP address stands for its network (`networkOf`). */
export interface Counted {
  kind: string
  subject: string
}
export interface Limit {
  /** Infinity: counted, but not limited. */
  count: number
  windowMs: number
}
export interface Claim extends Counted {
  limit: Limit
}

/**
 * An attempt for each network that an address may belong to, the narrowest first; wider ones have higher limits
 * (`networksOf`).
 */
export function byNetwork(kind: string, address: string, limit: Limit): Claim[] {
  return networksOf(address).map(({ network, share }) => ({
    kind,
    subject: network,
    limit: { ...limit, count: limit.count * share },
  }))
}

/** `retryAfterMs`: when the same would be allowed, if nothing else is counted until then. */
export type Taken = { ok: true } | { ok: false; retryAfterMs: number }

export type RateLimiter = ReturnType<typeof createRateLimiter>

/**
 * A sliding-window rate limiter that survives restarts. The database stores HMAC-SHA256(secret, kind NUL subject) and
 * the time, so that neither usernames nor addresses can be read from it. Windows are at most `longestWindowMs` long.
 */
export function createRateLimiter({
  database,
  secret,
  clock,
  longestWindowMs = DAY,
}: {
  database: Database
  secret: string
  clock: () => number
  longestWindowMs?: number
}) {
  const keyOf = ({ kind, subject }: Counted): string =>
    createHmac('sha256', secret)
      .update(`${kind}\0${networkOf(subject)}`)
      .digest('base64url')

  /** Time until there is room for one more; 0: there is room. */
  async function waitFor(reader: Reader, claim: Claim, now: number): Promise<number> {
    const { count, windowMs } = claim.limit
    if (windowMs > longestWindowMs)
      throw new RangeError(
        `Attempts of "${claim.kind}" are kept for ${longestWindowMs} ms, less than ${windowMs} ms`,
      )
    if (count < 1) return windowMs
    if (count === Infinity) return 0
    const oldest = await findNthNewestAttempt(reader, keyOf(claim), now - windowMs, count)
    return oldest === null ? 0 : oldest + windowMs - now
  }

  async function longestWait(reader: Reader, claims: Claim[], now: number): Promise<Taken> {
    let retryAfterMs = 0
    for (const claim of claims) retryAfterMs = Math.max(retryAfterMs, await waitFor(reader, claim, now))
    return retryAfterMs > 0 ? { ok: false, retryAfterMs } : { ok: true }
  }

  const peekAll = (claims: Claim[]): Promise<Taken> =>
    database.read((reader) => longestWait(reader, claims, clock()))

  /**
   * Counts one attempt for each claim, or for none if one of them has reached its limit. Refused attempts are not
   * counted, and do not wait for the single writer either: many of them cost others nothing.
   */
  async function takeAll(claims: Claim[]): Promise<Taken> {
    const looked = await peekAll(claims)
    if (!looked.ok) return looked
    return database.write(async (tx) => {
      const now = clock()
      const taken = await longestWait(tx, claims, now)
      const windows = new Map(claims.map((claim) => [keyOf(claim), claim.limit.windowMs]))
      if (taken.ok)
        await insertAttempts(
          tx,
          [...windows].map(([key, windowMs]) => ({ key, windowMs })),
          now,
        )
      return taken
    })
  }

  return {
    takeAll,

    take: (kind: string, subject: string, limit: Limit): Promise<Taken> =>
      takeAll([{ kind, subject, limit }]),

    /** What `take` would return now, without counting. */
    peek: (kind: string, subject: string, limit: Limit): Promise<Taken> =>
      peekAll([{ kind, subject, limit }]),

    /** What `takeAll` would. */
    peekAll,

    /** The claim with the longest wait; null if none has to wait. */
    async refusing(claims: Claim[]): Promise<Claim | null> {
      return database.read(async (reader) => {
        const now = clock()
        let found: { claim: Claim; wait: number } | null = null
        for (const claim of claims) {
          const wait = await waitFor(reader, claim, now)
          if (wait > (found?.wait ?? 0)) found = { claim, wait }
        }
        return found?.claim ?? null
      })
    },

    /** How often it was counted per step up to now, the latest first. */
    tally: (kind: string, subject: string, stepMs: number, steps: number): Promise<number[]> =>
      database.read((reader) => countAttempts(reader, keyOf({ kind, subject }), clock(), stepMs, steps)),

    async forget(kind: string, subject: string): Promise<void> {
      await database.write((tx) => deleteAttempts(tx, keyOf({ kind, subject })))
    },

    /** Deletes all attempts of one claim, and of others only those that `takeAll` counted together with them. */
    async forgetWith(counted: Counted, together: Counted[]): Promise<void> {
      await database.write(async (tx) => {
        for (const at of await deleteAttempts(tx, keyOf(counted)))
          for (const other of together) await deleteOneAttempt(tx, keyOf(other), at)
      })
    },

    /** Deletes what is outside every window. */
    async deleteOld(): Promise<void> {
      await purge(database, (tx, limit) => deleteAttemptsUntil(tx, clock() - longestWindowMs, limit))
    },
  }
}
