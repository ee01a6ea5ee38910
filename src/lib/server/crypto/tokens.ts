import { createHash, randomBytes } from 'node:crypto'
import * as v from 'valibot'

/** 256 random bits in base64url: what an email or a cookie carries. Never stored. */
export type Token = string & v.Brand<'Token'>

/** The SHA-256 of a token in hex. A fast hash is enough, because 256 random bits cannot be guessed. */
export type TokenHash = string & v.Brand<'TokenHash'>

/** 32 bytes are 43 characters, of which the last carries four bits: any other one would be a second spelling. */
export const tokenSchema = v.pipe(v.string(), v.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/), v.brand('Token'))

const tokenHashSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.brand('TokenHash'))

/** Creates a new token. `random` returns that many unpredictable bytes. */
export function mintToken(random: (bytes: number) => Uint8Array = randomBytes): {
  plain: Token
  hash: TokenHash
} {
  const plain = v.parse(tokenSchema, Buffer.from(random(32)).toString('base64url'))
  return { plain, hash: hashToken(plain) }
}

/** What the database stores of a token. */
export function hashToken(plain: Token): TokenHash {
  return v.parse(tokenHashSchema, createHash('sha256').update(plain).digest('hex'))
}

/** Parses a token from a link or a cookie; null if it cannot be one, so that no query is spent on it. */
export function parseToken(text: unknown): Token | null {
  const result = v.safeParse(tokenSchema, text)
  return result.success ? result.output : null
}
