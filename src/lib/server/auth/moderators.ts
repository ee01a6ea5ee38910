import { randomBytes } from 'node:crypto'
import { FIRST_ROLE, type Role } from '$lib/moderation/moderator'
import { readEmail } from '$lib/registration/email'
import { passwordLength } from '$lib/registration/password'
import type { Refusal } from '$lib/registration/refusal'
import type { Actor } from '$lib/registration/registration'
import { findModeratorByName, findModerators, type ModeratorRow } from '../database/moderators'
import type { Database } from '../database/open'
import { hashPassword } from '../crypto/password-hash'
import type { ModeratorAccounts } from './moderator-accounts'
import { isModeratorName, moderatorName } from './moderator-name'
import { weaknessOf } from './moderator-password'

/** A moderator without secrets. Times are milliseconds since 1970. */
export type Moderator = Omit<ModeratorRow, 'passwordHash' | 'totpSecret'>

/** `problem` is a sentence for the operator at the terminal. */
export type ModeratorResult = { ok: true; moderator: Moderator } | { ok: false; problem: string }

export type Moderators = ReturnType<typeof createModerators>

/** The operator at the terminal has no username here. */
const OPERATOR: Actor = { kind: 'command_line' }

/**
 * Moderators' accounts as the operator manages them at the terminal: by the rules of `moderator-accounts.ts`, whose
 * refusals are put into sentences that say what to do there.
 */
export function createModerators({
  database,
  accounts,
}: {
  database: Database
  accounts: Pick<ModeratorAccounts, 'add' | 'setDisabled' | 'setPassword'>
}) {
  /** Usernames are typed here as at sign-in. */
  const find = (typed: string): Promise<ModeratorRow | null> =>
    database.read((reader) => findModeratorByName(reader, moderatorName(typed)))

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
      const added = await database.write((tx) =>
        accounts.add(tx, { username, email, passwordHash, role }, OPERATOR),
      )
      if (added.ok) return accepted(added.value)
      return refused(duplicate(await find(username), username))
    },

    /** All of them by username, disabled ones included. */
    async list(): Promise<Moderator[]> {
      return (await database.read(findModerators)).map(withoutSecret)
    },

    async find(username: string): Promise<Moderator | null> {
      const row = await find(username)
      return row === null ? null : withoutSecret(row)
    },

    /** Ends all sessions of the moderator and blocks further sign-ins; idempotent. Not the last administrator. */
    async disable(username: string): Promise<ModeratorResult> {
      const row = await find(username)
      if (row === null) return refused(unknown(username))
      const disabled = await accounts.setDisabled(row.id, true, OPERATOR)
      return disabled.ok ? accepted(disabled.value) : refused(sentence(disabled.refusal, row.username))
    },

    /** Lets a disabled moderator sign in again, with the password of before; idempotent. */
    async enable(username: string): Promise<ModeratorResult> {
      const row = await find(username)
      if (row === null) return refused(unknown(username))
      const enabled = await accounts.setDisabled(row.id, false, OPERATOR)
      return enabled.ok ? accepted(enabled.value) : refused(sentence(enabled.refusal, row.username))
    },

    /**
     * Sets a new password and ends all sessions, so that whoever knew the old one is signed out. Not for a disabled
     * account.
     */
    async setPassword(username: string, password: string): Promise<ModeratorResult> {
      const wrong = await passwordProblem(password, moderatorName(username))
      if (wrong !== null) return refused(wrong)
      const passwordHash = await hashPassword(password)
      const row = await find(username)
      if (row === null) return refused(unknown(username))
      const set = await accounts.setPassword(row.id, passwordHash, OPERATOR)
      return set.ok ? accepted(set.value) : refused(sentence(set.refusal, row.username))
    },
  }
}

/** 24 characters out of 32 (120 bits) in groups of four, without those that look alike (0 and o, 1 and l). */
export function generatePassword(random: (bytes: number) => Uint8Array = randomBytes): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  const letters = Array.from(random(24), (byte) => alphabet.charAt(byte % alphabet.length)).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

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

/** What the rules refuse an operator, and what to do. */
function sentence({ code }: Refusal, username: string): string {
  switch (code) {
    case 'last_administrator':
      return `"${username}" is the last active administrator: create another with "admin create", or make a moderator one on the page with the moderators; then disable this one. To sign "${username}" out at once, use "admin password"`
    case 'moderator_disabled':
      return `The moderator "${username}" is disabled; a new password does not change that`
    case 'not_found':
      return unknown(username)
    default:
      throw new Error(`The rules of moderators' accounts refused ${code}`)
  }
}

function duplicate(other: ModeratorRow | null, username: string): string {
  const since = other?.disabledAt == null ? '' : ', who is disabled; usernames are not reused'
  return `There is already a moderator "${username}"${since}. Choose another username`
}

const refused = (problem: string): { ok: false; problem: string } => ({ ok: false, problem })
const accepted = (row: ModeratorRow): { ok: true; moderator: Moderator } => ({
  ok: true,
  moderator: withoutSecret(row),
})

function withoutSecret({ passwordHash: _, totpSecret: _secret, ...moderator }: ModeratorRow): Moderator {
  return moderator
}
