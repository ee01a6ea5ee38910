import { domainToASCII } from 'node:url'
import * as v from 'valibot'
import { blameOf, type Stage } from './blame'
import { MailError } from './mail'
import { parseReply, type SmtpReply } from './smtp-reply'

/** One recipient's rejection, while others of the same email may have been accepted. */
const refusalSchema = v.object({
  recipient: v.fallback(v.string(), ''),
  response: v.fallback(v.string(), ''),
})
export const refusalsSchema = v.fallback(v.array(refusalSchema), [])
export type MailRefusals = v.InferOutput<typeof refusalsSchema>

/** nodemailer 10's description of an error; an SMTP reply starts with its code (RFC 5321, 4.2). */
const failureSchema = v.object({
  message: v.fallback(v.string(), ''),
  code: v.fallback(v.string(), ''),
  /** The system's own code, if nodemailer put a broader one in `code`. */
  originalCode: v.fallback(v.string(), ''),
  responseCode: v.fallback(v.number(), 0),
  response: v.fallback(v.string(), ''),
  command: v.fallback(v.string(), ''),
  rejectedErrors: refusalsSchema,
})
const UNREADABLE = v.parse(failureSchema, {})

const LONGEST_ANSWER = 200
/** RFC 4954, 6: our credentials are missing or wrong. */
const SIGN_IN = [530, 534, 535, 538]
const TLS_TROUBLE = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO$)/
/** What OpenSSL and Node say of a certificate that is not trusted, has expired, or is for another name. */
const CERTIFICATE =
  /^(?:ERR_TLS_CERT_ALTNAME_INVALID|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH|CERT_|ERROR_IN_CERT)/

/**
 * A nodemailer error as a sentence for moderators, quoting at most the server and never the email; with the setting,
 * if an operator can fix it. A rejection says who must act (`blame.ts`): only a permanent one because of the
 * recipient's mailbox ends the email. `begun`: the server had asked for the message's content. `receivers`: how many
 * recipients it has.
 */
export function smtpError(
  error: unknown,
  { host, port, begun, receivers = 1 }: { host: string; port: number; begun: boolean; receivers?: number },
): MailError {
  const parsed = v.safeParse(failureSchema, error)
  const failure = parsed.success ? parsed.output : UNREADABLE
  const { code, originalCode, responseCode, response, command } = failure
  const answer = wordsOf(response)
  const outage = (message: string) => new MailError(message, { permanent: false, outage: true })
  const ours = (message: string, lasting = true) =>
    new MailError(message, { permanent: false, blame: 'us', lasting })

  if (code === 'EAUTH' || code === 'ENOAUTH' || SIGN_IN.includes(responseCode))
    return outage(`${host} rejects our credentials: check email.username and email.password${said(answer)}`)
  if (CERTIFICATE.test(originalCode))
    return outage(
      `The certificate of ${host} is not trusted for this name: check email.host, email.verify_cert and the certificate${said(originalCode)}`,
    )
  if (code === 'ETLS' || TLS_TROUBLE.test(originalCode))
    return outage(
      `${host} offers no trusted TLS: check email.tls, email.ssl, email.port and its certificate${said(answer || originalCode)}`,
    )
  // Before anything was sent: nodemailer itself refuses.
  if (responseCode === 0 && code === 'EENVELOPE')
    return failure.message.startsWith('Invalid sender')
      ? ours('No email can be sent from this sender: check email.from')
      : new MailError("The recipient's address cannot be used in an email", {
          permanent: true,
          blame: 'receiver',
        })
  if (responseCode === 0 && code === 'EMESSAGE')
    return ours(`This email is larger than ${host} accepts: make it accept 100 kB, or set another email.host`)
  // RFC 5321, 3.8: the server is shutting down, or does not want us now.
  if (responseCode === 421)
    return outage(`${host} does not accept email right now; it is tried again${said(answer)}`)
  if (responseCode >= 400) {
    if (code !== 'EENVELOPE' && code !== 'EMESSAGE')
      return outage(
        `${host} rejects us before any email: check email.host, email.port and that it serves this machine${said(answer)}`,
      )
    const stage: Stage = command === 'MAIL FROM' ? 'sender' : command === 'RCPT TO' ? 'receiver' : 'content'
    const refusals = stage === 'receiver' ? failure.rejectedErrors : []
    return refused(host, stage, refusals.length > 0 ? refusals.map((one) => one.response) : [response], {
      alone: receivers === 1,
    })
  }
  if (begun)
    return new MailError(
      `${host} received this email and closed the connection before it answered, so it may have accepted it${said(originalCode || code)}`,
      { permanent: false, outage: true, handedOver: true },
    )
  if (code === 'EDNS') return outage(`${host} cannot be found: check email.host${said(originalCode)}`)
  if (code === 'ETIMEDOUT') return outage(`${host}:${port} did not answer in time; it is tried again`)
  return outage(
    `${host}:${port} could not be reached, or closed the connection: check email.host and email.port${said(originalCode || code)}`,
  )
}

