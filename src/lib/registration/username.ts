import * as v from 'valibot'
import { isServer, MATRIX_ID_BYTES, readMatrixId } from './matrix-id'
import { accept, refuse, type Result } from './refusal'

/** A localpart that passed `parseUsername`: lower case, Synapse's grammar, short enough for its Matrix ID. */
export type Username = string & v.Brand<'Username'>

/** What Synapse 1.160 accepts for new accounts: `a-z 0-9 = _ - . / +`, no leading `_`, not only digits. */
const GRAMMAR = /^[a-z0-9=\-./+][a-z0-9=_\-./+]*$/

/** For values that were parsed before: rows, jobs, the homeserver's answers. */
export const usernameSchema = v.pipe(v.string(), v.regex(GRAMMAR), v.brand('Username'))

/** The full Matrix ID of a localpart on this homeserver. */
export function matrixId(username: Username, domain: string): string {
  return `@${username}:${domain}`
}

/** The maximum length of a localpart on this homeserver, in characters. */
export function longestUsername(domain: string): number {
  return MATRIX_ID_BYTES - '@:'.length - new TextEncoder().encode(domain).length
}

/** Characters of a chosen username: letters, digits and `. _ -` (`basic`), or everything that Synapse accepts. */
export const USERNAME_CHARACTERS = ['basic', 'all'] as const
export type UsernameCharacters = (typeof USERNAME_CHARACTERS)[number]

/**
 * Parses the username of a possible account, as typed or pasted (`readMatrixId` lists the forms). Returns the
 * localpart, or why it cannot be one.
 */
export function parseUsername(typed: string, domain: string): Result<Username> {
  const { localpart: name, server, after } = readMatrixId(typed)
  if (after !== null) return refuse({ code: 'username_invisible', after })
  if (server !== null && !isServer(server, domain)) return refuse({ code: 'username_other_server', domain })
  if (name === '') return refuse({ code: 'username_missing' })
  if (/^[0-9]+$/.test(name)) return refuse({ code: 'username_digits' })
  if (name.startsWith('_')) return refuse({ code: 'username_underscore' })
  if (!GRAMMAR.test(name)) return refuse({ code: 'username_characters', characters: 'all' })
  const longest = longestUsername(domain)
  if (name.length > longest) return refuse({ code: 'username_too_long', longest })
  return accept(v.parse(usernameSchema, name))
}

/**
 * The same for a new username. `/`, `=` and `+` are in the grammar, but break links and clients that do not escape
 * them; a username of only punctuation (`..`) is no name, in a path or anywhere.
 */
export function parseNewUsername(
  typed: string,
  domain: string,
  characters: UsernameCharacters,
): Result<Username> {
  const parsed = parseUsername(typed, domain)
  if (!parsed.ok)
    return parsed.refusal.code === 'username_characters'
      ? refuse({ code: 'username_characters', characters })
      : parsed
  if (characters === 'basic' && /[=/+]/.test(parsed.value))
    return refuse({ code: 'username_characters', characters })
  return /[a-z0-9]/.test(parsed.value) ? parsed : refuse({ code: 'username_only_signs' })
}

/** Letters and digits of Matrix usernames that look alike. */
const LOOKALIKES: [RegExp, string][] = [
  [/[^a-z0-9]/g, ''],
  [/0/g, 'o'],
  [/[1i|]/g, 'l'],
  [/2/g, 'z'],
  [/3/g, 'e'],
  [/4/g, 'a'],
  [/5/g, 's'],
  [/[68]/g, 'b'],
  [/7/g, 't'],
  [/9/g, 'g'],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
]

/**
 * The same text for all lookalike usernames (UTS #39, 4, restricted to what usernames may contain): for comparing,
 * never for display.
 */
export function lookOf(username: Username): string {
  return LOOKALIKES.reduce((name, [letters, look]) => name.replace(letters, look), String(username))
}
