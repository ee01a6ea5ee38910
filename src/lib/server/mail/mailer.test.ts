import { once } from 'node:events'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { MailError, type Letter, type Mailer } from './mail'
import { createMailer } from './mailer'

const site = { name: 'Example', url: 'https://register.example.org', accent: '#138a5b', logoUrl: null }
const letter: Letter = {
  to: ['river@mail.test'],
  language: 'de',
  id: 'job-1',
  mail: { kind: 'denied', matrixId: '@river:example.org', message: 'Bis bald\r\nBcc: evil@mail.test' },
}
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(options: SMTPServerOptions = {}): Promise<{ port: number; mails: ParsedMail[] }> {
  const mails: ParsedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      void simpleParser(stream).then((mail) => {
        mails.push(mail)
        done()
      }, done)
    },
    ...options,
  })
  server.on('error', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return { port: address.port, mails }
}

function mailer(port: number, change: Partial<Parameters<typeof createMailer>[0]> = {}): Mailer {
  const made = createMailer({
    host: '127.0.0.1',
    port,
    username: null,
    password: null,
    tls: false,
    ssl: false,
    from: 'Desk <desk@example.org>',
    subjectPrefix: '[Example] ',
    site,
    ...change,
  })
  closing.push(() => made.close())
  return made
}

async function errorOf(sent: Promise<void>): Promise<MailError> {
  try {
    await sent
  } catch (error) {
    if (error instanceof MailError) return error
    throw error
  }
  throw new Error('It was sent')
}

const refuse = (responseCode: number, words: string) => Object.assign(new Error(words), { responseCode })

describe('over a real SMTP server', () => {
  test('a mail arrives as text and HTML, marked as automatic, with an id that stays over retries', async () => {
    const { port, mails } = await serve()
    await mailer(port).send(letter)
    await mailer(port).send(letter)
    const [first, second] = mails
    expect(first?.subject).toBe('[Example] Deine Anfrage für @river:example.org')
    expect(first?.text).toContain('> Bis bald')
    expect(first?.html).toContain('Bis bald')
    expect(first?.headers.get('auto-submitted')).toBe('auto-generated')
    expect(first?.messageId).toBe('<job-1@example.org>')
    expect(second?.messageId).toBe(first?.messageId)
  })

  test('nothing that was typed adds a receiver', async () => {
    const { port, mails } = await serve()
    await mailer(port).send(letter)
    expect(mails[0]?.bcc).toBeUndefined()
    expect(JSON.stringify(mails[0]?.to)).not.toContain('evil')
  })

  test('a receiver that does not exist is a permanent error with the server’s own words', async () => {
    const { port } = await serve({ onRcptTo: (_address, _session, done) => done(refuse(550, 'No such user')) })
    const error = await errorOf(mailer(port).send(letter))
    expect(error.permanent).toBe(true)
    expect(error.message).toContain('No such user')
  })

  test('greylisting passes', async () => {
    const { port } = await serve({ onRcptTo: (_address, _session, done) => done(refuse(451, 'Try later')) })
    expect((await errorOf(mailer(port).send(letter))).permanent).toBe(false)
  })

  test('a content that is refused for good is a permanent error', async () => {
    const { port } = await serve({
      onData: (stream, _session, done) => {
        stream.resume()
        stream.on('end', () => done(refuse(554, 'Looks like spam')))
      },
    })
    expect((await errorOf(mailer(port).send(letter))).permanent).toBe(true)
  })

  test('a sign-in that is refused names the settings, not the password, and can be mended', async () => {
    const { port } = await serve({ authOptional: false, allowInsecureAuth: true, onAuth: (_auth, _session, done) => done(new Error('no')) })
    const error = await errorOf(mailer(port, { username: 'desk', password: 'hunter2-secret' }).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.password')
    expect(error.message).not.toContain('hunter2')
  })

  test('where STARTTLS is required and not offered, nothing is sent in the clear', async () => {
    const { port, mails } = await serve()
    const error = await errorOf(mailer(port, { tls: true }).send(letter))
    expect(error.permanent).toBe(false)
    expect(mails).toEqual([])
  })

  test('a server that is down is a passing error', async () => {
    const error = await errorOf(mailer(1).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('could not be reached')
  })
})
