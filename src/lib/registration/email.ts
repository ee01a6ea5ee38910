import * as v from 'valibot'
import { addressesIn } from './name-addr'
import { accept, refuse, type Result } from './refusal'
import { beforeInvisible, trimInvisible } from './typed-text'

export { mailboxOf } from './mailbox'

/**
 * An email address in canonical form: trimmed, lower case, the domain in ASCII (RFC 5891). Synapse lower-cases before
 * it binds, so this is also the form to ask Synapse with.
 */
export type EmailAddress = string & v.Brand<'EmailAddress'>

/** RFC 5321, 4.5.3.1: a path has at most 256 octets including its brackets, a local part 64. */
const ADDRESS_BYTES = 254
const LOCAL_PART_BYTES = 64

/** RFC 5321 dot-string before the `@`; quoted local parts and address literals are not accepted. */
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/**
 * `user%host`, `host!user`: some relays pass these on to another mailbox than the named one (RFC 5321, F.2; RFC 1123,
 * 5.2.16).
 */
const ROUTED = /[^%]%[^%]|[^!]![^!]/
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

/**
 * Parses what somebody typed or pasted as their email address, alone or in the notations of mail programs (`Anna
 * <a@b>`, `mailto:a@b`). Returns its canonical form, or why there is none: `email_missing`, `email_several`,
 * `email_invisible`, `email_invalid`.
 */
export function readEmail(typed: string): Result<EmailAddress> {
  if (trimInvisible(typed) === '') return refuse({ code: 'email_missing' })
  const [text = '', ...others] = addressesIn(typed)
  if (others.length > 0) return refuse({ code: 'email_several' })
  const after = beforeInvisible(text)
  if (after !== null) return refuse({ code: 'email_invisible', after })
  const email = canonical(text.toLowerCase())
  return email === null ? refuse({ code: 'email_invalid' }) : accept(email)
}

/** The same, returning null instead of the reason. */
export function parseEmail(typed: string): EmailAddress | null {
  const email = readEmail(typed)
  return email.ok ? email.value : null
}

function canonical(text: string): EmailAddress | null {
  const at = text.lastIndexOf('@')
  if (at < 1) return null
  const local = text.slice(0, at)
  const domain = asciiDomain(text.slice(at + 1))
  if (domain === null || !LOCAL_PART.test(local) || ROUTED.test(local) || !DOMAIN.test(domain)) return null
  const address = `${local}@${domain}`
  if (local.length > LOCAL_PART_BYTES || address.length > ADDRESS_BYTES) return null
  return v.parse(emailSchema, address)
}

/** For values that were parsed before: rows and jobs. */
export const emailSchema = v.pipe(
  v.string(),
  v.regex(/^[^\s@<>"(),:;]+@[^\s@<>"(),:;]+$/),
  v.brand('EmailAddress'),
)

/** The part of an address after the `@`. */
export const domainOf = (email: EmailAddress): string => email.slice(email.lastIndexOf('@') + 1)

const LABELS = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

/** The ASCII form of a typed domain, including top-level ones; null if it cannot be one. */
export function parseDomain(typed: string): string | null {
  const text = trimInvisible(typed.normalize('NFKC')).toLowerCase()
  const domain = beforeInvisible(text) === null ? asciiDomain(text) : null
  return domain !== null && domain.length < ADDRESS_BYTES && LABELS.test(domain) ? domain : null
}

/** An email address, perhaps with a name before it, with its domain in ASCII; null if that cannot be a domain. */
export function withAsciiDomain(text: string): string | null {
  const [, before = '', domain = '', after = ''] = /^(.*@)([^\s@<>]+)(\s*>?)$/su.exec(text) ?? []
  // An address literal ("[192.0.2.1]") is ASCII already.
  if (/^\p{ASCII}*$/u.test(domain)) return text
  const ascii = asciiDomain(domain)
  return ascii === null ? null : before + ascii + after
}

/** The URL parser of both browser and Node does IDNA (UTS #46); a trailing dot names the same domain. */
function asciiDomain(domain: string): string | null {
  if (/[\s/?#@:\\%[\]]/.test(domain)) return null
  const url = URL.canParse(`http://${domain}/`) ? new URL(`http://${domain}/`) : null
  return url ? url.hostname.replace(/\.$/, '') : null
}
