import * as v from 'valibot'
import { MailError } from './mail'

/** What nodemailer 10 says of an error; an SMTP reply begins with its code (RFC 5321, 4.2). */
const failureSchema = v.object({
  code: v.fallback(v.string(), ''),
  /** The system's own code, where nodemailer put a wider one in `code`. */
  originalCode: v.fallback(v.string(), ''),
  responseCode: v.fallback(v.number(), 0),
  response: v.fallback(v.string(), ''),
  command: v.fallback(v.string(), ''),
})

const LONGEST_ANSWER = 200
/** RFC 4954, 6: what is missing or wrong is our sign-in. */
const SIGN_IN = [530, 534, 535, 538]
const TLS_TROUBLE =
  /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO$|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|.*CERT)/

/**
 * An error of nodemailer as a sentence for moderators, with the server's own words at most, never the mail's. Permanent
 * is what the server refuses for good (5yz, but for 503, which is about the session) for this receiver or this mail; what
 * an operator can repair in the settings passes. `begun`: the server had asked for the mail's content.
 */
export function smtpError(
  error: unknown,
  { host, port, begun }: { host: string; port: number; begun: boolean },
): MailError {
  const parsed = v.safeParse(failureSchema, error)
  const { code, originalCode, responseCode, response, command } = parsed.success
    ? parsed.output
    : { code: '', originalCode: '', responseCode: 0, response: '', command: '' }
  const answer = response
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_ANSWER)
  const passing = (message: string) => new MailError(message, { permanent: false })
  const outage = (message: string) => new MailError(message, { permanent: false, outage: true })
  const final = (message: string) => new MailError(message, { permanent: true })

  if (code === 'EAUTH' || code === 'ENOAUTH' || SIGN_IN.includes(responseCode))
    return outage(`${host} refuses our sign-in: check email.username and email.password${said(answer)}`)
  if (command === 'MAIL FROM' && responseCode >= 500)
    return passing(`${host} refuses our sender: check email.from and email.username${said(answer)}`)
  if (code === 'ETLS' || TLS_TROUBLE.test(originalCode))
    return outage(
      `${host} offers no TLS that we can trust: check email.tls, email.ssl, email.port and its certificate${said(answer || originalCode)}`,
    )
  if (code === 'EENVELOPE' && responseCode === 0)
    return final('The address of the receiver cannot be used in a mail')
  if (responseCode >= 500 && responseCode !== 503 && (code === 'EENVELOPE' || code === 'EMESSAGE'))
    return final(`${host} refuses this mail for good${said(answer)}`)
  // RFC 5321, 3.8: the server is going down, or does not want us now.
  if (responseCode === 421) return outage(`${host} does not take mails now; it is tried again${said(answer)}`)
  if (responseCode >= 400)
    return passing(`${host} does not take this mail now; it is tried again${said(answer)}`)
  if (begun)
    return new MailError(
      `${host} got this mail and was gone before it answered, so it may have taken it${said(originalCode || code)}`,
      { permanent: false, outage: true, handedOver: true },
    )
  if (code === 'EDNS') return outage(`${host} is not found: check email.host${said(originalCode)}`)
  if (code === 'ETIMEDOUT') return outage(`${host}:${port} does not answer in time; it is tried again`)
  return outage(
    `${host}:${port} could not be reached or hung up: check email.host and email.port${said(originalCode || code)}`,
  )
}

const said = (words: string) => (words === '' ? '' : ` (${words})`)
