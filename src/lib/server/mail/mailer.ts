import { createTransport } from 'nodemailer'
import { MailError, type Letter, type Mailer, type Site } from './mail'
import { renderMail } from './render'

/** How long an SMTP server may take to connect, to greet, and to answer. */
const PATIENCE_MS = 20_000

/**
 * A mailer over SMTP (RFC 5321). `tls`: STARTTLS or nothing; `ssl`: TLS from the start; neither: STARTTLS where the
 * server offers it.
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
}): Mailer {
  const { host, port, username, password, tls, ssl, from, subjectPrefix, site } = options
  const transport = createTransport({
    host,
    port,
    secure: ssl,
    requireTLS: tls,
    pool: true,
    maxConnections: 2,
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(username === null || password === null ? {} : { auth: { user: username, pass: password } }),
  })
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? host
  return {
    async send({ to, language, mail, id }: Letter): Promise<void> {
      const { subject, html, text } = renderMail(mail, language, site)
      try {
        await transport.sendMail({
          from,
          to: to.map((address) => ({ name: '', address })),
          subject: subjectPrefix + subject,
          html,
          text,
          messageId: `<${id}@${domain}>`,
          headers: {
            'Auto-Submitted': 'auto-generated',
            'X-Auto-Response-Suppress': 'All',
            'Content-Language': language,
          },
        })
      } catch (error) {
        throw asMailError(error, host)
      }
    },
    close: () => transport.close(),
  }
}

/** What nodemailer reports, as a sentence for moderators: the server's own words at most, never the mail's. */
function asMailError(error: unknown, host: string): MailError {
  const code = field(error, 'code')
  const status = Number(field(error, 'responseCode') ?? 0)
  const answer = String(field(error, 'response') ?? '').slice(0, 200)
  if (code === 'EAUTH')
    return new MailError(`${host} refuses our sign-in: check email.username and email.password (${answer})`, { permanent: false })
  if (status >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE'))
    return new MailError(`${host} refuses this mail for good: ${answer}`, { permanent: true })
  if (status >= 400) return new MailError(`${host} does not take this mail now: ${answer}`, { permanent: false })
  if (code === 'ETLS') return new MailError(`${host} offers no TLS that we can use: check email.tls, email.ssl and email.port`, { permanent: false })
  return new MailError(`${host} could not be reached or did not answer (${String(code ?? 'no reason given')})`, { permanent: false })
}

function field(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null && name in error ? Object.getOwnPropertyDescriptor(error, name)?.value : undefined
}
