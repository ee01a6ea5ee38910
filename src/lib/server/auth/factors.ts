import { createHash, randomBytes } from 'node:crypto'
import { renderSVG } from 'uqr'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byModerator, type Actor, type AuditEvent } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import {
  countRecoveryCodes,
  isFactorRequired,
  replaceRecoveryCodes,
  setFactorRequired,
  spendRecoveryCode,
} from '../database/factors'
import { findModeratorToken, insertModeratorToken, spendModeratorToken } from '../database/moderator-tokens'
import {
  findModerator,
  findModeratorByName,
  findVerifiedModerator,
  updateModerator,
  type ModeratorRow,
} from '../database/moderators'
import type { Database, Reader, Transaction } from '../database/open'
import { countPasskeysOf, deletePasskeysOf } from '../database/passkeys'
import type { Hashing } from '../crypto/hash-queue'
import { endAccess, endMatrixId } from './moderator-accounts'
import { moderatorName } from './moderator-name'
import { acceptCode, newSecret, secretLink } from './one-time-code'
import type { Entered, From, Sessions } from './sessions'
import { createSeal } from '../crypto/sealed'
import { hashToken, mintToken, type Token } from '../crypto/tokens'

/** How long the second factor may take after the password, in milliseconds. */
export const HALF_WAY_MS = 10 * 60_000
const RECOVERY_CODES = 10

export type Factors = ReturnType<typeof createFactors>

/**
 * Moderators' second factor: an authenticator (TOTP, RFC 6238), and recovery codes in case it or the passkeys
 * (`passkeys.ts`) are lost.
 */
