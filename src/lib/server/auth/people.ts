import { createHash, randomUUID } from 'node:crypto'
import type { Role } from '$lib/moderation/moderator'
import { can } from '$lib/moderation/permission'
import { parseEmail, readEmail } from '$lib/registration/email'
import type { Language } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { AuditEvent } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import { insertJob } from '../database/jobs'
import {
  deleteModeratorTokens,
  findInvitations,
  findModeratorToken,
  insertModeratorToken,
  renewModeratorToken,
  spendInvitationsBy,
  spendModeratorToken,
  spendTokensOf,
  type ModeratorTokenRow,
} from '../database/moderator-tokens'
import {
  countAdministrators,
  findLastSeen,
  findModerator,
  findModeratorByEmail,
  findModeratorByName,
  findModerators,
  insertModerator,
  updateModerator,
  type ModeratorRow,
} from '../database/moderators'
import { purge } from '../database/purge'
import type { ModeratorMails } from '../rate-limits/moderator-mails'
import type { Database, Reader, Transaction } from '../database/open'
import { findPasskeyHolders } from '../database/passkeys'
import { deleteSession, deleteSessionsOf, findSessionsOf } from '../database/sessions'
import type { Hashing } from '../crypto/hash-queue'
import { isModeratorName, moderatorName } from './moderators'
import { weaknessOf } from './moderator-password'
import { hashToken, mintToken, type Token } from '../crypto/tokens'

/** The public ID of a session: the database's own stays internal. */
const sessionName = (id: string): string => createHash('sha256').update(`session ${id}`).digest('base64url')

/** The lifetime of a link to a moderator, in days. */
export const LINK_DAYS = 7
const DAY_MS = 24 * 60 * 60 * 1000

export type People = ReturnType<typeof createPeople>

/**
 * Moderators' accounts as moderators and administrators manage them: invitations, roles, access; and each one's own
 * password, email and sessions. Everything is recorded in the audit log. `by` is a moderator's ID.
 */
