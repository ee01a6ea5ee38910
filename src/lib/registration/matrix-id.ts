import { beforeInvisible, percentDecoded, trimEnds, trimInvisible } from './typed-text'

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
  const text = plain(typed)
  const linked = (MATRIX_URI.exec(text) ?? LINK.exec(text))?.[1]
  const id = linked === undefined ? text : plain(percentDecoded(linked))
  const [localpart = '', ...server] = id.replace(/^@/, '').toLowerCase().split(':')
  return {
    localpart,
    server: server.length === 0 ? null : server.join(':').replace(/[./]+$/, ''),
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

/** A username can end with a full stop, but not with one after a bracket or a quotation mark. */
const plain = (typed: string): string =>
  trimEnds(trimInvisible(typed.normalize('NFKC')).replace(/(?<=["'”’»>)])\.$/u, ''), AROUND)
