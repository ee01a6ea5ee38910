import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { MailError, type Letter, type Mailer } from './mail'
import { createMailer } from './mailer'

const site = { name: 'Example', url: 'https://register.example.org', accent: '#138a5b', logoUrl: null }
const denied = {
  kind: 'denied',
  hadAccount: false,
  byInvitation: false,
  otherServers: null,
  startLink: 'https://register.example.org/register',
  support: null,
} as const
const letter: Letter = {
  to: ['river@mail.test'],
  language: 'de',
  id: 'job-1',
  mail: { ...denied, matrixId: '@river:example.org', message: 'Bis bald\r\nBcc: evil@mail.test' },
}
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(
  options: SMTPServerOptions = {},
): Promise<{ port: number; mails: ParsedMail[]; hangUp: () => void }> {
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
  const sockets = new Set<Socket>()
  server.server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return { port: address.port, mails, hangUp: () => sockets.forEach((socket) => socket.destroy()) }
}

function mailer(port: number, change: Partial<Parameters<typeof createMailer>[0]> = {}): Mailer {
  const made = createMailer({
    host: '127.0.0.1',
    port,
    username: null,
    password: null,
    tls: 'if_offered',
    verifyCert: true,
    ca: null,
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

const refuseRcpt = (code: (address: string) => number, words: string): SMTPServerOptions => ({
  onRcptTo: ({ address }, _session, done) =>
    done(code(address) === 250 ? null : refuse(code(address), words)),
})

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
    expect(first?.headers.get('x-auto-response-suppress')).toBe('All')
    expect(first?.headers.get('content-language')).toBe('de')
    expect(first?.messageId).toBe('<job-1@example.org>')
    expect(second?.messageId).toBe(first?.messageId)
  })

  test('nothing that was typed begins a header, wherever it was typed', async () => {
    const { port, mails } = await serve()
    const evil = '\r\nBcc: evil@mail.test\r\nX-Evil: 1\r\n\r\nbody'
    const sending = mailer(port, { site: { ...site, name: `Desk${evil}` } })
    await sending.send(letter)
    await sending.send({
      ...letter,
      mail: { ...denied, matrixId: `@a${evil}:example.org`, message: evil },
    })
    await sending.send({
      ...letter,
      mail: { kind: 'unknown_address', link: 'https://register.example.org/register' },
    })
    expect(mails).toHaveLength(3)
    for (const mail of mails) {
      expect(mail.bcc).toBeUndefined()
      expect(mail.headers.has('x-evil')).toBe(false)
      expect([mail.to].flat().flatMap((to) => to?.value.map(({ address }) => address))).toEqual([
        'river@mail.test',
      ])
    }
  })

  test('an address with a line end in it reaches nobody else', async () => {
    const seen: string[] = []
    const { port, mails } = await serve({
      onRcptTo: ({ address }, _session, done) => {
        seen.push(address)
        done()
      },
    })
    const sent = mailer(port).send({ ...letter, to: ['river@mail.test\r\nRCPT TO:<evil@mail.test>'] })
    expect((await errorOf(sent)).permanent).toBe(true)
    expect(seen).toEqual([])
    expect(mails).toEqual([])
  })

  test('a mail without a receiver is a permanent error', async () => {
    expect((await errorOf(mailer(1).send({ ...letter, to: [] }))).permanent).toBe(true)
  })

  test('a receiver that does not exist is a permanent error with the server’s own words', async () => {
    const { port } = await serve(refuseRcpt(() => 550, 'No such user'))
    const error = await errorOf(mailer(port).send(letter))
    expect(error.permanent).toBe(true)
    expect(error.message).toContain('No such user')
    expect(error.message).not.toContain('Bis bald')
  })

  test.each([421, 451])('a receiver put off with %i passes', async (code) => {
    const { port } = await serve(refuseRcpt(() => code, 'Try later'))
    expect((await errorOf(mailer(port).send(letter))).permanent).toBe(false)
  })

  test('where one of two receivers is refused the other gets the mail, and the number is told', async () => {
    const { port, mails } = await serve(
      refuseRcpt((address) => (address.startsWith('gone') ? 550 : 250), 'No such user'),
    )
    const refused: number[] = []
    const sending = mailer(port, { onRefused: (receivers) => refused.push(receivers) })
    await sending.send({ ...letter, to: ['gone@mail.test', 'river@mail.test'] })
    expect(mails).toHaveLength(1)
    expect(refused).toEqual([1])
  })

  test('where all receivers are refused and one only for now, it passes', async () => {
    const { port } = await serve(refuseRcpt((address) => (address.startsWith('gone') ? 550 : 451), 'No'))
    const error = await errorOf(mailer(port).send({ ...letter, to: ['river@mail.test', 'gone@mail.test'] }))
    expect(error.permanent).toBe(false)
  })

  test('a sender that is refused is the operator’s to mend, not the receiver’s fault', async () => {
    const { port } = await serve({
      onMailFrom: (_address, _session, done) => done(refuse(553, 'Not your address')),
    })
    const error = await errorOf(mailer(port).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.from')
  })

  const refuseData = (code: number, words: string): SMTPServerOptions => ({
    onData: (stream, _session, done) => {
      stream.resume()
      stream.on('end', () => done(refuse(code, words)))
    },
  })

  test('a content that is refused for good is ours to mend, and waits', async () => {
    const { port } = await serve(refuseData(554, '5.7.1 Looks like spam'))
    const error = await errorOf(mailer(port).send(letter))
    expect(error).toMatchObject({ permanent: false, blame: 'us', lasting: true, handedOver: false })
    expect(error.message).toContain('email.from')
  })

  test('a mailbox that is found missing after the mail ends it, where it is the only one', async () => {
    const { port } = await serve(refuseData(550, '5.1.1 RESOLVER.ADR.RecipNotFound'))
    expect(await errorOf(mailer(port).send(letter))).toMatchObject({ permanent: true, blame: 'receiver' })
    const two = { ...letter, to: ['river@mail.test', 'lake@mail.test'] }
    expect(await errorOf(mailer(port).send(two))).toMatchObject({ permanent: false, blame: 'us' })
  })

  test.each([
    [553, '5.7.1 <desk@example.org>: Sender address rejected', 'email.from'],
    [554, '5.7.1 <river@mail.test>: Relay access denied', 'email.host'],
    [550, '5.4.5 Daily sending limit exceeded', 'provider'],
    [552, '5.3.4 Message too big', 'large'],
    [550, 'relay not permitted', 'email.username'],
    [451, '4.7.1 Greylisted', 'tried again'],
  ])('a receiver refused with %i %s is ours to mend: %s', async (code, words, remedy) => {
    const { port } = await serve(refuseRcpt(() => code, words))
    const error = await errorOf(mailer(port).send(letter))
    expect(error).toMatchObject({ permanent: false, blame: 'us', lasting: code >= 500 })
    expect(error.message).toContain(remedy)
  })

  test('a mailbox that is full for now is the receiver’s, and passes', async () => {
    const { port } = await serve(refuseRcpt(() => 452, '4.2.2 Over quota'))
    expect(await errorOf(mailer(port).send(letter))).toMatchObject({
      permanent: false,
      blame: 'receiver',
      lasting: false,
    })
  })

  test('a receiver put off where the other one gets the mail is named, to be served later', async () => {
    const { port, mails } = await serve(
      refuseRcpt((address) => (address.startsWith('slow') ? 450 : 250), '4.7.1 Greylisted'),
    )
    const sent = mailer(port).send({ ...letter, to: ['slow@mail.test', 'river@mail.test'] })
    expect(await errorOf(sent)).toMatchObject({ permanent: false, remaining: ['slow@mail.test'] })
    expect(mails).toHaveLength(1)
  })

  test('where each receiver is refused and one of them for our sake, it is ours', async () => {
    const { port } = await serve({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('gone') ? refuse(550, '5.1.1 No') : refuse(554, '5.7.1 Relay access denied')),
    })
    const error = await errorOf(mailer(port).send({ ...letter, to: ['river@mail.test', 'gone@mail.test'] }))
    expect(error).toMatchObject({ permanent: false, blame: 'us' })
    expect(error.message).toContain('Relay access denied')
  })

  test('a greeting with a refusal concerns all mails', async () => {
    const { port } = await serve({ onConnect: (_session, done) => done(refuse(554, '5.7.1 Blocked')) })
    const error = await errorOf(mailer(port).send(letter))
    expect(error).toMatchObject({ permanent: false, outage: true })
    expect(error.message).toContain('email.host')
  })

  test('a sender that no server could take is told as a setting', async () => {
    const { port } = await serve()
    const error = await errorOf(mailer(port, { from: 'Desk <desk@@example org>' }).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.from')
  })

  test('a sign-in that is refused names the settings, not the password, and can be mended', async () => {
    const { port } = await serve({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(new Error('no')),
    })
    const error = await errorOf(mailer(port, { username: 'desk', password: 'hunter2-secret' }).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.password')
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2')
  })

  test('a server that wants a sign-in where none is set says so', async () => {
    const { port } = await serve({ authOptional: false, allowInsecureAuth: true })
    const error = await errorOf(mailer(port).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.username')
  })
})

describe('a server that is not there', () => {
  test('is a passing error that names the settings', async () => {
    const error = await errorOf(mailer(1).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.host')
  })

  test('is given up after the time-out where it does not greet', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closing.push(() => new Promise((resolve) => silent.close(resolve)))
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('No port')
    const error = await errorOf(mailer(address.port, { timeout: 50 }).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('in time')
  })

  test('once it has a whole mail, and hangs up before it answers, may have taken it: that is told, and not repeated unseen', async () => {
    let taken = 0
    const server = await serve({
      onData: (stream) => {
        stream.resume()
        stream.on('end', () => {
          taken++
          server.hangUp()
        })
      },
    })
    const error = await errorOf(mailer(server.port).send(letter))
    expect(error).toMatchObject({ handedOver: true, permanent: false })
    expect(taken).toBe(1)
  })

  test('before it asked for the mail cannot have taken it', async () => {
    const server = await serve({ onRcptTo: () => server.hangUp() })
    expect(await errorOf(mailer(server.port).send(letter))).toMatchObject({ handedOver: false, outage: true })
  })

  test('does not keep a mail trying for ever where it hangs up', async () => {
    let calls = 0
    const rude = createServer((socket) => {
      calls += 1
      socket.destroy()
    })
    rude.listen(0, '127.0.0.1')
    await once(rude, 'listening')
    closing.push(() => new Promise((resolve) => rude.close(resolve)))
    const address = rude.address()
    if (address === null || typeof address === 'string') throw new Error('No port')
    expect((await errorOf(mailer(address.port).send(letter))).permanent).toBe(false)
    expect(calls).toBe(1)
  })
})
