import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { breakStartTls, type Break } from '../../../../tests/support/broken-starttls'
import { MailError, type Letter, type Mailer } from './mail'
import { createMailer } from './mailer'

const letter: Letter = {
  to: ['river@mail.test'],
  language: 'en',
  id: 'job-1',
  mail: { kind: 'unknown_address', link: 'https://register.example.org/register' },
}
const folder = mkdtempSync(join(tmpdir(), 'registration-smtp-'))
const file = (name: string) => join(folder, `${name}.pem`)
const read = (name: string) => readFileSync(file(name), 'utf8')

/** Makes NAME.pem and NAME.key.pem. */
function certificate(name: string, ...args: string[]): void {
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    file(`${name}.key`),
  ]
  const request = ['req', '-x509', '-days', '2', '-subj', `/CN=${name}`, '-out', file(name)]
  execFileSync('openssl', [...request, ...key, ...args], { stdio: 'pipe' })
}

beforeAll(() => {
  const issued = ['-CA', file('ca'), '-CAkey', file('ca.key')]
  certificate('ca')
  certificate('other')
  certificate('issued', '-addext', 'subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost', ...issued)
  certificate('named', '-addext', 'subjectAltName=DNS:mail.example.org', ...issued)
})
afterAll(() => rmSync(folder, { recursive: true }))
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A real SMTP server: `sessions` are those that a mail came by. */
async function serve(options: SMTPServerOptions = {}, host = '127.0.0.1') {
  const sessions: SMTPServerSession[] = []
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    cert: read('issued'),
    key: read('issued.key'),
    onAuth: ({ username }, _session, done) => done(null, { user: username ?? '' }),
    onData: (stream, session, done) => {
      stream.resume()
      stream.on('end', () => {
        sessions.push(session)
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  const sockets = new Set<Socket>()
  server.server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, host)
  await once(server.server, 'listening')
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  const hangUp = (how: 'destroy' | 'resetAndDestroy') => sockets.forEach((socket) => socket[how]())
  return { port: address.port, sessions, hangUp, secure: () => sessions.map(({ secure }) => secure) }
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
    subjectPrefix: '',
    site: { name: 'Example', url: 'https://register.example.org', accent: '#138a5b', logoUrl: null },
    timeout: 1_500,
    ...change,
  })
  closing.push(() => made.close())
  return made
}

async function errorOf(sent: Promise<void>): Promise<MailError> {
  const error: unknown = await sent.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof MailError) return error
  throw new Error('It was sent', { cause: error })
}

const SIGN_IN = { username: 'desk', password: 'secret' }
const WITHOUT: SMTPServerOptions = { disabledCommands: ['STARTTLS'] }
const BREAKS: Break[] = ['454', 'speaks no TLS', 'hangs up', 'resets', 'says nothing', 'goes silent']

/** The server with its STARTTLS broken. */
async function broken(how: Break, options: SMTPServerOptions = {}) {
  const server = await serve(options)
  const proxy = await breakStartTls(server.port, how)
  closing.push(() => proxy.close())
  return { ...server, port: proxy.port, connections: proxy.connections }
}

describe('required', () => {
  test('nothing goes out in the clear where STARTTLS is not offered', async () => {
    const { port, sessions } = await serve(WITHOUT)
    const error = await errorOf(mailer(port, { tls: 'required' }).send(letter))
    expect(error).toMatchObject({ permanent: false, outage: true })
    expect(error.message).toContain('email.tls')
    expect(sessions).toEqual([])
  })

  test.each(BREAKS)('nothing goes out in the clear where it is offered, and the server %s', async (how) => {
    const { port, sessions } = await broken(how)
    expect(await errorOf(mailer(port, { tls: 'required' }).send(letter))).toMatchObject({
      permanent: false,
      outage: true,
    })
    expect(sessions).toEqual([])
  })
})

