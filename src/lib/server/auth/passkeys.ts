import { createHmac } from 'node:crypto'
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import * as v from 'valibot'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byModerator } from '$lib/registration/registration'
import { isBlank, oneLine, visibleLength } from '$lib/registration/text-length'
import { insertEvents } from '../database/events'
import { insertSpent } from '../database/moderator-tokens'
import { findModerator } from '../database/moderators'
import type { Database, Transaction } from '../database/open'
import {
  countPasskeysOf,
  deletePasskey,
  findPasskey,
  findPasskeysOf,
  insertPasskey,
  markPasskeyUsed,
} from '../database/passkeys'
import type { Factors } from './factors'
import type { Entered, From, Sessions } from './sessions'
import { hashToken, mintToken, parseToken, type TokenHash } from '../crypto/tokens'

/** How long a challenge can be signed, in milliseconds. */
export const CHALLENGE_MS = 10 * 60_000
const PASSKEY_NAME_MAXIMUM = 60
/** More than anybody has; without a limit, a stolen session could fill the database. */
const PASSKEYS_MAXIMUM = 20

const base64url = v.pipe(v.string(), v.regex(/^[\w-]+$/))
const answer = <T extends v.ObjectEntries>(response: T) =>
  v.pipe(
    v.string(),
    v.parseJson(),
    v.object({
      id: base64url,
      rawId: base64url,
      type: v.literal('public-key'),
      clientExtensionResults: v.pipe(
        v.unknown(),
        v.transform(() => ({})),
      ),
      response: v.object({ clientDataJSON: base64url, ...response }),
    }),
  )

/** The browser's response after creating a passkey (WebAuthn 3, 5.1), as JSON text. */
const attestationSchema = answer({
  attestationObject: base64url,
  transports: v.optional(v.array(v.pipe(v.string(), v.maxLength(20))), []),
})
/** The response after signing. */
const assertionSchema = answer({
  authenticatorData: base64url,
  signature: base64url,
})

/** What a challenge is derived from; the browser keeps it, and returns it with the signature. */
interface Begun {
  hash: TokenHash
  /** Milliseconds since 1970. */
  expiresAt: number
}

/**
 * Moderators' passkeys (WebAuthn level 3). A passkey is possession plus fingerprint, face or PIN in one step: no
 * second factor is asked for after it. Passkeys belong to the host of `site.url`.
 */
