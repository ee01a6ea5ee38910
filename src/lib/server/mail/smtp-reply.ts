/** A mail server's reply to a command (RFC 5321, 4.2), with its enhanced status code (RFC 3463), if it has one. */
export interface SmtpReply {
  /** Three digits; 0 if there was no reply. */
  code: number
  /** `5.1.1` as `{ subject: 1, detail: 1 }`; its class only repeats the first digit of the code (RFC 2034, 4). */
  status: { subject: number; detail: number } | null
  /** The server's own text in one line, without addresses: those may contain any word. */
  words: string
}

/** At the start of the text, as in RFC 2034; Cisco puts a `#` before it. */
const LEADING = /^\d{3}[ -]\s*#?[245]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)/
/** At the end, as in qmail: `sorry, no mailbox here by that name (#5.1.1)`. */
const TRAILING = /\(#[245]\.(\d{1,3})\.(\d{1,3})\)/

/** Parses a raw reply; of several lines the first one counts. */
export function parseReply(response: string): SmtpReply {
  const code = Number(/^[2-5]\d{2}(?=[ -]|$)/.exec(response)?.[0] ?? 0)
  const found = LEADING.exec(response) ?? TRAILING.exec(response)
  const words = response
    .replace(/^\d{3}[ -]/gm, '')
    .replace(/<[^>]*>|\S+@\S+/g, ' ')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  return {
    code,
    status: found === null ? null : { subject: Number(found[1]), detail: Number(found[2]) },
    words,
  }
}