export function createFactors({
  database,
  sessions,
  hashing,
  clock,
  secretKey,
  issuer,
}: {
  database: Database
  sessions: Pick<Sessions, 'start'>
  hashing: Pick<Hashing, 'verifyOfKnown'>
  clock: () => number
  secretKey: string
  issuer: string
}) {
  const seal = createSeal(secretKey, 'authenticator')
  const say = (tx: Transaction, actor: Actor, ...events: AuditEvent[]) =>
    insertEvents(tx, null, events, actor, clock())
  const secretOf = ({ id, totpSecret }: ModeratorRow) =>
    totpSecret === null ? null : seal.open(totpSecret, id)
  /** One that is being added: only the session that made it can read it. */
  const begunOf = ({ id, totpSecret, totpSince }: ModeratorRow, session: string | null) =>
    totpSecret === null || totpSince !== null || session === null
      ? null
      : seal.open(totpSecret, beginner(id, session))

  async function makeCodes(tx: Transaction, id: string): Promise<string[]> {
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode)
    await replaceRecoveryCodes(tx, id, codes.map(hashCode))
    await say(tx, byModerator(id), { kind: 'recovery_codes_made' })
    return codes
  }

  /**
   * Changes what only its moderator may, if the password is theirs; refuses `password_wrong`, also if another one was
   * set while this one was verified.
   */
  async function changeProven<T>(
    id: string,
    password: string,
    change: (tx: Transaction, row: ModeratorRow) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const row = await database.read((reader) => findModerator(reader, id))
    const matches = await hashing.verifyOfKnown(row?.passwordHash ?? null, password)
    if (!matches.ok) return matches
    if (!matches.value || row === null) return refuse({ code: 'password_wrong' })
    return database.write(async (tx) => {
      const still = await findVerifiedModerator(tx, row)
      return still === null ? refuse({ code: 'password_wrong' }) : change(tx, still)
    })
  }

  async function forget(
    tx: Transaction,
    { id }: ModeratorRow,
    actor: Actor,
    event: AuditEvent,
  ): Promise<void> {
    await updateModerator(tx, id, { totpSecret: null, totpSince: null, totpStep: null })
    await codesAfterLast(tx, id)
    await say(tx, actor, event)
  }

  /** Recovery codes are deleted with the last factor they stand in for. */
  async function codesAfterLast(tx: Transaction, id: string): Promise<void> {
    const row = await findModerator(tx, id)
    if (row === null || !(await hasSecondFactor(tx, row))) await replaceRecoveryCodes(tx, id, [])
  }

  return {
    changeProven,
    codesAfterLast,

    /** Creates recovery codes for a moderator who has none; null if there are some. */
    async codesForFirst(tx: Transaction, id: string): Promise<string[] | null> {
      return (await countRecoveryCodes(tx, id)) > 0 ? null : makeCodes(tx, id)
    },

    /** Whether a password alone is not enough to sign in. */
    isAsked: hasSecondFactor,

    /**
     * What the account page shows; `setup` while an authenticator is being added in this session, null for one that
     * may not add any.
     */
    async view(id: string, session: string | null) {
      return database.read(async (reader) => {
        const row = await findModerator(reader, id)
        const required = await isFactorRequired(reader)
        if (row === null) return { since: null, setup: null, codesLeft: 0, required }
        const secret = begunOf(row, session)
        const svg = secret === null ? '' : renderSVG(secretLink(secret, issuer, row.username))
        return {
          since: row.totpSince,
          setup: secret === null ? null : { secret, svg },
          codesLeft: await countRecoveryCodes(reader, id),
          required,
        }
      })
    },

    /**
     * Creates a secret; it becomes active once a code from it was entered in the same session: whoever began in
     * another one has the secret as well.
     */
    async begin(id: string, session: string): Promise<Result<null>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null || row.totpSince !== null) return refuse({ code: 'factor_on' })
        await updateModerator(tx, id, { totpSecret: seal.seal(newSecret(), beginner(id, session)) })
        return accept(null)
      })
    },

    /** Activates it, and returns the recovery codes, which are never shown again. */
    async confirm(id: string, session: string, code: string): Promise<Result<string[]>> {
      return database.write(async (tx) => {
        const row = await findModerator(tx, id)
        if (row === null || row.totpSince !== null) return refuse({ code: 'factor_on' })
        const secret = begunOf(row, session)
        const step = secret === null ? null : acceptCode(secret, code, { now: clock(), lastStep: null })
        if (secret === null || step === null) return refuse({ code: 'code_wrong' })
        const totpSecret = seal.seal(secret, id)
        await updateModerator(tx, id, { totpSecret, totpSince: clock(), totpStep: step })
        await say(tx, byModerator(id), { kind: 'second_factor_on' })
        return accept(await makeCodes(tx, id))
      })
    },

    turnOff: (id: string, password: string): Promise<Result<null>> =>
      changeProven(id, password, async (tx, row) => {
        await forget(tx, row, byModerator(id), { kind: 'second_factor_off' })
        return accept(null)
      }),

    renewCodes: (id: string, password: string): Promise<Result<string[]>> =>
      changeProven(id, password, async (tx) => accept(await makeCodes(tx, id))),

    /**
     * For moderators who lost everything; only from the operator's terminal. All sessions end, and so does what their
     * Matrix account decides: somebody else may have the phone now. False if there is no such username.
     */
    async reset(username: string): Promise<boolean> {
      return database.write(async (tx) => {
        const row = await findModeratorByName(tx, moderatorName(username))
        if (row === null) return false
        const detail = { moderator: row.username }
        await deletePasskeysOf(tx, row.id)
        await forget(tx, row, { kind: 'command_line' }, { kind: 'second_factor_off', detail })
        await endAccess(tx, row.id, clock())
        await endMatrixId(tx, row, { kind: 'command_line' }, clock())
        return true
      })
    },

    setRequired: (required: boolean, by: string) =>
      database.write(async (tx) => {
        await setFactorRequired(tx, required, clock())
        const detail = { setting: 'second_factor_required', value: required }
        await say(tx, byModerator(by), { kind: 'settings_changed', detail })
      }),

    /** After the right password: what the browser holds until the code is entered. */
    async startHalfWay(tx: Transaction, moderatorId: string): Promise<Token> {
      const { plain, hash } = mintToken()
      const now = clock()
      const row = {
        hash,
        purpose: 'second_factor',
        moderatorId,
        createdAt: now,
        expiresAt: now + HALF_WAY_MS,
      } as const
      await insertModeratorToken(tx, row)
      return plain
    },

    /** The moderator whose code is awaited; null if none, or no longer. */
    async halfWay(token: Token): Promise<string | null> {
      const row = await database.read((reader) =>
        findModeratorToken(reader, hashToken(token), 'second_factor'),
      )
      return row === null || row.spentAt !== null || row.expiresAt <= clock() ? null : row.moderatorId
    },

    /** Accepts a code of the authenticator or a recovery code, once, and starts a session for whose it is. */
    async enter(token: Token, typed: string, from: From): Promise<Result<Entered>> {
      return database.write(async (tx) => {
        const half = await findModeratorToken(tx, hashToken(token), 'second_factor')
        const over = half === null || half.spentAt !== null || half.expiresAt <= clock()
        const row = over || half.moderatorId === null ? null : await findModerator(tx, half.moderatorId)
        if (half === null || row === null || row.disabledAt !== null) return refuse({ code: 'not_signed_in' })
        // A secret that was never confirmed is nobody's second factor: whoever left the QR code may not have it.
        const secret = row.totpSince === null ? null : secretOf(row)
        const step =
          secret === null ? null : acceptCode(secret, typed, { now: clock(), lastStep: row.totpStep })
        if (step !== null) await updateModerator(tx, row.id, { totpStep: step })
        else if (await spendRecoveryCode(tx, row.id, hashCode(typed), clock()))
          await say(tx, byModerator(row.id), { kind: 'recovery_code_used' })
        else {
          await say(tx, byModerator(row.id), { kind: 'sign_in_failed' })
          return refuse({
            code: secret === null && row.totpSince !== null ? 'factor_unreadable' : 'code_wrong',
          })
        }
        await spendModeratorToken(tx, half.hash, clock())
        return accept({ id: row.id, cookie: await sessions.start(tx, row.id, from) })
      })
    },
  }
}

/** Whose a secret is that was begun in a session. */
const beginner = (id: string, session: string): string => `${id} in ${session}`

/** Whether a moderator has an active authenticator or a passkey. */
async function hasSecondFactor(reader: Reader, { id, totpSince }: ModeratorRow): Promise<boolean> {
  return totpSince !== null || (await countPasskeysOf(reader, id)) > 0
}

/** Sixty bits in three groups, without letters that look alike. */
function newRecoveryCode(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  const letters = Array.from(randomBytes(12), (byte) => alphabet.charAt(byte % alphabet.length)).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

/** Normalizes input: case, spaces and dashes between the groups do not count. */
function hashCode(typed: string): string {
  return createHash('sha256')
    .update(typed.toLowerCase().replace(/[^a-z0-9]/g, ''))
    .digest('hex')
}