export function createPasskeys({
  database,
  sessions,
  clock,
  factors,
  site,
  secretKey,
}: {
  database: Database
  sessions: Pick<Sessions, 'start'>
  clock: () => number
  secretKey: string
  factors: Pick<Factors, 'changeProven' | 'codesForFirst' | 'codesAfterLast'>
  site: { name: string; url: string }
}) {
  const { origin, hostname: rpID } = new URL(site.url)
  /** Nobody can know it in advance, and it is not stored: it is derived from what the browser returns. */
  const challengeOf = (begun: Begun, moderatorId: string | null): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(
      createHmac('sha256', secretKey)
        .update(`passkey\0${moderatorId ?? ''}\0${begun.hash}\0${begun.expiresAt}`)
        .digest(),
    )

  function begin(moderatorId: string | null): { ticket: string; challenge: Uint8Array<ArrayBuffer> } {
    const { plain, hash } = mintToken()
    const expiresAt = clock() + CHALLENGE_MS
    return { ticket: `${plain}.${expiresAt}`, challenge: challengeOf({ hash, expiresAt }, moderatorId) }
  }

  /** What a browser was given, while it can be signed; `moderatorId` null: to sign in. */
  function awaited(ticket: string, moderatorId: string | null): (Begun & { challenge: string }) | null {
    const [plain, time = ''] = ticket.split('.')
    const token = parseToken(plain)
    if (token === null || !/^\d{1,15}$/.test(time) || Number(time) <= clock()) return null
    const begun = { hash: hashToken(token), expiresAt: Number(time) }
    return { ...begun, challenge: Buffer.from(challengeOf(begun, moderatorId)).toString('base64url') }
  }

  /**
   * Each challenge works once; false if it was used already. Only signed ones are stored, so requests cannot fill the
   * database.
   */
  const spend = (tx: Transaction, { hash, expiresAt }: Begun, moderatorId: string): Promise<boolean> =>
    insertSpent(tx, {
      hash,
      purpose: 'passkey',
      moderatorId,
      createdAt: clock(),
      expiresAt,
      spentAt: clock(),
    })

  return {
    async list(id: string) {
      const rows = await database.read((reader) => findPasskeysOf(reader, id))
      return rows.map(({ id: key, name, createdAt, lastUsedAt }) => ({
        id: key,
        name,
        createdAt,
        lastUsedAt,
      }))
    },

    /** What the browser needs to create a passkey, and returns with its response. */
    async startAdding(
      id: string,
    ): Promise<
      Result<{ options: Omit<PublicKeyCredentialCreationOptionsJSON, 'extensions'>; ticket: string }>
    > {
      const row = await database.read((reader) => findModerator(reader, id))
      if (row === null) return refuse({ code: 'not_signed_in' })
      const there = await database.read((reader) => findPasskeysOf(reader, id))
      if (there.length >= PASSKEYS_MAXIMUM) return refuse({ code: 'passkeys_too_many' })
      const { ticket, challenge } = begin(id)
      const { generateRegistrationOptions } = await import('@simplewebauthn/server')
      const { extensions: _, ...options } = await generateRegistrationOptions({
        rpName: site.name,
        rpID,
        challenge,
        userName: row.username,
        userID: new TextEncoder().encode(id),
        attestationType: 'none',
        excludeCredentials: there.map(({ id: key, transports }) => ({ id: key, transports })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      })
      return accept({ options, ticket })
    },

    /** Adds it; returns recovery codes if this is the first second factor, which are never shown again. */
    async add(
      id: string,
      ticket: string,
      typed: { name: string; answer: string },
    ): Promise<Result<string[] | null>> {
      const name = oneLine(typed.name)
      if (isBlank(name) || visibleLength(name) > PASSKEY_NAME_MAXIMUM)
        return refuse({ code: 'passkey_name', maximum: PASSKEY_NAME_MAXIMUM })
      const kept = awaited(ticket, id)
      const response = v.safeParse(attestationSchema, typed.answer)
      if (kept === null || !response.success) return refuse({ code: 'passkey_refused' })
      const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
      // The library throws on anything wrong in the browser's response, and on nothing else.
      const checked = await verifyRegistrationResponse({
        response: response.output,
        expectedChallenge: kept.challenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
      }).catch(() => null)
      if (checked?.verified !== true) return refuse({ code: 'passkey_refused' })
      const { credential } = checked.registrationInfo
      return database.write(async (tx) => {
        if (!(await spend(tx, kept, id))) return refuse({ code: 'passkey_refused' })
        if ((await countPasskeysOf(tx, id)) >= PASSKEYS_MAXIMUM) return refuse({ code: 'passkeys_too_many' })
        const row = {
          id: credential.id,
          moderatorId: id,
          publicKey: Buffer.from(credential.publicKey).toString('base64url'),
          counter: credential.counter,
          transports: credential.transports ?? [],
          name,
          createdAt: clock(),
          lastUsedAt: null,
        }
        if (!(await insertPasskey(tx, row))) return refuse({ code: 'passkey_refused' })
        await insertEvents(tx, null, [{ kind: 'passkey_added' }], byModerator(id), clock())
        return accept(await factors.codesForFirst(tx, id))
      })
    },

    remove: (id: string, passkey: string, password: string): Promise<Result<null>> =>
      factors.changeProven(id, password, async (tx) => {
        if (!(await deletePasskey(tx, id, passkey))) return refuse({ code: 'not_found' })
        await insertEvents(tx, null, [{ kind: 'passkey_removed' }], byModerator(id), clock())
        await factors.codesAfterLast(tx, id)
        return accept(null)
      }),

    /** What the browser needs to sign in with a passkey; it names nobody, and so is the same for everybody. */
    async startSignIn(): Promise<{
      options: Omit<PublicKeyCredentialRequestOptionsJSON, 'extensions'>
      ticket: string
    }> {
      const { generateAuthenticationOptions } = await import('@simplewebauthn/server')
      const { ticket, challenge } = begin(null)
      const { extensions: _, ...options } = await generateAuthenticationOptions({
        rpID,
        challenge,
        userVerification: 'required',
      })
      return { options, ticket }
    },

    /** Starts a session for whose passkey signed; each challenge works once. */
    async signIn(ticket: string, typed: string, from: From): Promise<Result<Entered>> {
      const kept = awaited(ticket, null)
      const response = v.safeParse(assertionSchema, typed)
      if (kept === null || !response.success) return refuse({ code: 'passkey_refused' })
      const passkey = await database.read((reader) => findPasskey(reader, response.output.id))
      if (passkey === null) return refuse({ code: 'passkey_unknown' })
      const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
      const checked = await verifyAuthenticationResponse({
        response: response.output,
        expectedChallenge: kept.challenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        credential: {
          id: passkey.id,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          counter: passkey.counter,
        },
        requireUserVerification: true,
      }).catch(() => null)
      return database.write(async (tx) => {
        const row = await findModerator(tx, passkey.moderatorId)
        const still = await findPasskey(tx, passkey.id)
        if (
          checked?.verified !== true ||
          row === null ||
          row.disabledAt !== null ||
          still?.counter !== passkey.counter ||
          !(await spend(tx, kept, row.id))
        ) {
          await insertEvents(
            tx,
            null,
            [{ kind: 'sign_in_failed' }],
            byModerator(passkey.moderatorId),
            clock(),
          )
          return refuse({ code: 'passkey_refused' })
        }
        await markPasskeyUsed(tx, passkey.id, checked.authenticationInfo.newCounter, clock())
        return accept({ id: row.id, cookie: await sessions.start(tx, row.id, from) })
      })
    },
  }
}
