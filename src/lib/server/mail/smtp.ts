import { createTransport, type SendMailOptions } from 'nodemailer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import * as v from 'valibot'
import type { MailTls } from '../config/modes'

/** The result of an email that some recipient got: the others, and the server's reply for each. */
export interface Sent {
  rejected: unknown[]
  rejectedErrors?: unknown
}

/** Connections to one SMTP server. Both throw nodemailer's errors. */
export interface Smtp {
  send(mail: SendMailOptions): Promise<Sent>
  /** Greets the server and signs in. */
  verify(): Promise<void>
  close(): void
}

/** A mail server, and how it is reached. */
export interface SmtpServer {
  host: string
  port: number
  username: string | null
  password: string | null
  tls: MailTls
  verifyCert: boolean
  ca: string | null
  /** The name used to greet the server. */
  name: string
  /** Time-outs for the server at each step, in milliseconds; an email as a whole gets longer (`LONGEST_CHECK`). */
  timeout: number
}

export interface SmtpOptions extends SmtpServer {
  /** Called when a server's STARTTLS fails, so that emails to it are sent unencrypted for a while. */
  onUnencrypted: (reason: string) => void
  /** Filled with the Message-IDs of the emails whose content the server asked for. */
  begun: Set<string>
  clock: () => number
}

/** How long emails are sent unencrypted before a failed STARTTLS is tried again. */
const UNENCRYPTED_MS = 10 * 60_000

/**
 * How many times longer a server may be silent while an email is sent: it may check the content before it answers. RFC
 * 5321, 4.5.3.2.6, allows ten minutes; whoever is given up on earlier may be sent the same email again.
 */
const LONGEST_CHECK = 3

/** Connections by the mode of `tls`. */
export function createSmtp(options: SmtpOptions): Smtp {
  const smtp = open(options, options.tls)
  return options.tls === 'if_offered' ? withFallback(smtp, open(options, 'never'), options) : smtp
}

/** Whether the server's certificate is verified: with opportunistic TLS any is accepted (RFC 7435). */
export function verifiesCertificate({ verifyCert }: Pick<SmtpServer, 'verifyCert'>, mode: MailTls): boolean {
  return verifyCert && (mode === 'required' || mode === 'implicit')
}

/** nodemailer's settings for a connection of one mode. */
export function connectionSettings(server: SmtpServer, mode: MailTls) {
  const { host, port, name, ca, timeout } = server
  return {
    host,
    port,
    name,
    secure: mode === 'implicit',
    requireTLS: mode === 'required',
    ignoreTLS: mode === 'never',
    tls: { rejectUnauthorized: verifiesCertificate(server, mode), ...(ca === null ? {} : { ca }) },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
  }
}

/**
 * Connections of one mode. With opportunistic TLS any certificate is accepted, because the alternative is no
 * encryption (RFC 7435). Retries are up to the caller: one by nodemailer itself could send an email twice unnoticed.
 */
function open(options: SmtpOptions, mode: MailTls): Smtp {
  const { username, password, timeout } = options
  const settings = {
    ...connectionSettings(options, mode),
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(username === null || password === null ? {} : { auth: { user: username, pass: password } }),
  }
  const transport = createTransport({
    ...settings,
    socketTimeout: LONGEST_CHECK * timeout,
    pool: true,
    maxConnections: 2,
    maxRequeues: 0,
  })
  // A server asks for the content with its reply to DATA (RFC 5321, 4.1.1.4).
  transport.use('stream', ({ data: { messageId }, message }, next) => {
    const create = message.createReadStream.bind(message)
    message.createReadStream = (given) => {
      const stream = create(given)
      stream.once('resume', () => options.begun.add(messageId ?? ''))
      return stream
    }
    next()
  })
  return {
    send: (mail) => transport.sendMail(mail),
    async verify() {
      await createTransport(settings).verify()
    },
    close: () => transport.close(),
  }
}

/**
 * Sends through `encrypted`, and through `plain` if STARTTLS is what fails (`454`, or the handshake): that is, if a
 * session works without it, but not with it. Nothing of the email was sent before that is known.
 */
function withFallback(encrypted: Smtp, plain: Smtp, options: SmtpOptions): Smtp {
  const { clock, begun, onUnencrypted } = options
  let plainUntil = 0

  async function isBroken(error: unknown): Promise<boolean> {
    const kind = kindOf(error)
    if (kind === 'other') return false
    const again =
      kind === 'unclear' &&
      (await encrypted.verify().then(
        () => null,
        (next: unknown) => next,
      ))
    return again !== null && (await greets(options))
  }

  async function either<T>(task: (smtp: Smtp) => Promise<T>, messageId?: string): Promise<T> {
    if (clock() < plainUntil) return task(plain)
    try {
      return await task(encrypted)
    } catch (error) {
      if (begun.has(messageId ?? '') || !(await isBroken(error))) throw error
      plainUntil = clock() + UNENCRYPTED_MS
      onUnencrypted(reasonOf(error))
      return task(plain)
    }
  }

  return {
    send: (mail) => either((smtp) => smtp.send(mail), mail.messageId),
    verify: () => either((smtp) => smtp.verify()),
    close() {
      encrypted.close()
      plain.close()
    },
  }
}

/** Whether a session without STARTTLS works in which emails can be sent: signed in, if configured. */
function greets({ host, port, name, timeout, username }: SmtpOptions): Promise<boolean> {
  const limits = { connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout }
  const connection = new SMTPConnection({ host, port, name, secure: false, ignoreTLS: true, ...limits })
  return new Promise((resolve) => {
    const end = (is: boolean) => {
      resolve(is)
      connection.close()
    }
    connection.once('error', () => end(false)).once('end', () => end(false))
    connection.connect((error) => end(error === undefined && (username === null || connection.allowsAuth)))
  })
}

const failureSchema = v.object({
  code: v.fallback(v.string(), ''),
  responseCode: v.fallback(v.number(), 0),
  timeoutType: v.fallback(v.string(), ''),
  originalCode: v.fallback(v.string(), ''),
})

/** Whether nodemailer says that STARTTLS failed, or that a connection broke, perhaps during the handshake. */
function kindOf(error: unknown): 'tls' | 'unclear' | 'other' {
  const { code, responseCode, timeoutType, originalCode } = v.parse(failureSchema, error)
  if (code === 'ETLS' || timeoutType === 'UPGRADE_TIMEOUT') return 'tls'
  const unreached = /^E(?:CONNREFUSED|HOSTUNREACH|NETUNREACH)$/.test(originalCode)
  if (responseCode !== 0 || unreached) return 'other'
  return code === 'ESOCKET' || timeoutType === 'SOCKET_TIMEOUT' ? 'unclear' : 'other'
}

/** Why STARTTLS failed, or may have, in one of nodemailer's words; null if something else did. */
export const tlsFailure = (error: unknown): string | null =>
  kindOf(error) === 'other' ? null : reasonOf(error)

function reasonOf(error: unknown): string {
  const { code, responseCode, originalCode } = v.parse(failureSchema, error)
  return responseCode === 0 ? originalCode || code : String(responseCode)
}
