import * as v from 'valibot'
import type { Refusal } from './refusal'

/** A localpart that passed `parseUsername`: lower case, Synapse's grammar, short enough for its Matrix ID. */
export type Username = string & v.Brand<'Username'>

/** The whole of `@localpart:domain` may have this many bytes (Matrix spec, "User Identifiers"). */
const MATRIX_ID_BYTES = 255

/** What Synapse 1.160 accepts when an account is made: `a-z 0-9 = _ - . / +`, no leading `_`, not digits alone. */
const GRAMMAR = /^[a-z0-9=\-./+][a-z0-9=_\-./+]*$/

/** The full Matrix ID of a localpart on this homeserver. */
export function matrixId(username: Username, domain: string): string {
  return `@${username}:${domain}`
}

/**
 * Reads what a person typed as their name: `name`, `@Name` or `@name:example.org`, in any case, with stray
 * spaces around it. Answers the localpart, or why it cannot be one.
 */
export function parseUsername(
  typed: string,
  domain: string,
): { ok: true; username: Username } | { ok: false; refusal: Refusal } {
  let name = typed.normalize('NFKC').trim().toLowerCase()
  if (name.startsWith('@')) name = name.slice(1)
  const colon = name.indexOf(':')
  if (colon !== -1) {
    const server = name.slice(colon + 1)
    if (server !== domain.toLowerCase()) return refuse({ code: 'username_other_server', domain })
    name = name.slice(0, colon)
  }
  if (name === '') return refuse({ code: 'username_missing' })
  if (/^[0-9]+$/.test(name)) return refuse({ code: 'username_digits' })
  if (name.startsWith('_')) return refuse({ code: 'username_underscore' })
  if (!GRAMMAR.test(name)) return refuse({ code: 'username_characters' })
  const longest = MATRIX_ID_BYTES - '@:'.length - new TextEncoder().encode(domain).length
  if (name.length > longest) return refuse({ code: 'username_too_long', longest })
  return { ok: true, username: v.parse(usernameSchema, name) }
}

/** For values that were parsed before: rows, jobs, the homeserver's answers. */
export const usernameSchema = v.pipe(v.string(), v.regex(GRAMMAR), v.brand('Username'))

function refuse(refusal: Refusal): { ok: false; refusal: Refusal } {
  return { ok: false, refusal }
}
