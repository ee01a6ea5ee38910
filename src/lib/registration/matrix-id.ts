import { accept, refuse, type Result } from './refusal'
import { beforeInvisible, percentDecoded, trimEnds, trimInvisible } from './typed-text'

/** The maximum length of `@localpart:domain` in bytes (Matrix spec, "User Identifiers"). */
export const MATRIX_ID_BYTES = 255

/** Characters around a username copied from a text that cannot be part of it. */
const AROUND = /["'`‘’“”„«»‹›<>(),;!?]/u

/** A link to a user: `https://matrix.to/#/@a:b` (Matrix spec, "matrix.to navigation"), or that of a similar client. */
const LINK = /^[^\s#]*#\/(?:user\/)?([^?]*)/i

/** `matrix:u/a:b`, without the sigil (Matrix spec, "Matrix URI scheme"; `user` in its first draft). */
const MATRIX_URI = /^matrix:(?:\/\/[^/?#]*\/)?u(?:ser)?\/([^?#]*)/i

/** A username as written, normalized and in lower case; neither part is checked. */
export interface WrittenName {
  localpart: string
  /** Null: none was given. */
  server: string | null
  /** The text before the first invisible character; null if there is none. */
  after: string | null
}

/** Splits `a`, `@a`, `@a:b`, `a:b`, a link or a URI of a user, in any case and width, whatever surrounds it. */
export function readMatrixId(typed: string): WrittenName {
  const { localpart, ...rest } = inItsCase(typed)
  return { ...rest, localpart: localpart.toLowerCase() }
}

/** The same with the localpart as written: those of long ago have capitals, which are part of the name. */
function inItsCase(typed: string): WrittenName {
  const text = plain(typed)
  const linked = (MATRIX_URI.exec(text) ?? LINK.exec(text))?.[1]
  const id = linked === undefined ? text : plain(percentDecoded(linked))
  const [localpart = '', ...rest] = id.replace(/^@/, '').split(':')
  const server = rest.join(':').toLowerCase()
  return {
    localpart,
    server: rest.length === 0 ? null : server.replace(/[./]+$/, ''),
    after: beforeInvisible(id),
  }
}

/** Whether the input names this homeserver, in Unicode or in ASCII (RFC 5891). */
export function isServer(server: string, domain: string): boolean {
  const name = domain.toLowerCase()
  if (server === name) return true
  const url = `http://${server}`
  return /[^\0-\x7f]/.test(server) && URL.canParse(url) && new URL(url).host === name
}

/** Matrix spec, "Historical User IDs": what servers must take from those that exist already. */
const HISTORICAL_LOCALPART = /^[!-9;-~]+$/

/**
 * The Matrix ID of an account that exists on this homeserver, as typed or pasted; usernames are those of any time.
 * Refuses `matrix_id_foreign` and `matrix_id_invalid`.
 */
export function parseMatrixId(typed: string, domain: string): Result<string> {
  const { localpart, server } = inItsCase(typed)
  if (server !== null && !isServer(server, domain)) return refuse({ code: 'matrix_id_foreign', domain })
  // Historical localparts may contain an @, but an email address is what somebody typed by mistake.
  const isEmail = server === null && localpart.includes('@')
  const id = `@${localpart}:${domain}`
  const isShort = new TextEncoder().encode(id).length <= MATRIX_ID_BYTES
  return HISTORICAL_LOCALPART.test(localpart) && isShort && !isEmail
    ? accept(id)
    : refuse({ code: 'matrix_id_invalid' })
}

/** A username can end with a full stop, but not with one after a bracket or a quotation mark. */
const plain = (typed: string): string =>
  trimEnds(trimInvisible(typed.normalize('NFKC')).replace(/(?<=["'”’»>)])\.$/u, ''), AROUND)
