import { percentDecoded, trimEnds, trimInvisible } from './typed-text'

/**
 * Characters around an address copied from a text, a list or an email header that it cannot start with (RFC 5322,
 * 3.2.3).
 */
const AROUND = /["“”„«»‹›<>()[\],;:]/u

/** A display name in quotes (RFC 5322, 3.4): only before a bracket, because people also quote addresses. */
const QUOTED_NAME = /"(?:[^"\\]|\\.)*"(?=\s*[<([])/g

/** The other parts of a `mailto:`: subject, text and copies. */
const MAILTO_QUERY = /(mailto:[^?<>]*)\?[^<>]*/gi

/** An address in brackets, as mail programs write it after a name: `<a@b>`, `(a@b)`, `[mailto:a@b]`. */
const BRACKETED = /[<([]([^<>()[\]]*@[^<>()[\]]*)[>)\]]/g

const COMMENT = /\([^()]*\)/g

/**
 * The addresses typed or pasted into a field for one, without duplicates: `a@b`, `<a@b>`, `Anna <a@b>`, `"B., Anna"
 * <a@b>` (RFC 5322, 3.4), `mailto:a@b?subject=…` (RFC 6068), and lists of these. They are not validated.
 */
export function addressesIn(typed: string): string[] {
  const text = trimInvisible(typed.normalize('NFKC'))
  const addresses = text
    .replace(QUOTED_NAME, ' ')
    .replace(MAILTO_QUERY, '$1')
    .split(/[,;、\r\n]+/)
    .flatMap(ofOne)
    .filter((part) => part.includes('@'))
    .map(plain)
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()]
}

/** The addresses in one entry of a list: in brackets, or with only comments and blanks beside them. */
function ofOne(entry: string): string[] {
  const bracketed = [...entry.matchAll(BRACKETED)].map(([, address = '']) => address)
  if (bracketed.length > 0) return bracketed
  const rest = entry.replace(COMMENT, ' ')
  const words = rest.split(/\s+/).filter((word) => word.includes('@'))
  return words.length > 1 ? words : [rest]
}

/**
 * An address can start with an apostrophe or an exclamation mark: the former is removed if it is at both ends, the
 * latter at the end.
 */
function plain(part: string): string {
  const text = trimEnds(part, AROUND)
  const uri = /^mailto:(?:\/\/)?(.*)/is.exec(text)?.[1]
  const address = uri === undefined ? text : percentDecoded(uri)
  const quoted = /^['‘`](.*)['’`]$/su.exec(address)?.[1]
  return trimInvisible(quoted ?? address.replace(/['’`!]+$/u, ''))
}
