import { randomUUID } from 'node:crypto'
import type { Role } from '$lib/moderation/moderator'
import { can } from '$lib/moderation/permission'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byModerator, type Actor, type AuditEvent, type EventDetail } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import { deleteMatrixIdClaim } from '../database/matrix-ids'
import { spendInvitationsBy, spendTokensOf } from '../database/moderator-tokens'
import {
  countAdministrators,
  findLastSeen,
  findModerator,
  findModeratorByName,
  findModerators,
  forgetBegunFactor,
  insertModerator,
  updateModerator,
  type ModeratorRow,
  type NewModerator,
} from '../database/moderators'
import type { Database, Reader, Transaction } from '../database/open'
import { findPasskeyHolders } from '../database/passkeys'
import { deleteSessionsOf, findSessionsOf } from '../database/sessions'

export type ModeratorAccounts = ReturnType<typeof createModeratorAccounts>

/**
 * The rules of moderators' accounts, whoever changes one: an administrator, its owner, or the operator at the terminal
 * (`by`). Each change is one transaction, together with its record in the audit log. There is always somebody active
 * who manages moderators, once there was one.
 */
export function createModeratorAccounts({
  database,
  clock,
  randomId = randomUUID,
}: {
  database: Database
  clock: () => number
  randomId?: () => string
}) {
  const say = (tx: Transaction, by: Actor, ...events: AuditEvent[]) =>
    insertEvents(tx, null, events, by, clock())

  /** Whether nobody could manage moderators without this one. */
  async function isNeeded(reader: Reader, { role, disabledAt }: ModeratorRow): Promise<boolean> {
    return can(role, 'manage-moderators') && disabledAt === null && (await countAdministrators(reader)) < 2
  }

  /** Anyone who may no longer invite leaves no unused invitation behind. */
  async function withdrawInvitationsBy(tx: Transaction, id: string, by: Actor): Promise<void> {
    const count = await spendInvitationsBy(tx, id, clock())
    await say(tx, by, ...Array.from({ length: count }, () => ({ kind: 'invitation_withdrawn' }) as const))
  }

  /**
   * Sets a password, by its hash, and ends every session: whoever knew the old one is signed out. If somebody else sets
   * it, the Matrix ID is linked no longer, as it may be that of who knew the old one. `was`: the hash of the one that
   * was proven; if another one is set by now, refuses `password_wrong`. Refuses `not_found`, and `moderator_disabled`:
   * a new password would not let anybody in.
   */
  async function setPasswordIn(
    tx: Transaction,
    id: string,
    passwordHash: string,
    by: Actor,
    was: string | null = null,
  ): Promise<Result<ModeratorRow>> {
    const row = await findModerator(tx, id)
    if (row === null) return refuse({ code: 'not_found' })
    if (was !== null && row.passwordHash !== was) return refuse({ code: 'password_wrong' })
    if (row.disabledAt !== null) return refuse({ code: 'moderator_disabled' })
    await updateModerator(tx, id, { passwordHash })
    await endAccess(tx, id, clock())
    if (!isItself(row, by)) await endMatrixId(tx, row, by, clock())
    await say(tx, by, { kind: 'password_changed', ...whose(row, by) })
    return accept({ ...row, passwordHash })
  }

  return {
    /** All of them, disabled ones included, with when they were last seen. */
    list: () =>
      database.read(async (reader) => {
        const seen = await findLastSeen(reader)
        const holders = await findPasskeyHolders(reader)
        return (await findModerators(reader)).map((row) => ({
          id: row.id,
          username: row.username,
          email: row.email,
          role: row.role,
          confirmed: row.emailConfirmedAt !== null,
          secondFactor: row.totpSince !== null || holders.has(row.id),
          disabledAt: row.disabledAt,
          seenAt: seen.get(row.id)?.seenAt ?? null,
          isSignedIn: seen.get(row.id)?.isSignedIn ?? false,
          matrixId: row.matrixId,
        }))
      }),

    /** Adds an account within a transaction; refuses `moderator_name_taken`, also for a disabled one. */
    async add(
      tx: Transaction,
      wish: Omit<NewModerator, 'id' | 'createdAt'>,
      by: Actor | 'itself',
    ): Promise<Result<ModeratorRow>> {
      if ((await findModeratorByName(tx, wish.username)) !== null)
        return refuse({ code: 'moderator_name_taken' })
      const row = await insertModerator(tx, { ...wish, id: randomId(), createdAt: clock() })
      const actor = by === 'itself' ? byModerator(row.id) : by
      await say(tx, actor, { kind: 'moderator_joined', ...whose(row, actor, { role: row.role }) })
      return accept(row)
    },

    /** Refuses `not_found` and `last_administrator`. */
    async setRole(id: string, role: Role, by: Actor): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        if (row.role === role) return accept(null)
        const mayManage = can(role, 'manage-moderators')
        if (!mayManage && (await isNeeded(tx, row))) return refuse({ code: 'last_administrator' })
        await updateModerator(tx, id, { role })
        if (!mayManage) await withdrawInvitationsBy(tx, id, by)
        await say(tx, by, { kind: 'role_changed', detail: { moderator: row.username, role } })
        return accept(null)
      })
    },

    /**
     * Signed out everywhere at once, or allowed to sign in again. Refuses `not_found` and `last_administrator`; changes
     * nothing if it is so already.
     */
    async setDisabled(id: string, disabled: boolean, by: Actor): Promise<Result<ModeratorRow>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        if ((row.disabledAt !== null) === disabled) return accept(row)
        if (disabled && (await isNeeded(tx, row))) return refuse({ code: 'last_administrator' })
        const disabledAt = disabled ? clock() : null
        await updateModerator(tx, id, { disabledAt })
        await endAccess(tx, id, clock())
        if (disabled) await endMatrixId(tx, row, by, clock())
        if (disabled) await withdrawInvitationsBy(tx, id, by)
        const kind = disabled ? 'moderator_disabled' : 'moderator_enabled'
        await say(tx, by, { kind, detail: { moderator: row.username } })
        return accept({ ...row, disabledAt })
      })
    },

    setPasswordIn,

    /** The same in a transaction of its own. */
    setPassword: (id: string, passwordHash: string, by: Actor): Promise<Result<ModeratorRow>> =>
      database.write((tx) => setPasswordIn(tx, id, passwordHash, by)),

    /** Ends every session and pending sign-in of a moderator: in case a browser was left open, or a device was lost. */
    async signOut(id: string, by: Actor): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        const detail = { moderator: row.username }
        const ended = Array.from({ length: await endAccess(tx, id, clock()) })
        await say(tx, by, ...ended.map(() => ({ kind: 'session_ended', detail }) as const))
        return accept(null)
      })
    },

    setPreferences: (id: string, preferences: { shortcuts: boolean }): Promise<void> =>
      database.write((tx) => updateModerator(tx, id, preferences)),
  }
}