/** The error of an email that some of its recipients got; null if no other one will get it later either. */
export function partError(refusals: MailRefusals, host: string): MailError | null {
  const later = refusals.filter(({ response }) => {
    const error = refused(host, 'receiver', [response], { alone: true })
    return !error.permanent
  })
  const [first] = later
  if (first === undefined) return null
  const { message } = refused(host, 'receiver', [first.response], { alone: true })
  return new MailError(message, { permanent: false, remaining: later.map(({ recipient }) => recipient) })
}

/** One rejection, or those of all recipients: blamed on them only if each one is. */
function refused(host: string, stage: Stage, responses: string[], { alone }: { alone: boolean }): MailError {
  const replies = responses.map((response) => ({ response, reply: parseReply(response) }))
  const us = replies.find(({ reply }) => blameOf(stage, reply, alone) === 'us')
  const later = replies.find(({ reply }) => reply.code < 500)
  const told = us ?? later ?? replies[0] ?? { response: '', reply: parseReply('') }
  const lasting = told.reply.code >= 500
  const answer = wordsOf(told.response)
  if (us === undefined) {
    if (later !== undefined)
      return new MailError(
        `The recipient's inbox does not accept email right now; it is tried again${said(answer)}`,
        {
          permanent: false,
          blame: 'receiver',
          lasting: false,
        },
      )
    return new MailError(
      `${host} says that the recipient's inbox does not exist or accepts no email${said(answer)}`,
      { permanent: true, blame: 'receiver' },
    )
  }
  const trouble = lasting
    ? troubleOf(host, stage, us.reply)
    : `${host} does not accept this email right now; it is tried again`
  return new MailError(trouble + said(answer), { permanent: false, blame: 'us', lasting })
}

/** Permanent rejections that are not the recipient's matter, with what an operator can do. */
function troubleOf(host: string, stage: Stage, { code, status, words }: SmtpReply): string {
  const is = (subject: number, ...details: number[]) =>
    status?.subject === subject && details.includes(status.detail)
  if (
    is(4, 5) ||
    /\b(?:limit|quota)\b.*\b(?:exceed|reach)|\b(?:exceed|reach)\w*\b.*\b(?:limit|quota)/i.test(words)
  )
    return `${host} says that our sending limit is reached: check what the provider allows for email.username, or set another email.host`
  if (stage === 'sender' || is(1, 7, 8) || /\bsender\b/i.test(words))
    return `${host} rejects our sender: check email.from and email.username`
  if (is(3, 4) || code === 552)
    return `${host} rejects this email as too large: make it accept 100 kB, or set another email.host`
  if (stage === 'receiver')
    return `${host} does not relay our email: check email.from, email.username and email.password, and that email.host lets this program send to any recipient`
  return `${host} rejects our email: check email.from, email.subject_prefix, and SPF, DKIM and DMARC of the domain of email.from`
}

/** A server's words in one short line, for people; no word is cut in two. */
export function wordsOf(response: string): string {
  const words = response.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return words.length <= LONGEST_ANSWER ? words : words.slice(0, LONGEST_ANSWER + 1).replace(/\s*\S*$/, '…')
}

const said = (words: string) => (words === '' ? '' : ` (${words})`)

/**
 * A sentence about a failed email without what the mail server calls its recipients in the words that are quoted: the
 * parts of their addresses. Whole addresses are for `withoutAddresses`.
 */
export function withoutRecipients(sentence: string, recipients: readonly string[]): string {
  const start = sentence.indexOf(' (')
  if (start === -1) return sentence
  const quoted = recipients.flatMap(partsOf).reduce((rest, part) => {
    const escaped = part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    return rest.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'giu'), '[address]')
  }, sentence.slice(start))
  return sentence.slice(0, start) + quoted
}

/** What names somebody: the inbox, and the domain, which may be their own, as people and as servers write it. */
function partsOf(address: string): string[] {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1)
  return [address.slice(0, Math.max(at, 0)), domain, domainToASCII(domain)].filter((part) => part.length > 1)
}
