import { createHmac } from 'node:crypto'
import {
  countAttempts,
  deleteAttempts,
  deleteAttemptsUntil,
  deleteOneAttempt,
  findStandings,
  insertAttempts,
  type Asked,
} from '../database/attempts'
import { purge } from '../database/purge'
import type { Database, Reader } from '../database/open'
import { networkOf, networksOf } from '$lib/network/client-networks'
import { DAY } from '$lib/registration/time'

/** So many refused keys are known at once, the latest; about others the database is asked. */
const MOST_NOTED = 1_000

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

  const askedFor = (claim: Claim): Asked => {
    const { count, windowMs } = claim.limit
    if (windowMs > longestWindowMs)
      throw new RangeError(
        `Attempts of "${claim.kind}" are kept for ${longestWindowMs} ms, less than ${windowMs} ms`,
      )
    return { key: keyOf(claim), windowMs, nth: count }
  }

  /** Time until there is room for one more; 0: there is room. */
  function waitOf({ limit: { count, windowMs } }: Claim, nthAt: number | null, now: number): number {
    if (count < 1) return windowMs
    return nthAt === null ? 0 : nthAt + windowMs - now
  }

  /** How each stands now, and how long it would have to wait. */
  async function look(reader: Reader, claims: Claim[], asked: Asked[]) {
    const now = clock()
    const standings = await findStandings(reader, asked, now)
    const waits = claims.map((claim, index) => waitOf(claim, standings[index]?.nthAt ?? null, now))
    return { now, standings, waits }
  }

  function takenOf(waits: number[]): Taken {
    const retryAfterMs = Math.max(0, ...waits)
    return retryAfterMs > 0 ? { ok: false, retryAfterMs } : { ok: true }
  }

  /** The wait of each, outside of any transaction. */
  const waitsFor = async (claims: Claim[], asked = claims.map(askedFor)): Promise<number[]> =>
    (await database.read((reader) => look(reader, claims, asked))).waits

  const peekAll = async (claims: Claim[]): Promise<Taken> => takenOf(await waitsFor(claims))

  /** Keys that were refused here, and until when they are if nothing else happens. */
  const refusedUntil = new Map<string, number>()

  function noteRefused(asked: Asked[], waits: number[], now: number): void {
    for (const [index, { key }] of asked.entries()) {
      const wait = waits[index] ?? 0
      if (wait === 0) continue
      refusedUntil.delete(key)
      refusedUntil.set(key, now + wait)
      const [oldest] = refusedUntil.keys()
      if (oldest !== undefined && refusedUntil.size > MOST_NOTED) refusedUntil.delete(oldest)
    }
  }

  /**
   * Counts one attempt for each claim, or for none if one of them has reached its limit. Refused attempts are not
   * counted, and after the first one they do not wait for the single writer either: many of them cost others nothing.
   */
  async function takeAll(claims: Claim[]): Promise<Taken> {
    const asked = claims.map(askedFor)
    const begun = clock()
    if (asked.some(({ key }) => (refusedUntil.get(key) ?? 0) > begun)) {
      const looked = takenOf(await waitsFor(claims, asked))
      if (!looked.ok) return looked
    }
    return database.write(async (tx) => {
      const { now, standings, waits } = await look(tx, claims, asked)
      const taken = takenOf(waits)
      const once = new Map(standings.map((standing) => [standing.key, standing]))
      if (taken.ok) await insertAttempts(tx, [...once.values()], now)
      else noteRefused(asked, waits, now)
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
      const waits = await waitsFor(claims)
      const longest = Math.max(0, ...waits)
      return longest === 0 ? null : (claims[waits.indexOf(longest)] ?? null)
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

    /** Deletes what is outside every window, also what was counted while the clock was ahead. */
    async deleteOld(): Promise<void> {
      await purge(database, (tx, limit) => {
        const now = clock()
        return deleteAttemptsUntil(tx, now - longestWindowMs, now, limit)
      })
    },
  }
}
