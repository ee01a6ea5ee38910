import { isIPv6 } from 'node:net'
import * as v from 'valibot'
import type { MailTls } from '../config/modes'
import { ehloName } from './ehlo-name'
import { MailError, type Letter, type Mailer, type Site } from './mail'
import { renderMail } from './render'
import { createSmtp } from './smtp'
import { partError, refusalsSchema, smtpError } from './smtp-error'

/** How long an SMTP server may take to connect, to greet, and to answer. */
const PATIENCE_MS = 20_000

/** A mailer over SMTP (RFC 5321), encrypted according to `tls`. */
export function createMailer(options: {
  host: string
  port: number
  username: string | null
  password: string | null
  tls: MailTls
  verifyCert: boolean
  ca: string | null
  from: string
  subjectPrefix: string
  site: Site
  /** Time-outs for the server at each step, in milliseconds. */
  timeout?: number
  /** Called with the number of recipients that were rejected permanently while others were not. */
  onRefused?: (receivers: number) => void
  /** Called when emails are sent unencrypted for a while, because the server's STARTTLS fails. */
  onUnencrypted?: (reason: string) => void
  clock?: () => number
}): Mailer {
  const { from, subjectPrefix, site, onRefused } = options
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? options.host
  const begun = new Set<string>()
  const smtp = createSmtp({
    ...options,
    name: ehloName(site.url, domain),
    timeout: options.timeout ?? PATIENCE_MS,
    begun,
    onUnencrypted: options.onUnencrypted ?? (() => undefined),
    clock: options.clock ?? Date.now,
  })
  const server = { host: isIPv6(options.host) ? `[${options.host}]` : options.host, port: options.port }
  return {
    async send({ to, language, mail, id }: Letter): Promise<void> {
      if (to.length === 0)
        throw new MailError('This email has no recipient: check admin.email', { permanent: true })
      const { subject, html, text } = renderMail(mail, language, site)
      const messageId = `<${id}@${domain}>`
      const { rejected, rejectedErrors } = await smtp
        .send({
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
          throw smtpError(error, { ...server, begun: begun.has(messageId), receivers: to.length })
        })
        .finally(() => begun.delete(messageId))
      const part = partError(v.parse(refusalsSchema, rejectedErrors), server.host)
      const gone = rejected.length - (part?.remaining.length ?? 0)
      if (gone > 0) onRefused?.(gone)
      if (part !== null) throw part
    },
    async check() {
      await smtp.verify().catch((error: unknown) => {
        throw smtpError(error, { ...server, begun: false })
      })
    },
    close: () => smtp.close(),
  }
}
