import { createHmac, hkdfSync, randomInt } from 'node:crypto'
import { drawCode, readCode, standingOf, type CodeWish } from '$lib/moderation/invitation'
import { comesBy, type Invitations as Mode } from '$lib/registration/invited'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { authorId, type Author, type Registration } from '$lib/registration/registration'
import type { OwnView } from '$lib/registration/views'
import { byNetwork, type RateLimiter } from '../rate-limits/rate-limiter'
import { readCursor, writeCursor } from '../database/cursor'
import { insertEvents } from '../database/events'
import {
  CAME_LIMIT,
  endInvitation,
  findBrought,
  findInvitation,
  findInvitationByHash,
  findInvitations,
  insertInvitation,
  type InvitationRow,
} from '../database/invitations'
import type { Database } from '../database/open'
import { DAY, HOUR } from '$lib/registration/time'

/** How many invalid codes may be tried per network. Guessing a valid one is infeasible (`CODE_BITS`). */
export const CODE_TRIES = { count: 10, windowMs: HOUR }

/** How many codes a page shows. */
const PAGE = 100

export type ListedCode = Awaited<ReturnType<InvitationCodes['page']>>['items'][number]

export type InvitationCodes = ReturnType<typeof createInvitationCodes>

/**
 * Invitation codes for applicants. The database stores a keyed hash of each, for lookups; codes cannot be read from
 * it.
 */
export function createInvitationCodes({
  database,
  limits,
  secretKey,
  mode,
  clock,
  randomId,
  draw = randomInt,
}: {
  database: Database
  limits: Pick<RateLimiter, 'takeAll'>
  secretKey: string
  mode: Mode
  clock: () => number
  randomId: () => string
  draw?: (below: number) => number
}) {
  const hashKey = Buffer.from(hkdfSync('sha256', secretKey, '', 'invitation code hash', 32))
  const hashOf = (code: string) => createHmac('sha256', hashKey).update(code).digest('base64url')

  /** What happens to somebody without a code, or if none matters; null if there is one to check. */
  function withoutCode(typed: string): Result<null> | null {
    if (mode === 'off') return accept(null)
    if (typed.trim() !== '') return null
    return mode === 'required' ? refuse({ code: 'invitation_missing' }) : accept(null)
  }

  /**
   * The invitation of a valid code, looked up before anything is counted: whoever has one gets in, whatever others
   * try. Invalid codes are rate-limited per network; malformed ones cost nothing and are not counted.
   */
  async function find(typed: string, clientAddress: string): Promise<Result<InvitationRow>> {
    const code = readCode(typed)
    if (code === null) return refuse({ code: 'invitation_unknown' })
    const row = await database.read((reader) => findInvitationByHash(reader, hashOf(code)))
    if (row === null) {
      const taken = await limits.takeAll(byNetwork('code-network', clientAddress, CODE_TRIES))
      return taken.ok ? refuse({ code: 'invitation_unknown' }) : tooMany(taken.retryAfterMs)
    }
    const standing = standingOf(row, clock())
    return standing === 'counts' ? accept(row) : refuse({ code: 'invitation_over', why: standing })
  }

  return {
    /** The normalized form of a valid code; null for none. Refused like `bring`. */
    async check(typed: string, clientAddress: string): Promise<Result<string | null>> {
      const free = withoutCode(typed)
      if (free !== null) return free
      const found = await find(typed, clientAddress)
      return found.ok ? accept(readCode(typed)) : found
    },

    /** The invitation that somebody brings, by ID; null for none. Refused if one is required. */
    async bring(typed: string, clientAddress: string): Promise<Result<string | null>> {
      const free = withoutCode(typed)
      if (free !== null) return free
      const found = await find(typed, clientAddress)
      return found.ok ? accept(found.value.id) : found
    },

    /** Whether a registration may use an invitation, as far as is known now; a code it lacks is its first, or another. */
    async stands({ id, invitationId }: Registration): Promise<OwnView['invitation']> {
      if (mode === 'off') return 'free'
      const brought =
        invitationId === null ? null : await database.read((reader) => findBrought(reader, id, clock()))
      if (brought !== null && comesBy(brought)) return 'by_code'
      if (mode !== 'required') return 'free'
      return invitationId === null ? 'needs_code' : 'needs_other_code'
    },

    /**
     * A page of codes, latest first; `before` is the `next` of the previous page. `over`: those that have ended;
     * `skipping`: also those that skip review. `came`: how many registered with each.
     */
    async page(which: { over: boolean; skipping: boolean }, before: string | undefined) {
      const now = clock()
      const cursor = readCursor(before)
      const from = cursor === null ? null : { madeAt: cursor.at, id: cursor.id }
      const rows = await database.read((reader) => findInvitations(reader, which, now, from, PAGE + 1))
      const items = rows.slice(0, PAGE).map(({ invitation, author, vouches, came }) => ({
        invitation,
        standing: standingOf(invitation, now),
        author,
        vouches: vouches === 1,
        came: { count: Math.min(came, CAME_LIMIT), more: came > CAME_LIMIT },
      }))
      const last = items.at(-1)?.invitation
      return {
        items,
        next: rows.length > PAGE && last ? writeCursor({ at: last.madeAt, id: last.id }) : null,
      }
    },

    /** Creates a code, which is never shown again. The caller checks who may skip review. */
    async make(
      { uses, days, note, skipReview }: CodeWish & { skipReview: boolean },
      actor: Author,
    ): Promise<{ id: string; code: string }> {
      const now = clock()
      const id = randomId()
      const code = drawCode(draw)
      const row: InvitationRow = {
        id,
        hash: hashOf(code),
        code: '',
        note,
        usesMaximum: uses,
        uses: 0,
        skipReview,
        madeBy: authorId(actor),
        madeAt: now,
        expiresAt: days === null ? null : now + days * DAY,
        endedAt: null,
      }
      const terms = { ...(uses === null ? {} : { uses }), ...(days === null ? {} : { days }) }
      // Neither the code nor the comment: that can name an applicant.
      const detail = { invitation: id, skip_review: skipReview, ...terms }
      await database.write(async (tx) => {
        await insertInvitation(tx, row)
        await insertEvents(tx, null, [{ kind: 'invitation_code_made', detail }], actor, now)
      })
      return { id, code }
    },

    /** Revokes a code; one that has ended stays as it is. Refused if the actor may not (`mayEnd`). */
    async end(
      id: string,
      actor: Author,
      mayEnd: (invitation: Pick<InvitationRow, 'skipReview'>) => boolean,
    ): Promise<Result<null>> {
      return database.write<Result<null>>(async (tx) => {
        const now = clock()
        const row = await findInvitation(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        if (!mayEnd(row)) return refuse({ code: 'role_too_low' })
        if (row.endedAt !== null) return accept(null)
        await endInvitation(tx, id, now)
        await insertEvents(
          tx,
          null,
          [{ kind: 'invitation_code_ended', detail: { invitation: id } }],
          actor,
          now,
        )
        return accept(null)
      })
    },
  }
}

const tooMany = (retryAfterMs: number) =>
  refuse({ code: 'too_many_codes', minutes: Math.max(1, Math.ceil(retryAfterMs / 60_000)) })
