import { createHash } from 'node:crypto'
import { readEmail } from '$lib/registration/email'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byModerator, type AuditEvent } from '$lib/registration/registration'
import type { Hashing } from '../crypto/hash-queue'
import type { Token } from '../crypto/tokens'
import { insertEvents } from '../database/events'
import { spendModeratorToken, spendTokensOf } from '../database/moderator-tokens'
import { findModerator, findModeratorByEmail, updateModerator } from '../database/moderators'
import type { Database, Transaction } from '../database/open'
import { deleteSession, findSessionsOf } from '../database/sessions'
import type { ModeratorMails } from '../rate-limits/moderator-mails'
import type { ModeratorAccounts } from './moderator-accounts'
import type { ModeratorLinks } from './moderator-links'
import { weaknessOf } from './moderator-password'
import type { From, SessionCookie, Sessions } from './sessions'

/** The public ID of a session: the database's own stays internal. */
const sessionName = (id: string): string => createHash('sha256').update(`session ${id}`).digest('base64url')

/** What moderators do with their own account: password, email address and sessions. */
export function createOwnAccount({
  database,
  sessions,
  hashing,
  clock,
  mails,
  accounts,
  links,
}: {
  database: Database
  sessions: Pick<Sessions, 'start'>
  hashing: Pick<Hashing, 'hashOfKnown' | 'verifyOfKnown'>
  clock: () => number
  mails: ModeratorMails
  accounts: Pick<ModeratorAccounts, 'setPasswordIn'>
  links: Pick<ModeratorLinks, 'send' | 'open'>
}) {
  const say = (tx: Transaction, id: string, ...events: AuditEvent[]) =>
    insertEvents(tx, null, events, byModerator(id), clock())

  return {
    /** What moderators see of their own account; `current` is the hash of the asking session. */
    async account(id: string, current: string) {
      return database.read(async (reader) => {
        const row = await findModerator(reader, id)
        if (row === null) return null
        const sessions = (await findSessionsOf(reader, id))
          .map((one) => ({
            id: sessionName(one.id),
            device: one.device,
            network: one.network,
            startedAt: one.startedAt,
            seenAt: one.lastSeenAt,
            current: one.id === current,
          }))
          .sort((a, b) => b.startedAt - a.startedAt)
        const { username, email, emailConfirmedAt, language, shortcuts, role } = row
        return { username, email, confirmed: emailConfirmedAt !== null, language, shortcuts, role, sessions }
      })
    },

    /**
     * Ends every session and pending sign-in: whoever knew the old password is signed out; and starts a session here.
     * Refuses `password_wrong` and what is wrong with the new one.
     */
    async changePassword(
      id: string,
      { now, next }: { now: string; next: string },
      from: From,
    ): Promise<Result<SessionCookie>> {
      const row = await database.read((reader) => findModerator(reader, id))
      const matches = await hashing.verifyOfKnown(row?.passwordHash ?? null, now)
      if (!matches.ok) return matches
      if (!matches.value || row === null) return refuse({ code: 'password_wrong' })
      const weak = await weaknessOf(next, row.username)
      if (weak !== null) return refuse(weak)
      const hashed = await hashing.hashOfKnown(next)
      if (!hashed.ok) return hashed
      return database.write(async (tx) => {
        const set = await accounts.setPasswordIn(tx, id, hashed.value, byModerator(id), row.passwordHash)
        return set.ok ? accept(await sessions.start(tx, id, from)) : set
      })
    },

    /**
     * Sends a link to an address; it becomes theirs once the link is followed. If somebody else has it, only that
     * inbox is told. Returns the email's ID. Refuses `too_many_mails`, and invalid addresses like `readEmail`.
     */
    async askAddress(id: string, typed: string): Promise<Result<string>> {
      const read = readEmail(typed)
      if (!read.ok) return read
      const email = read.value
      const taken = await mails.take('address', id, email)
      if (!taken.ok) return taken
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        const link = { purpose: 'address', moderatorId: id, email, role: null, createdBy: id } as const
        const { mail } = await links.send(tx, link, 'confirm_moderator', row.language)
        await say(tx, id, { kind: 'address_changed' })
        return accept(mail)
      })
    },

    /** The email address that a link confirms. */
    address: (token: Token) =>
      database.read(async (reader) => {
        const found = await links.open(reader, token, 'address')
        return found.ok ? accept({ email: found.value.email ?? '' }) : found
      }),

    /**
     * Makes the address that a link was sent to the moderator's own. Every other link to an address ends: somebody else
     * may read mail at one that was mistyped and then corrected.
     */
    async confirmAddress(token: Token): Promise<Result<null>> {
      return database.write(async (tx) => {
        const found = await links.open(tx, token, 'address')
        if (!found.ok) return found
        const { moderatorId, email, hash } = found.value
        if (moderatorId === null || email === null || !(await spendModeratorToken(tx, hash, clock())))
          return refuse({ code: 'link_spent' })
        const other = await findModeratorByEmail(tx, email)
        if (other !== null && other.id !== moderatorId) return refuse({ code: 'moderator_known' })
        await updateModerator(tx, moderatorId, { email, emailConfirmedAt: clock() })
        await spendTokensOf(tx, moderatorId, clock(), 'address')
        await say(tx, moderatorId, { kind: 'address_confirmed' })
        return accept(null)
      })
    },

    /** Ends one session of a moderator, or with null all but `current`; returns how many ended. */
    async endSessions(moderatorId: string, which: string | null, current: string): Promise<number> {
      return database.write(async (tx) => {
        const sessions = await findSessionsOf(tx, moderatorId)
        const isMeant = (id: string) => (which === null ? id !== current : sessionName(id) === which)
        const ended = sessions.filter(({ id }) => isMeant(id))
        for (const { id } of ended) await deleteSession(tx, id)
        await say(tx, moderatorId, ...ended.map(() => ({ kind: 'session_ended' }) as const))
        return ended.length
      })
    },
  }
}
