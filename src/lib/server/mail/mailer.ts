import { createTransport } from 'nodemailer'
import * as v from 'valibot'
import { MailError, type Letter, type Mailer, type Site } from './mail'
import { renderMail } from './render'
import { partError, refusalsSchema, smtpError } from './smtp-error'

/** How long an SMTP server may take to connect, to greet, and to answer. */
const PATIENCE_MS = 20_000

/**
 * A mailer over SMTP (RFC 5321). `tls`: STARTTLS or nothing; `ssl`: TLS from the start; both check the certificate.
 * Neither: STARTTLS where the server offers it, with whatever certificate it has, as the alternative is none (RFC 7435).
 * Every try after the first is the caller's: one that nodemailer makes by itself could send a mail twice unseen.
 */
export function createMailer(options: {
  host: string
  port: number
  username: string | null
  password: string | null
  tls: boolean
  ssl: boolean
  from: string
  subjectPrefix: string
  site: Site
  /** How long to wait for the server at each step, in milliseconds. */
  timeout?: number
  /** Told how many receivers of a mail were refused for good where others were not. */
  onRefused?: (receivers: number) => void
}): Mailer {
  const { host, port, username, password, tls, ssl, from, subjectPrefix, site, onRefused } = options
  const patience = options.timeout ?? PATIENCE_MS
  const transport = createTransport({
    host,
    port,
    secure: ssl,
    requireTLS: tls,
    tls: { rejectUnauthorized: tls || ssl },
    pool: true,
    maxConnections: 2,
    maxRequeues: 0,
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    dnsTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(username === null || password === null ? {} : { auth: { user: username, pass: password } }),
  })
  /** The mails that a server asked for with its answer to DATA (RFC 5321, 4.1.1.4), by Message-ID. */
  const begun = new Set<string>()
  transport.use('stream', ({ data: { messageId }, message }, next) => {
    const create = message.createReadStream.bind(message)
    message.createReadStream = (given) => {
      const stream = create(given)
      stream.once('resume', () => begun.add(messageId ?? ''))
      return stream
    }
    next()
  })
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? host
  return {
    async send({ to, language, mail, id }: Letter): Promise<void> {
      if (to.length === 0)
        throw new MailError('This mail has no receiver: check admin.email', { permanent: true })
      const { subject, html, text } = renderMail(mail, language, site)
      const messageId = `<${id}@${domain}>`
      const { rejected, rejectedErrors } = await transport
        .sendMail({
          from,
          to: to.map((address) => ({ name: '', address })),
          subject: subjectPrefix + subject,
          html,
          text,
          messageId,
          headers: {
            'Auto-Submitted': 'auto-generated',
            'X-Auto-Response-Suppress': 'All',
            'Content-Language': language,
          },
        })
        .catch((error: unknown) => {
          throw smtpError(error, { host, port, begun: begun.has(messageId), receivers: to.length })
        })
        .finally(() => begun.delete(messageId))
      const part = partError(v.parse(refusalsSchema, rejectedErrors), host)
      const gone = rejected.length - (part?.remaining.length ?? 0)
      if (gone > 0) onRefused?.(gone)
      if (part !== null) throw part
    },
    async check() {
      await transport.verify().catch((error: unknown) => {
        throw smtpError(error, { host, port, begun: false })
      })
    },
    close: () => transport.close(),
  }
}
