import { randomUUID } from 'node:crypto'
import type { EmailAddress } from '$lib/registration/email'
import { isLocal } from '../config/derive'
import type { MailTls } from '../config/modes'
import type { RunConfig } from '../config/run-config'
import { ehloName } from '../mail/ehlo-name'
import { tryEnvelope, type EnvelopeAnswer } from '../mail/envelope'
import { createMailer } from '../mail/mailer'
import { tlsFailure, verifiesCertificate } from '../mail/smtp'
import { smtpError, wordsOf } from '../mail/smtp-error'
import { bounded, CHECK_MS, problemIn, type Report } from './finding'

/** For a whole email, step by step. */
const LONGEST_MS = 20_000
const CHECKS = ['mail.encryption', 'mail.sender', 'mail.receiver']

/** Sends a test email to this address, as the service would send others, and tells whether it was handed over. */
export async function sendTestMail({
  config,
  report,
  to,
}: {
  config: Pick<RunConfig, 'email' | 'site' | 'logoUrl'>
  report: Report
  to: EmailAddress
}): Promise<void> {
  const { email, site, logoUrl } = config
  const mailer = createMailer({ ...email, site: { ...site, logoUrl }, timeout: CHECK_MS - 500 })
  try {
    const { language } = site
    await bounded(
      mailer.send({ to: [to], language, mail: { kind: 'set_up_test' }, id: randomUUID() }),
      LONGEST_MS,
    )
    report.ok(
      'mail.test',
      null,
      `${email.host} has accepted an email to ${to}: see whether it arrives, and not as spam`,
    )
  } catch (error) {
    const { found, remedy } = problemIn(error)
    report.error('mail.test', keyIn(remedy), { found, remedy: remedy ?? 'Read the lines above' })
  } finally {
    mailer.close()
  }
}

/**
 * Whether the mail server lets this program in and would take an email from `email.from` to `admin.email`. Sends
 * none.
 */
export async function checkMail({
  config,
  report,
}: {
  config: Pick<RunConfig, 'email' | 'admin' | 'site'>
  report: Report
}): Promise<void> {
  const { email, admin, site } = config
  const sender = /<([^<>]+)>\s*$/.exec(email.from)?.[1] ?? email.from
  const [receiver = ''] = admin.email
  const where = `${email.host}:${email.port}`
  const name = ehloName(site.url, sender.slice(sender.lastIndexOf('@') + 1))
  const ask = (tls: MailTls) =>
    bounded(tryEnvelope({ ...email, tls, name, timeout: CHECK_MS - 500 }, { from: sender, to: receiver }))
  let answer: EnvelopeAnswer
  let broken: string | null = null
  try {
    answer = await ask(email.tls).catch(async (error: unknown) => {
      broken = email.tls === 'if_offered' ? tlsFailure(error) : null
      // As the service does: where encryption fails, and all else works, it goes without.
      const plain = broken === null ? null : await ask('never').catch(() => null)
      if (plain === null) throw error
      return plain
    })
  } catch (error) {
    const { found, remedy } = problemIn(
      error instanceof Error && 'code' in error
        ? smtpError(error, { host: email.host, port: email.port, begun: false })
        : error,
    )
    report.error('mail.connection', keyIn(remedy) ?? 'email.host', {
      found,
      remedy: remedy ?? 'Check email.host, email.port and email.tls, and that this machine may connect there',
    })
    report.notAsked(CHECKS, 'the connection to the mail server has to be right first')
    return
  }
  report.ok(
    'mail.connection',
    'email.host',
    email.username === null ? `${where} answers` : `${where} lets ${email.username} in`,
  )
  checkEncryption(config, { ...answer, broken }, report)
  tell(report, 'mail.sender', 'email.from', sender, answer.sender)
  if (answer.receiver === null) report.notAsked(['mail.receiver'], 'the sender was rejected')
  else tell(report, 'mail.receiver', 'admin.email', receiver, answer.receiver)
}

function checkEncryption(
  { email }: Pick<RunConfig, 'email'>,
  { encrypted, broken }: Pick<EnvelopeAnswer, 'encrypted'> & { broken: string | null },
  report: Report,
): void {
  const check = 'mail.encryption'
  if (broken !== null) {
    report.warning(check, 'email.tls', {
      found: `The mail server offers encryption, but it fails (${broken}), so emails are sent without it: links, addresses and the password can be read on the way`,
      remedy: 'Fix STARTTLS on the mail server, or set email.tls to implicit with email.port 465',
    })
    return
  }
  if (encrypted) {
    if (verifiesCertificate(email, email.tls))
      report.ok(check, 'email.tls', 'The connection is encrypted, and the certificate is valid')
    else
      report.warning(check, email.verifyCert ? 'email.tls' : 'email.verify_cert', {
        found: 'The connection is encrypted, but nobody checks with whom',
        remedy: email.verifyCert
          ? 'Set email.tls to required: the server offers encryption'
          : 'Set email.verify_cert to true, or to the file of your own CA',
      })
    return
  }
  if (isLocal(email.host))
    report.ok(check, 'email.tls', 'The connection is not encrypted, and stays on this machine')
  else
    report.warning(check, 'email.tls', {
      found: 'The connection is not encrypted: links, addresses and the password can be read on the way',
      remedy: 'Set email.tls to required, or to implicit with email.port 465',
    })
}

/** What the server said of one end of an email, which may be its words for years. */
function tell(report: Report, check: string, key: string, address: string, reply: string): void {
  const words = wordsOf(reply)
  if (reply.startsWith('2')) report.ok(check, key, `The mail server accepts ${address}`)
  else if (reply.startsWith('4'))
    report.warning(check, key, {
      found: `The mail server does not accept ${address} for now (${words})`,
      remedy: 'Run this again in some minutes; if it stays so, ask whoever runs the mail server',
    })
  else
    report.error(check, key, {
      found: `The mail server rejects ${address} (${words})`,
      remedy:
        key === 'email.from'
          ? 'Set email.from to an address that email.username may send from'
          : 'Check admin.email, and that the mail server relays for email.username',
    })
}

/** The first setting that a remedy names. */
const keyIn = (remedy: string | null): string | null => /\bemail\.[a-z_]+/.exec(remedy ?? '')?.[0] ?? null