describe('if_offered', () => {
  test('STARTTLS is used where it is offered, with whatever certificate', async () => {
    const { port, secure } = await serve()
    await mailer(port).send(letter)
    expect(secure()).toEqual([true])
  })

  test('a mail goes out without it where it is not offered', async () => {
    const { port, secure } = await serve(WITHOUT)
    await mailer(port).send(letter)
    expect(secure()).toEqual([false])
  })

  test.each(BREAKS)(
    'a mail goes out without it, signed in, where it is offered and the server %s; that is told',
    async (how) => {
      const { port, sessions } = await broken(how)
      const told: string[] = []
      const sending = mailer(port, { ...SIGN_IN, onUnencrypted: (reason) => told.push(reason) })
      await sending.check()
      await sending.send(letter)
      expect(sessions.map(({ secure, user }) => [secure, user])).toEqual([[false, 'desk']])
      expect(told).toEqual([expect.stringMatching(/^[A-Z0-9_]+$/)])
    },
  )

  test('it is tried again after ten minutes, and not with every mail', async () => {
    const { port, connections } = await broken('454')
    let now = 0
    const sending = mailer(port, { clock: () => now })
    await sending.send(letter)
    const first = connections()
    await sending.send(letter)
    expect(connections()).toBe(first)
    now = 10 * 60_000
    await sending.send(letter)
    expect(connections()).toBeGreaterThan(first)
  })

  test('a password goes to no server that wants it encrypted only', async () => {
    const { port, sessions } = await broken('454', {
      authOptional: false,
      allowInsecureAuth: false,
      disabledCommands: ['AUTH'],
    })
    const error = await errorOf(mailer(port, SIGN_IN).send(letter))
    expect(error.message).toContain('email.tls')
    expect(sessions).toEqual([])
  })

  test.each(['destroy', 'resetAndDestroy'] as const)(
    'a server that hangs up on an encrypted session (%s) gets nothing in the clear',
    async (how) => {
      const seen: boolean[] = []
      const server = await serve({
        onMailFrom: (_address, session, done) => {
          seen.push(session.secure)
          done()
        },
        onRcptTo: () => server.hangUp(how),
      })
      expect(await errorOf(mailer(server.port).send(letter))).toMatchObject({ outage: true })
      expect(seen).toEqual([true])
    },
  )

  test('a mail that the server may have taken is not sent in the clear as well', async () => {
    const seen: boolean[] = []
    const server = await serve({
      onData: (stream, session) => {
        seen.push(session.secure)
        stream.resume()
      },
    })
    const proxy = await breakStartTls(server.port, '454', 1)
    closing.push(() => proxy.close())
    expect(await errorOf(mailer(proxy.port).send(letter))).toMatchObject({ handedOver: true })
    expect(seen).toEqual([true])
  })
})

describe('never', () => {
  test('STARTTLS is not used, although it is offered', async () => {
    const { port, secure } = await serve()
    await mailer(port, { tls: 'never' }).send(letter)
    expect(secure()).toEqual([false])
  })

  test.each(BREAKS)('a server whose STARTTLS is broken (%s) is no hindrance', async (how) => {
    const { port, sessions, connections } = await broken(how)
    await mailer(port, { ...SIGN_IN, tls: 'never' }).send(letter)
    expect(sessions.map(({ user }) => user)).toEqual(['desk'])
    expect(connections()).toBe(1)
  })
})

describe('implicit', () => {
  test('TLS is spoken from the start', async () => {
    const { port, secure } = await serve({ secure: true })
    await mailer(port, { tls: 'implicit', ca: read('ca') }).send(letter)
    expect(secure()).toEqual([true])
  })

  test('a server that speaks none there is told by the settings', async () => {
    const { port, sessions } = await serve()
    const error = await errorOf(mailer(port, { tls: 'implicit' }).send(letter))
    expect(error.permanent).toBe(false)
    expect(error.message).toContain('email.tls')
    expect(sessions).toEqual([])
  })
})

describe.each([
  ['required', {}],
  ['implicit', { secure: true }],
] as const)('the certificate, where TLS is %s', (tls, options) => {
  test('of an own CA is taken when verify_cert names it', async () => {
    const { port, secure } = await serve(options)
    await mailer(port, { tls, ca: read('ca') }).send(letter)
    expect(secure()).toEqual([true])
  })

  test('is looked at by name as well: mail.example.org is not localhost', async () => {
    const { port, sessions } = await serve({ ...options, cert: read('named'), key: read('named.key') })
    const error = await errorOf(mailer(port, { tls, host: 'localhost', ca: read('ca') }).send(letter))
    expect(error).toMatchObject({ permanent: false, outage: true })
    expect(error.message).toContain('email.host')
    expect(sessions).toEqual([])
  })

  test.each([
    ['the usual CAs', null],
    ['another CA', 'other'],
  ])('is refused by %s, and the setting is named', async (_, ca) => {
    const { port, sessions } = await serve(options)
    const error = await errorOf(mailer(port, { tls, ca: ca === null ? null : read(ca) }).send(letter))
    expect(error).toMatchObject({ permanent: false, outage: true })
    expect(error.message).toContain('email.verify_cert')
    expect(sessions).toEqual([])
  })

  test('is not looked at where verify_cert is false', async () => {
    const { port, secure } = await serve({ ...options, cert: read('named'), key: read('named.key') })
    await mailer(port, { tls, verifyCert: false }).send(letter)
    expect(secure()).toEqual([true])
  })
})

test.each(['required', 'if_offered', 'never'] as const)(
  'a server is greeted by the name of the site (%s)',
  async (tls) => {
    const { port, sessions } = await serve()
    await mailer(port, { tls, ca: read('ca') }).send(letter)
    expect(sessions.map(({ hostNameAppearsAs }) => hostNameAppearsAs)).toEqual(['register.example.org'])
  },
)

test('a server is reached by its IPv6 address, and named by it in brackets', async () => {
  const { port, secure } = await serve({}, '::1')
  await mailer(port, { host: '::1', tls: 'required', ca: read('ca') }).send(letter)
  expect(secure()).toEqual([true])
  expect((await errorOf(mailer(1, { host: '::1' }).send(letter))).message).toContain('[::1]:1')
})