/**
 * Ends every session and pending sign-in of a moderator, every link sent to them, what they claimed as their Matrix
 * ID, and an authenticator that was begun and not confirmed; returns how many sessions.
 */
export async function endAccess(tx: Transaction, id: string, now: number): Promise<number> {
  const ended = await findSessionsOf(tx, id)
  await deleteSessionsOf(tx, id)
  await spendTokensOf(tx, id, now)
  await deleteMatrixIdClaim(tx, id)
  await forgetBegunFactor(tx, id)
  return ended.length
}

/** Whoever has a moderator's Matrix ID decides nothing from now on, and what the moderator claims as theirs ends too. */
export async function endMatrixId(tx: Transaction, row: ModeratorRow, by: Actor, now: number): Promise<void> {
  await deleteMatrixIdClaim(tx, row.id)
  if (row.matrixId === null) return
  await updateModerator(tx, row.id, { matrixId: null })
  await insertEvents(tx, null, [{ kind: 'matrix_id_unlinked', ...whose(row, by) }], by, now)
}

const isItself = ({ id }: ModeratorRow, by: Actor): boolean => by.kind === 'moderator' && by.id === id

/** Whom an event is about, where that is not who did it. */
function whose(row: ModeratorRow, by: Actor, more: EventDetail = {}): { detail?: EventDetail } {
  if (isItself(row, by)) return {}
  return { detail: { moderator: row.username, ...more } }
}
