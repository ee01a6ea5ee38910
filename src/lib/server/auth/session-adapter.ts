import { DrizzleSQLiteAdapter } from '@lucia-auth/adapter-drizzle'
import type { Adapter, DatabaseSession } from 'lucia'
import * as v from 'valibot'
import type { Database, Transaction } from '../database/open'
import { moderators, sessions } from '../database/schema'
import { deleteEndedSessions, findSession, findSessionsOf, type SessionRow } from '../database/sessions'
import { hashToken, tokenSchema } from '../crypto/tokens'

/** What Lucia is shown to make it delete the session. */
const ENDED = new Date(0)

/**
 * Lucia's drizzle adapter with four differences: the database stores SHA-256 of the session ID, so that nothing in it
 * can be replayed; writes go through the single writer; a session ends `absoluteMs` after it began, however active,
 * and when its moderator is disabled; and times follow `clock`, while Lucia uses `Date`: the rest of `idleMs` by the
 * one is shown to Lucia by the other.
 */
export function createSessionAdapter({
  database,
  clock,
  idleMs,
  absoluteMs,
}: {
  database: Pick<Database, 'read' | 'write'>
  clock: () => number
  idleMs: number
  absoluteMs: number
}): Adapter {
  const hashed = (id: string) => hashToken(v.parse(tokenSchema, id))
  const idleEnd = () => new Date(clock() + idleMs)
  const asLuciaSeesIt = (seconds: number) => new Date(Date.now() + seconds * 1000 - clock())
  const write = <T>(work: (adapter: DrizzleSQLiteAdapter) => Promise<T>) =>
    database.write((tx: Transaction) => work(new DrizzleSQLiteAdapter(tx, sessions, moderators)))
  const shown = (
    { userId, expiresAt, startedAt, lastSeenAt, device, network }: SessionRow,
    id: string,
  ): DatabaseSession => ({
    id,
    userId,
    expiresAt: startedAt + absoluteMs <= clock() ? ENDED : asLuciaSeesIt(expiresAt),
    attributes: { startedAt, lastSeenAt, device, network },
  })

  return {
    async getSessionAndUser(id) {
      const found = await database.read((reader) => findSession(reader, hashed(id)))
      if (found === null) return [null, null]
      const { id: moderatorId, disabledAt, ...attributes } = found.moderator
      const user = disabledAt === null ? { id: moderatorId, attributes } : null
      return [shown(found.session, id), user]
    },
    /** With the hashes as IDs: nobody knows more. */
    async getUserSessions(userId) {
      const rows = await database.read((reader) => findSessionsOf(reader, userId))
      return rows.map((row) => shown(row, row.id))
    },
    setSession: (session) =>
      write((adapter) => adapter.setSession({ ...session, id: hashed(session.id), expiresAt: idleEnd() })),
    updateSessionExpiration: (id) =>
      write((adapter) => adapter.updateSessionExpiration(hashed(id), idleEnd())),
    deleteSession: (id) => write((adapter) => adapter.deleteSession(hashed(id))),
    deleteUserSessions: (userId) => write((adapter) => adapter.deleteUserSessions(userId)),
    deleteExpiredSessions: () =>
      database.write((tx) =>
        deleteEndedSessions(tx, {
          expiredAt: Math.floor(clock() / 1000),
          startedBefore: clock() - absoluteMs,
        }),
      ),
  }
}
