import { beforeInvisible, percentDecoded, trimEnds, trimInvisible } from './typed-text'

/** What stands around a name that was copied out of a text, and can be in none. */
const AROUND = /["'`‘’“”„«»‹›<>(),;!?]/u

/** A link to a person: `https://matrix.to/#/@a:b` (Matrix spec, "matrix.to navigation"), or that of a client that is like it. */
const LINK = /^[^\s#]*#\/(?:user\/)?([^?]*)/i

/** `matrix:u/a:b`, without the sigil (Matrix spec, "Matrix URI scheme"; `user` in its first draft). */
const MATRIX_URI = /^matrix:(?:\/\/[^/?#]*\/)?u(?:ser)?\/([^?#]*)/i

/** A name as somebody wrote it, in the normal form and lower case; neither part is checked. */
export interface WrittenName {
  localpart: string
  /** Null: none was given. */
  server: string | null
  /** What can be seen before the first character without a shape; null where there is none. */
  after: string | null
}

/** Takes `a`, `@a`, `@a:b`, `a:b`, a link or a URI of a person apart, in any case and width, whatever stands around it. */
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

/** Whether somebody wrote this homeserver's name, in letters of its own script or as it is in ASCII (RFC 5891). */
export function isServer(server: string, domain: string): boolean {
  const name = domain.toLowerCase()
  if (server === name) return true
  const url = `http://${server}`
  return /[^\0-\x7f]/.test(server) && URL.canParse(url) && new URL(url).host === name
}

/** A full stop can end a name, but for one behind a bracket or a quotation mark. */
const plain = (typed: string): string =>
  trimEnds(trimInvisible(typed.normalize('NFKC')).replace(/(?<=["'”’»>)])\.$/u, ''), AROUND)
