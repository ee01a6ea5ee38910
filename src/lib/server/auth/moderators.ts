import { randomBytes, randomUUID } from 'node:crypto'
import { FIRST_ROLE, type Role } from '$lib/moderation/moderator'
import { readEmail } from '$lib/registration/email'
import { passwordLength } from '$lib/registration/password'
import type { Refusal } from '$lib/registration/refusal'
import type { AuditEvent } from '$lib/registration/registration'
import { trimInvisible } from '$lib/registration/typed-text'
import { insertEvents } from '../database/events'
import {
  findModeratorByName,
  findModerators,
  insertModerator,
  markModeratorDisabled,
  updatePasswordHash,
  type ModeratorRow,
} from '../database/moderators'
import type { Database, Transaction } from '../database/open'
import { spendInvitationsBy, spendTokensOf } from '../database/moderator-tokens'
import { deleteSessionsOf } from '../database/sessions'
import { weaknessOf } from './moderator-password'
import { hashPassword } from '../crypto/password-hash'

/** A moderator without secrets. Times are milliseconds since 1970. */
export type Moderator = Omit<ModeratorRow, 'passwordHash' | 'totpSecret'>

/** `problem` is a sentence for the operator at the terminal. */
export type ModeratorResult = { ok: true; moderator: Moderator } | { ok: false; problem: string }

export type Moderators = ReturnType<typeof createModerators>

const USERNAME = /^[a-z0-9._-]{1,64}$/

/** Moderators' accounts as the operator manages them at the terminal. */
export function createModerators({
  database,
  clock,
  randomId = randomUUID,
}: {
  database: Database
  clock: () => number
  randomId?: () => string
}) {
  /** The operator at the terminal has no username here. */
  const say = (tx: Transaction, event: AuditEvent) =>
    insertEvents(tx, null, [event], { kind: 'system' }, clock())

  return {
    /** With `FIRST_ROLE` unless stated otherwise. */
    async create(wish: {
      username: string
      email: string
      password: string
      role?: Role
    }): Promise<ModeratorResult> {
      const { username, password } = wish
      const read = readEmail(wish.email)
      const wrong = usernameProblem(username) ?? (await passwordProblem(password, username))
      if (wrong !== null) return refused(wrong)
      if (!read.ok) return refused(emailProblem(wish.email, read.refusal))
      const email = read.value
      const passwordHash = await hashPassword(password)
      const { role = FIRST_ROLE } = wish
      const row = { id: randomId(), username, email, passwordHash, createdAt: clock(), role }
      return database.write(async (tx): Promise<ModeratorResult> => {
        const other = await findModeratorByName(tx, username)
        if (other !== null) return refused(duplicate(other))
        const made = await insertModerator(tx, row)
        await say(tx, { kind: 'moderator_joined', detail: { moderator: username, role } })
        return accepted(made)
      })
    },

    /** All of them by username, disabled ones included. */
    async list(): Promise<Moderator[]> {
      return (await database.read(findModerators)).map(withoutSecret)
    },

    async find(username: string): Promise<Moderator | null> {
      const row = await database.read((reader) => findModeratorByName(reader, username))
      return row === null ? null : withoutSecret(row)
    },

    /** Ends all sessions of the moderator and blocks further sign-ins; idempotent. */
    async disable(username: string): Promise<ModeratorResult> {
      return database.write(async (tx): Promise<ModeratorResult> => {
        const row = await findModeratorByName(tx, username)
        if (row === null) return refused(unknown(username))
        await markModeratorDisabled(tx, row.id, clock())
        await deleteSessionsOf(tx, row.id)
        if (row.disabledAt === null)
          await say(tx, { kind: 'moderator_disabled', detail: { moderator: row.username } })
        await spendTokensOf(tx, row.id, clock())
        await spendInvitationsBy(tx, row.id, clock())
        return accepted({ ...row, disabledAt: row.disabledAt ?? clock() })
      })
    },

    /**
     * Sets a new password and ends all sessions, so that whoever knew the old one is signed out. Not for a disabled
     * account.
     */
    async setPassword(username: string, password: string): Promise<ModeratorResult> {
      const wrong = await passwordProblem(password, username)
      if (wrong !== null) return refused(wrong)
      const passwordHash = await hashPassword(password)
      return database.write(async (tx): Promise<ModeratorResult> => {
        const row = await findModeratorByName(tx, username)
        if (row === null) return refused(unknown(username))
        if (row.disabledAt !== null)
          return refused(`The moderator "${username}" is disabled; a new password does not change that`)
        await updatePasswordHash(tx, row.id, passwordHash)
        await deleteSessionsOf(tx, row.id)
        await say(tx, { kind: 'password_changed', detail: { moderator: row.username } })
        await spendTokensOf(tx, row.id, clock())
        return accepted(row)
      })
    },
  }
}

/** 24 characters out of 32 (120 bits) in groups of four, without those that look alike (0 and o, 1 and l). */
export function generatePassword(random: (bytes: number) => Uint8Array = randomBytes): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  const letters = Array.from(random(24), (byte) => alphabet.charAt(byte % alphabet.length)).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

/** Normalizes a typed moderator's username. */
export const moderatorName = (typed: string): string => trimInvisible(typed.normalize('NFKC')).toLowerCase()

/** Whether it can be a moderator's username. */
export const isModeratorName = (username: string): boolean => USERNAME.test(username)

function usernameProblem(username: string): string | null {
  if (isModeratorName(username)) return null
  return `${JSON.stringify(username)} cannot be a username: use 1 to 64 of the characters a-z, 0-9, ".", "_" and "-"`
}

function emailProblem(typed: string, refusal: Refusal): string {
  if (refusal.code === 'email_invisible')
    return `The email address contains an invisible character after ${JSON.stringify(refusal.after)}; type it by hand`
  if (refusal.code === 'email_several')
    return `${JSON.stringify(typed)} contains several email addresses; enter one`
  return `${JSON.stringify(typed)} is not an email address; use one like name@example.org`
}

async function passwordProblem(password: string, username: string): Promise<string | null> {
  const weak = await weaknessOf(password, username)
  if (weak === null) return null
  const length = passwordLength(password)
  switch (weak.code) {
    case 'password_characters':
      return 'The password contains a character that not every terminal and browser sends the same way: a control character, or an unassigned one'
    case 'password_too_short':
      return `The password has ${length} characters; it needs at least ${weak.minimum}`
    case 'password_too_long':
      return `The password has ${[...password].length} characters; at most ${weak.maximumBytes} are allowed`
    case 'password_like_name':
      return 'The password must not be the username'
    case 'password_guessed':
      return 'This password is too common. Use four unrelated words'
  }
}

const unknown = (username: string): string =>
  `There is no moderator ${JSON.stringify(username)}; "admin list" shows all of them`

function duplicate(other: ModeratorRow): string {
  const since = other.disabledAt === null ? '' : ', who is disabled; usernames are not reused'
  return `There is already a moderator "${other.username}"${since}. Choose another username`
}

const refused = (problem: string): { ok: false; problem: string } => ({ ok: false, problem })
const accepted = (row: ModeratorRow): { ok: true; moderator: Moderator } => ({
  ok: true,
  moderator: withoutSecret(row),
})

function withoutSecret({ passwordHash: _, totpSecret: _secret, ...moderator }: ModeratorRow): Moderator {
  return moderator
}
