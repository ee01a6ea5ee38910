import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import {
  NOT_SET_UP,
  openingOf,
  readClosing,
  readUntil,
  settle,
  type Change,
  type Opening,
  type OpeningCounts,
  type OpeningLimits,
  type OpeningRecord,
} from '$lib/moderation/opening'
import type { Texts } from '$lib/registration/language'
import type { NewJob } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byAuthor, type Actor, type AuditEvent } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import type { Database, Reader, Transaction } from '../database/open'
import { findOpeningCounts, findOpeningRecord, putOpeningRecord } from '../database/opening'
import { isDatabaseOutage } from '../database/problem'

export type Intake = ReturnType<typeof createIntake>

/** How long a process caches the state; then it reads what another one wrote. */
const REMEMBERED_MS = 1000
const SYSTEM: Actor = { kind: 'system' }

/** Everything there is to know about it, as moderators see it. */
export interface OpeningState {
  opening: Opening
  record: OpeningRecord
  counts: OpeningCounts
}

/**
 * Whether registration is open. The answer reflects counts and clock immediately; the consequences of a change (the
 * audit log, the alert) are written by the transaction that caused it, or on schedule, once for all processes.
 */
export function createIntake({
  database,
  limits,
  hasRoom,
  needsOperator,
  clock,
  log,
}: {
  database: Database
  limits: OpeningLimits
  /** Whether no account can be created before an operator fixes the setup. */
  needsOperator: () => boolean
  /** Whether the moderators have a room for notifications. */
  hasRoom: boolean
  clock: () => number
  log: Pick<Logger, 'warn'>
}) {
  let known: { opening: Opening; at: number } | null = null
  let looking: Promise<Opening> | null = null

  function forget(): void {
    known = null
    looking = null
  }

  /** Concurrent queries share one read of the database; what was read before a change here is not kept after it. */
  function lookOnce(): Promise<Opening> {
    if (looking !== null) return looking
    const mine = database
      .read(read)
      .then(({ opening }) => {
        if (looking === mine) known = { opening, at: clock() }
        return opening
      })
      .finally(() => {
        if (looking === mine) looking = null
      })
    looking = mine
    return mine
  }

  async function read(
    reader: Reader,
  ): Promise<OpeningState & { stored: OpeningRecord; change: Change | null }> {
    const now = clock()
    const stored = await findOpeningRecord(reader)
    const counts = await findOpeningCounts(reader, now)
    const { record, change } = settle(stored, counts, limits, now)
    return { opening: openingOf(record, now), record, counts, stored, change }
  }

  function alerts(change: Change, at: number): NewJob[] {
    const what = { kind: 'warn_opening', open: change.open, why: change.why, at } as const
    return [{ ...what, by: 'mail' }, ...(hasRoom ? [{ ...what, by: 'room' } as const] : [])]
  }

  async function put(tx: Transaction, record: OpeningRecord, event: AuditEvent, by: string): Promise<void> {
    await putOpeningRecord(tx, record, clock())
    await insertEvents(tx, null, [event], byAuthor(by), clock())
  }

  return {
    limits,

    /** Whether new applicants can start now, according to this transaction or reader. */
    read: (reader: Reader): Promise<OpeningState> => read(reader),

    /** The same, as it is now, and as visitors find it. */
    async state(): Promise<OpeningState> {
      const state = await database.read(read)
      return needsOperator() ? { ...state, opening: NOT_SET_UP } : state
    },

    /** The same for a page, at most a second old; while the database is unavailable, the last known state. */
    async look(): Promise<Opening> {
      if (needsOperator()) return NOT_SET_UP
      if (known !== null && Math.abs(clock() - known.at) < REMEMBERED_MS) return known.opening
      try {
        return await lookOnce()
      } catch (error) {
        if (known === null || !isDatabaseOutage(error)) throw error
        log.warn('The database is unavailable; registration stays as it was last known, open or closed')
        return known.opening
      }
    },

    /** Refused while registration is closed. `passes`: who may start although it is closed. */
    async admit(reader: Reader, { passes = false }: { passes?: boolean } = {}): Promise<Result<null>> {
      if (needsOperator()) return refuse({ code: 'registration_closed', until: null })
      if (passes) return accept(null)
      const { opening } = await read(reader)
      return opening.open ? accept(null) : refuse({ code: 'registration_closed', until: opening.until })
    },

    /** Records what follows from counts and time, and returns whom to notify; in the transaction that changed them. */
    async settle(tx: Transaction): Promise<NewJob[]> {
      const { record, stored, change } = await read(tx)
      if (isDeepStrictEqual(record, stored)) return []
      forget()
      const now = clock()
      await putOpeningRecord(tx, record, now)
      if (change === null) return []
      const kind = change.open ? 'registration_opened' : 'registration_closed'
      await insertEvents(tx, null, [{ kind, detail: { why: change.why } }], SYSTEM, now)
      return alerts(change, now)
    },

    /**
     * A moderator (or `COMMAND_LINE`) closes it, or changes the message while it is closed. `seen`: when the choice was
     * made that this one replaces (null: there was none); refused if a colleague made another one meanwhile.
     */
    async close(
      { seen, ...typed }: { message: Texts; until: string; seen?: number | null | undefined },
      by: string,
    ): Promise<Result<null>> {
      const wish = readClosing(typed, clock())
      if (!wish.ok) return wish
      const { message, until } = wish.value
      const closed = await database.write(async (tx): Promise<Result<null>> => {
        const { record } = await read(tx)
        const { hand: before } = record
        const isSame = before?.says === 'closed' && before.until === until
        // The same was sent twice.
        if (isSame && before.by === by && isDeepStrictEqual(before.message, message)) return accept(null)
        if (!isStill(record, seen)) return refuse({ code: 'opening_changed' })
        const hand = { says: 'closed', message, until, by, at: clock() } as const
        await put(
          tx,
          { ...record, hand },
          { kind: 'registration_closed', detail: detailOf('by_hand', until) },
          by,
        )
        return accept(null)
      })
      forget()
      return closed
    },

    /**
     * A moderator opens it. If a limit closed it, it stays open until the backlog is cleared, or until the given day;
     * otherwise the limits count from now on. `seen`: as above.
     */
    async open(
      typed: { until: string; seen?: number | null | undefined },
      by: string,
    ): Promise<Result<null>> {
      const until = readUntil(typed.until, clock())
      if (!until.ok) return until
      const opened = await database.write(async (tx): Promise<Result<null>> => {
        const { record } = await read(tx)
        if (!isStill(record, typed.seen)) return refuse({ code: 'opening_changed' })
        const although = record.shut !== null
        const hand = although ? ({ says: 'open', until: until.value, by, at: clock() } as const) : null
        const detail = detailOf('by_hand', although ? until.value : null)
        await put(tx, { ...record, hand }, { kind: 'registration_opened', detail }, by)
        return accept(null)
      })
      forget()
      return opened
    },
  }
}

const isStill = ({ hand }: OpeningRecord, seen: number | null | undefined): boolean =>
  seen === undefined || seen === (hand?.at ?? null)

function detailOf(why: 'by_hand', until: number | null): Record<string, string> {
  return { why, ...(until === null ? {} : { until: new Date(until).toISOString().slice(0, 10) }) }
}