export function createPeople({
  database,
  hashing,
  clock,
  mails,
  randomId = randomUUID,
}: {
  database: Database
  hashing: Pick<Hashing, 'hashOfKnown' | 'verifyOfKnown'>
  clock: () => number
  mails: ModeratorMails
  randomId?: () => string
}) {
  const say = (tx: Transaction, by: string, ...events: AuditEvent[]) =>
    insertEvents(tx, null, events, { kind: 'moderator', id: by }, clock())

  /** A link for an email: its token is created when the email is sent. Returns the email's ID. */
  async function sendLink(
    tx: Transaction,
    link: Pick<ModeratorTokenRow, 'purpose' | 'moderatorId' | 'email' | 'role' | 'createdBy'>,
    mail: 'invitation' | 'confirm_moderator',
    language: Language,
  ): Promise<string> {
    const id = randomId()
    const email = parseEmail(link.email ?? '')
    if (email === null) throw new Error('A link to a moderator needs an email address')
    const now = clock()
    const times = { createdAt: now, expiresAt: now + LINK_DAYS * DAY_MS }
    await insertModeratorToken(tx, { ...link, ...times, id, hash: `unsent ${id}` })
    const job = { kind: 'mail', mail, link: id, email, language } as const
    const mailId = randomId()
    await insertJob(tx, job, { id: mailId, registrationId: null, now, rest: 0 })
    return mailId
  }

  /** The link that a token opens, or why it does not. */
  async function open(
    reader: Reader,
    token: Token,
    purpose: 'invitation' | 'address',
  ): Promise<Result<ModeratorTokenRow>> {
    const row = await findModeratorToken(reader, hashToken(token), purpose)
    if (row === null) return refuse({ code: 'link_broken' })
    if (row.spentAt !== null) return refuse({ code: 'link_spent' })
    return row.expiresAt <= clock() ? refuse({ code: 'link_expired' }) : accept(row)
  }

  /** Whether nobody could manage moderators without this one. */
  async function isNeeded(reader: Reader, { role, disabledAt }: ModeratorRow): Promise<boolean> {
    return can(role, 'manage-moderators') && disabledAt === null && (await countAdministrators(reader)) < 2
  }

  /** Anyone who may no longer invite leaves no open invitation behind. */
  async function withdrawInvitationsBy(tx: Transaction, id: string, by: string): Promise<void> {
    const count = await spendInvitationsBy(tx, id, clock())
    await say(tx, by, ...Array.from({ length: count }, () => ({ kind: 'invitation_withdrawn' }) as const))
  }

  return {
    /** All moderators, disabled ones included, with when they were last seen; and open invitations. */
    async list() {
      return database.read(async (reader) => {
        const seen = await findLastSeen(reader)
        const holders = await findPasskeyHolders(reader)
        const people = (await findModerators(reader)).map((row) => ({
          id: row.id,
          username: row.username,
          email: row.email,
          role: row.role,
          confirmed: row.emailConfirmedAt !== null,
          secondFactor: row.totpSince !== null || holders.has(row.id),
          disabledAt: row.disabledAt,
          seenAt: seen.get(row.id) ?? null,
        }))
        const invitations = (await findInvitations(reader, clock())).map(({ hash: _, ...row }) => row)
        return { people, invitations }
      })
    },

    /** Refuses `moderator_known`, `too_many_mails`, and invalid addresses like `readEmail`. */
    async invite(wish: { email: string; role: Role; language: Language }, by: string): Promise<Result<null>> {
      const read = readEmail(wish.email)
      if (!read.ok) return read
      const email = read.value
      const mail = await mails.take('invitation', by, email)
      if (!mail.ok) return mail
      return database.write(async (tx) => {
        if ((await findModeratorByEmail(tx, email)) !== null) return refuse({ code: 'moderator_known' })
        for (const other of await findInvitations(tx, clock()))
          if (other.email === email) await spendModeratorToken(tx, other.hash, clock())
        const link = {
          purpose: 'invitation',
          moderatorId: null,
          email,
          role: wish.role,
          createdBy: by,
        } as const
        await sendLink(tx, link, 'invitation', wish.language)
        await say(tx, by, { kind: 'moderator_invited', detail: { role: wish.role } })
        return accept(null)
      })
    },

    async withdraw(id: string, by: string): Promise<Result<null>> {
      return database.write(async (tx) => {
        const invitation = (await findInvitations(tx, clock())).find((row) => row.id === id)
        if (invitation === undefined) return refuse({ code: 'not_found' })
        await spendModeratorToken(tx, invitation.hash, clock())
        await say(tx, by, { kind: 'invitation_withdrawn' })
        return accept(null)
      })
    },

    async setRole(id: string, role: Role, by: string): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        if (row.role === role) return accept(null)
        if (await isNeeded(tx, row)) return refuse({ code: 'last_administrator' })
        await updateModerator(tx, id, { role })
        if (!can(role, 'manage-moderators')) await withdrawInvitationsBy(tx, id, by)
        await say(tx, by, { kind: 'role_changed', detail: { moderator: row.username, role } })
        return accept(null)
      })
    },

    /** Signed out everywhere at once, or allowed to sign in again. */
    async setDisabled(id: string, disabled: boolean, by: string): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        if ((row.disabledAt !== null) === disabled) return accept(null)
        if (disabled && (await isNeeded(tx, row))) return refuse({ code: 'last_administrator' })
        await updateModerator(tx, id, { disabledAt: disabled ? clock() : null })
        await deleteSessionsOf(tx, id)
        await spendTokensOf(tx, id, clock())
        if (disabled) await withdrawInvitationsBy(tx, id, by)
        const kind = disabled ? 'moderator_disabled' : 'moderator_enabled'
        await say(tx, by, { kind, detail: { moderator: row.username } })
        return accept(null)
      })
    },

    /** Whether this link was ever sent, whatever became of it. */
    isLink: (token: Token, purpose: 'invitation' | 'address') =>
      database.read(async (reader) => (await findModeratorToken(reader, hashToken(token), purpose)) !== null),

    /** What an invitation is for. */
    invitation: (token: Token) =>
      database.read(async (reader) => {
        const found = await open(reader, token, 'invitation')
        return found.ok
          ? accept({ email: found.value.email ?? '', role: found.value.role ?? 'moderator' })
          : found
      }),

    /**
     * The email counts as confirmed, because the link was sent there. Returns the new moderator's ID. Nothing is
     * hashed without a valid link.
     */
    async join(
      token: Token,
      { username, password }: { username: string; password: string },
    ): Promise<Result<string>> {
      const name = moderatorName(username)
      const invited = await database.read((reader) => open(reader, token, 'invitation'))
      if (!invited.ok) return invited
      if (!isModeratorName(name)) return refuse({ code: 'moderator_name_invalid' })
      const weak = await weaknessOf(password, name)
      if (weak !== null) return refuse(weak)
      const hashed = await hashing.hashOfKnown(password)
      if (!hashed.ok) return hashed
      const passwordHash = hashed.value
      return database.write(async (tx) => {
        const found = await open(tx, token, 'invitation')
        if (!found.ok) return found
        if ((await findModeratorByName(tx, name)) !== null) return refuse({ code: 'moderator_name_taken' })
        if (!(await spendModeratorToken(tx, found.value.hash, clock()))) return refuse({ code: 'link_spent' })
        const { email, role } = found.value
        const now = clock()
        const id = randomId()
        await insertModerator(tx, {
          id,
          username: name,
          email: email ?? '',
          emailConfirmedAt: now,
          passwordHash,
          createdAt: now,
          role: role ?? 'moderator',
        })
        await say(tx, id, { kind: 'moderator_joined' })
        return accept(id)
      })
    },

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
     * Ends every session and pending sign-in: whoever knew the old password is signed out. Refuses `password_wrong`
     * and what is wrong with the new one.
     */
    async changePassword(id: string, { now, next }: { now: string; next: string }): Promise<Result<null>> {
      const row = await database.read((reader) => findModerator(reader, id))
      const matches = await hashing.verifyOfKnown(row?.passwordHash ?? null, now)
      if (!matches.ok) return matches
      if (!matches.value || row === null) return refuse({ code: 'password_wrong' })
      const weak = await weaknessOf(next, row.username)
      if (weak !== null) return refuse(weak)
      const hashed = await hashing.hashOfKnown(next)
      if (!hashed.ok) return hashed
      const passwordHash = hashed.value
      return database.write(async (tx) => {
        const latest = await findModerator(tx, id)
        if (latest?.passwordHash !== row.passwordHash) return refuse({ code: 'password_wrong' })
        await updateModerator(tx, id, { passwordHash })
        await deleteSessionsOf(tx, id)
        await spendTokensOf(tx, id, clock())
        await say(tx, id, { kind: 'password_changed' })
        return accept(null)
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
        const mail = await sendLink(tx, link, 'confirm_moderator', row.language)
        await say(tx, id, { kind: 'address_changed' })
        return accept(mail)
      })
    },

    /** The email address that a link confirms. */
    address: (token: Token) =>
      database.read(async (reader) => {
        const found = await open(reader, token, 'address')
        return found.ok ? accept({ email: found.value.email ?? '' }) : found
      }),

    async confirmAddress(token: Token): Promise<Result<null>> {
      return database.write(async (tx) => {
        const found = await open(tx, token, 'address')
        if (!found.ok) return found
        const { moderatorId, email, hash } = found.value
        if (moderatorId === null || email === null || !(await spendModeratorToken(tx, hash, clock())))
          return refuse({ code: 'link_spent' })
        const other = await findModeratorByEmail(tx, email)
        if (other !== null && other.id !== moderatorId) return refuse({ code: 'moderator_known' })
        await updateModerator(tx, moderatorId, { email, emailConfirmedAt: clock() })
        await say(tx, moderatorId, { kind: 'address_confirmed' })
        return accept(null)
      })
    },

    setPreferences: (id: string, preferences: { shortcuts: boolean }) =>
      database.write((tx) => updateModerator(tx, id, preferences)),

    /** Ends one session of a moderator, or with null all but `current`; returns how many ended. */
    async endSessions(moderatorId: string, which: string | null, current: string): Promise<number> {
      return database.write(async (tx) => {
        const own = await findSessionsOf(tx, moderatorId)
        const ended = own.filter(({ id }) => (which === null ? id !== current : sessionName(id) === which))
        for (const { id } of ended) await deleteSession(tx, id)
        await say(tx, moderatorId, ...ended.map(() => ({ kind: 'session_ended' }) as const))
        return ended.length
      })
    },

    /** Ends every session and pending sign-in of a moderator: in case a browser was left open, or a device was lost. */
    async signOut(id: string, by: string): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null) return refuse({ code: 'not_found' })
        const ended = await findSessionsOf(tx, id)
        await deleteSessionsOf(tx, id)
        await spendTokensOf(tx, id, clock())
        const detail = { moderator: row.username }
        await say(tx, by, ...ended.map(() => ({ kind: 'session_ended', detail }) as const))
        return accept(null)
      })
    },

    /** A token for the email of a link, and whom it is about; null if the link is no longer valid. */
    async mintLink(id: string) {
      const { plain: token, hash } = mintToken()
      return database.write(async (tx) => {
        const row = await renewModeratorToken(tx, id, hash, clock() + LINK_DAYS * DAY_MS)
        if (row === null) return null
        const by = row.createdBy === null ? null : await findModerator(tx, row.createdBy)
        const whose = row.moderatorId === null ? null : await findModerator(tx, row.moderatorId)
        return { token, role: row.role, by: by?.username ?? null, username: whose?.username ?? null }
      })
    },

    /** Deletes links that expired a week ago. */
    deleteOld: () =>
      purge(database, (tx, limit) => deleteModeratorTokens(tx, clock() - LINK_DAYS * DAY_MS, limit)),
  }
}
