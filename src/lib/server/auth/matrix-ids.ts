import { parseMatrixId } from '$lib/registration/matrix-id'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byModerator, type Actor } from '$lib/registration/registration'
import { HOUR, MINUTE } from '$lib/registration/time'
import { insertEvents } from '../database/events'
import { insertJob } from '../database/jobs'
import {
  deleteMatrixIdClaim,
  deleteMatrixIdClaims,
  findMatrixIdClaim,
  findMatrixIdClaimAsked,
  isMatrixIdTaken,
  putMatrixIdClaim,
} from '../database/matrix-ids'
import { findModerator, updateModerator } from '../database/moderators'
import type { Database, Transaction } from '../database/open'
import { purge } from '../database/purge'
import type { RateLimiter } from '../rate-limits/rate-limiter'
import { endMatrixId } from './moderator-accounts'

/** How long a message in the moderators' room can be reacted to, in milliseconds. */
const CLAIM_MS = 10 * MINUTE
/** Each claim is a message that everybody in the room reads. */
const CLAIMS = { count: 5, windowMs: HOUR }

/** What a moderator's own page says of their Matrix ID. Times in milliseconds since 1970. */
interface MatrixIdView {
  linked: string | null
  /** What they claim, until when, and whether the message about it is in the room yet. */
  asked: { matrixId: string; expiresAt: number; sent: boolean } | null
  /** Whether requests are decided in the moderators' room at all. */
  offered: boolean
}

export type MatrixIds = ReturnType<typeof createMatrixIds>

/**
 * Which Matrix ID decides in a moderator's name in the moderators' room. A session here says whose it is to be, and the
 * account itself says so by reacting to a message in the room: the homeserver vouches for that. Only accounts of our
 * homeserver, as another one could write as any of its users.
 */
export function createMatrixIds({
  database,
  clock,
  randomId,
  domain,
  limits,
  offered,
  ownMatrixId,
}: {
  database: Database
  clock: () => number
  randomId: () => string
  domain: string
  limits: Pick<RateLimiter, 'take'>
  offered: boolean
  /** The account that this program writes to the moderators' room with, whose reactions are not read; null: none. */
  ownMatrixId: (() => Promise<string>) | null
}) {
  return {
    /** Null: there is no such moderator. */
    view: (moderatorId: string): Promise<MatrixIdView | null> =>
      database.read(async (reader) => {
        const row = await findModerator(reader, moderatorId)
        if (row === null) return null
        const claim = await findMatrixIdClaim(reader, moderatorId)
        const asked =
          claim === null || claim.expiresAt <= clock()
            ? null
            : { matrixId: claim.matrixId, expiresAt: claim.expiresAt, sent: claim.eventId !== null }
        return { linked: row.matrixId, asked, offered }
      }),

    /**
     * Asks in the moderators' room whether this Matrix ID is theirs, in place of what they claimed before. Refuses
     * `matrix_id_invalid`, `matrix_id_foreign`, `matrix_id_own`, `matrix_id_taken`, `too_many_tries`, and `not_found`
     * where nothing is decided in the room.
     */
    async claim(
      moderatorId: string,
      typed: string,
    ): Promise<Result<{ matrixId: string; expiresAt: number }>> {
      if (!offered) return refuse({ code: 'not_found' })
      const read = parseMatrixId(typed, domain)
      if (!read.ok) return read
      const matrixId = read.value
      if (ownMatrixId !== null && matrixId === (await ownMatrixId())) return refuse({ code: 'matrix_id_own' })
      const taken = await limits.take('matrix-id', moderatorId, CLAIMS)
      if (!taken.ok)
        return refuse({
          code: 'too_many_tries',
          minutes: Math.max(1, Math.ceil(taken.retryAfterMs / MINUTE)),
        })
      return database.write(async (tx) => {
        const row = await findModerator(tx, moderatorId)
        if (row === null || row.disabledAt !== null) return refuse({ code: 'not_found' })
        if (await isMatrixIdTaken(tx, matrixId, moderatorId)) return refuse({ code: 'matrix_id_taken' })
        const job = randomId()
        const now = clock()
        const expiresAt = now + CLAIM_MS
        await putMatrixIdClaim(tx, { moderatorId, matrixId, job, eventId: null, expiresAt })
        const ask = { kind: 'ask_matrix_id', moderator: moderatorId } as const
        await insertJob(tx, ask, { id: job, registrationId: null, now, rest: 0 })
        return accept({ matrixId, expiresAt })
      })
    },

    /**
     * Somebody reacted with 🔗 to an event of the moderators' room. Links the Matrix ID if that event asked for it and
     * exactly its owner reacted, in time. Part of the caller's transaction.
     */
    async confirm(
      tx: Transaction,
      { eventId, sender }: { eventId: string; sender: string },
    ): Promise<'linked' | 'ignored'> {
      const claim = await findMatrixIdClaimAsked(tx, eventId)
      if (claim === null || claim.matrixId !== sender) return 'ignored'
      const { moderatorId, matrixId, expiresAt } = claim
      await deleteMatrixIdClaim(tx, moderatorId)
      if (expiresAt <= clock()) return 'ignored'
      const row = await findModerator(tx, moderatorId)
      if (row === null || row.disabledAt !== null) return 'ignored'
      if (await isMatrixIdTaken(tx, matrixId, moderatorId)) return 'ignored'
      await updateModerator(tx, moderatorId, { matrixId })
      await insertEvents(tx, null, [{ kind: 'matrix_id_linked' }], byModerator(moderatorId), clock())
      return 'linked'
    },

    /** From now on nobody decides in the room in their name; what they claim ends too. Refuses `not_found`. */
    async unlink(moderatorId: string, by: Actor): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, moderatorId)
        if (row === null) return refuse({ code: 'not_found' })
        await endMatrixId(tx, row, by, clock())
        return accept(null)
      })
    },

    /** The message in the room is not waited for any more. */
    cancelClaim: (moderatorId: string): Promise<void> =>
      database.write((tx) => deleteMatrixIdClaim(tx, moderatorId)),

    /** Deletes claims that expired. */
    deleteOld: () => purge(database, (tx, limit) => deleteMatrixIdClaims(tx, clock(), limit)),
  }
}
