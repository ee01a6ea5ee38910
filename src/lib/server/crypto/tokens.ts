import { createHash, randomBytes } from 'node:crypto'
import * as v from 'valibot'

/** 256 random bits in base64url: what a mail or a cookie carries. It is never stored. */
export type Token = string & v.Brand<'Token'>

/** The SHA-256 of a token in hex. A fast hash is enough, as nobody can guess 256 random bits. */
export type TokenHash = string & v.Brand<'TokenHash'>

/** 32 bytes are 43 characters, of which the last carries four bits: every other one would be a second spelling. */
export const tokenSchema = v.pipe(v.string(), v.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/), v.brand('Token'))

const tokenHashSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.brand('TokenHash'))

/** Makes a new token. `random` answers that many unpredictable bytes. */
export function mintToken(random: (bytes: number) => Uint8Array = randomBytes): {
  plain: Token
  hash: TokenHash
} {
  const plain = v.parse(tokenSchema, Buffer.from(random(32)).toString('base64url'))
  return { plain, hash: hashToken(plain) }
}

/** What the database knows of a token. */
export function hashToken(plain: Token): TokenHash {
  return v.parse(tokenHashSchema, createHash('sha256').update(plain).digest('hex'))
}

/** Reads a token from a link or a cookie; null where it cannot be one, so that no query is spent on it. */
export function parseToken(text: unknown): Token | null {
  const result = v.safeParse(tokenSchema, text)
  return result.success ? result.output : null
}
