import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { simpleParser, type ParsedMail } from 'mailparser'
import { pino } from 'pino'
import { SMTPServer } from 'smtp-server'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { compose } from '$lib/server/app'
import type { MailTls } from '$lib/server/config/modes'
import { createMailer } from '$lib/server/mail/mailer'
import { aModerator, aWorld, requested, type TestWorld } from '../support/world'
import { freePort } from '../support/site'

/**
 * Everything that can go wrong with a mail server while a decision is mailed: what moderators see meanwhile, where it
 * ends when the server is itself again, and how often the mail was taken.
 */
type Fault =
  | 'down'
  | '421 at the greeting'
  | '450 for the receiver (greylisting)'
  | '451 after the mail'
  | '452 disk full'
  | '550 for the receiver'
  | '553 for the sender, said of the receiver'
  | '550 for the sender'
  | '554 relay denied'
  | '550 daily limit'
  | '554 after the mail'
  | '554 at the greeting'
  | 'TLS refused'
  | 'sign-in refused'
  | '421 for the receiver'
  | '530 for the sender'
  | 'hung up before the mail'
  | 'taken, and the answer lost'
  | 'silent'

const OUTAGE = 'shown as an outage; then sent'
const WAITS = 'waits, with the reason; then sent'
const FAILS = 'fails, with the reason; then sent by a moderator’s retry'
const ENDS: Record<Fault, [end: string, taken: number]> = {
  down: [OUTAGE, 1],
  '421 at the greeting': [OUTAGE, 1],
  '450 for the receiver (greylisting)': [WAITS, 1],
  '451 after the mail': [WAITS, 1],
  '452 disk full': [WAITS, 1],
  '550 for the receiver': [FAILS, 1],
  // All of these are about us: the operator mends it, and the mail goes out by itself.
  '553 for the sender, said of the receiver': [OUTAGE, 1],
  '550 for the sender': [OUTAGE, 1],
  '554 relay denied': [OUTAGE, 1],
  '550 daily limit': [OUTAGE, 1],
  '554 after the mail': [OUTAGE, 1],
  '554 at the greeting': [OUTAGE, 1],
  'TLS refused': [OUTAGE, 1],
  'sign-in refused': [OUTAGE, 1],
  // Of these, it greets and signs us in, and takes no mail.
  '421 for the receiver': [OUTAGE, 1],
  '530 for the sender': [OUTAGE, 1],
  'hung up before the mail': [OUTAGE, 1],
  // The server may have taken the first: one copy under the same Message-ID, rather than none.
  'taken, and the answer lost': [WAITS, 2],
  silent: [OUTAGE, 1],
}

const table: string[][] = []
let world: TestWorld
let smtp: Awaited<ReturnType<typeof startSmtp>>
const closing: (() => unknown)[] = []
beforeEach(async () => {
  world = await aWorld()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await world.dispose()
})
afterAll(() => {
  console.log('\nFaults of the mail server:')
  for (const line of table) console.log(`  ${line.join(' | ')}`)
})

/** What is answered to RCPT TO. */
const AT_RECEIVER: Partial<Record<Fault, [code: number, words: string]>> = {
  '421 for the receiver': [421, '4.7.0 Too many emails, closing connection'],
  '450 for the receiver (greylisting)': [450, 'Greylisted, try again'],
  '550 for the receiver': [550, 'No such user'],
  '553 for the sender, said of the receiver': [553, '5.7.1 <desk@example.test>: Sender address rejected'],
  '554 relay denied': [554, '5.7.1 Relay access denied'],
  '550 daily limit': [550, '5.4.5 Daily sending limit exceeded'],
}
/** What is answered to the mail. */
const AT_MAIL: Partial<Record<Fault, [code: number, words: string]>> = {
  '451 after the mail': [451, 'Try again later'],
  '452 disk full': [452, 'Insufficient system storage'],
  '554 after the mail': [554, '5.7.1 This message looks like spam'],
}

const refuse = (responseCode: number, words: string) => Object.assign(new Error(words), { responseCode })

/** A real SMTP server that does what `fault` says, on one port for its whole life. */
async function startSmtp() {
  const port = await freePort()
  const taken: ParsedMail[] = []
  let fault: Fault | null = null
  let checkMs = 0
  let server: SMTPServer | Server
  const sockets = new Set<Socket>()

  async function open(): Promise<void> {
    if (fault === 'silent') {
      const silent = createServer()
      server = silent
      silent.on('connection', (socket) => sockets.add(socket))
      silent.listen(port, '127.0.0.1')
      await once(silent, 'listening')
      return
    }
    const made = new SMTPServer({
      authOptional: true,
      allowInsecureAuth: true,
      disabledCommands: fault === 'TLS refused' ? ['STARTTLS'] : [],
      onConnect: (_session, done) => {
        if (fault === '554 at the greeting') return done(refuse(554, '5.7.1 Blocked'))
        return done(fault === '421 at the greeting' ? refuse(421, 'Too many connections') : null)
      },
      onMailFrom: (_address, _session, done) =>
        done(
          fault === '550 for the sender'
            ? refuse(550, '5.1.8 Sender domain does not exist')
            : fault === '530 for the sender'
              ? refuse(530, '5.7.0 Authentication required')
              : null,
        ),
      onAuth: (_auth, _session, done) =>
        fault === 'sign-in refused' ? done(refuse(535, 'Bad credentials')) : done(null, { user: 'desk' }),
      onRcptTo: (_address, _session, done) => {
        if (fault === 'hung up before the mail') return hangUp()
        const refusal = fault === null ? undefined : AT_RECEIVER[fault]
        return done(refusal === undefined ? null : refuse(...refusal))
      },
      onData: (stream, _session, done) => {
        void simpleParser(stream).then((mail) => {
          const refusal = fault === null ? undefined : AT_MAIL[fault]
          if (refusal !== undefined) return done(refuse(...refusal))
          taken.push(mail)
          if (checkMs > 0) return setTimeout(done, checkMs)
          return fault === 'taken, and the answer lost' ? hangUp() : done()
        }, done)
      },
    })
    server = made
    made.on('error', () => undefined)
    made.server.on('connection', (socket: Socket) => sockets.add(socket))
    made.listen(port, '127.0.0.1')
    await once(made.server, 'listening')
  }

  function hangUp(): void {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }

  async function shut(): Promise<void> {
    hangUp()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  await open()
  return {
    port,
    taken,
    /** How long it takes to check a mail that it has, before it says that it takes it. */
    check(ms: number): void {
      checkMs = ms
    },
    async set(next: Fault | null): Promise<void> {
      const before = fault
      if (before !== 'down') await shut()
      fault = next
      if (next !== 'down') await open()
    },
    async close(): Promise<void> {
      if (fault !== 'down') await shut()
    },
  }
}

for (const fault of Object.keys(ENDS) as Fault[])
  test(fault, async () => {
    smtp = await startSmtp()
    closing.push(() => smtp.close())
    const { view, email } = await requested(world, 'river')
    const settings = {
      ...world.config.email,
      port: smtp.port,
      username: 'desk',
      password: 'secret',
      // Only where the server says nothing is it waited for; elsewhere a busy machine is no fault of the server.
      timeout: fault === 'silent' ? 300 : 5_000,
    }
    /** The program, as it starts with these settings. */
    const begin = async (tls: MailTls) => {
      const mailer = createMailer({ ...settings, tls, site: { ...world.config.site, logoUrl: null } })
      closing.push(() => mailer.close())
      const { database, homeserver, now: clock } = world
      const log = pino({ level: 'silent' })
      const made = compose(world.config, { database, homeserver, mailer, clock, random: () => 0.5, log })
      await made.outages.resume()
      return made
    }
    let services = await begin(fault === 'TLS refused' ? 'required' : 'if_offered')
    const live = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 5_000) {
        world.pass(5_000)
        await services.worker.drain()
      }
    }
    const { api } = await aModerator(services)
    const job = async () => {
      const { jobs } = await api.moderation.registration({ id: view.id })
      return jobs.find(({ about }) => about === 'denied')
    }

    await smtp.set(fault)
    const { version } = await api.moderation.registration({ id: view.id })
    await api.moderation.decide({
      id: view.id,
      version,
      decision: 'deny',
      message: '',
      silent: false,
    })
    await services.worker.drain()
    const first = await job()
    expect(first?.error?.length ?? 0, 'the reason is told').toBeGreaterThan(20)
    if (fault !== 'taken, and the answer lost') await live(60_000)
    const [outage] = await api.moderation.outages()
    const shown =
      outage !== undefined
        ? 'shown as an outage'
        : (await job())?.state === 'failed'
          ? 'fails, with the reason'
          : 'waits, with the reason'

    await smtp.set(null)
    // No certificate of this server can be trusted: the operator sets email.tls to if_offered, and starts again.
    if (fault === 'TLS refused') services = await begin('if_offered')
    const { id } = first ?? { id: '' }
    if (shown.startsWith('fails')) await api.moderation.retryJob({ job: id })
    await live(180_000)
    expect(await job()).toMatchObject({ state: 'done', error: null })
    expect(await api.moderation.outages()).toEqual([])
    const end = `${shown}; then sent${shown.startsWith('fails') ? ' by a moderator’s retry' : ''}`
    const copies = smtp.taken.filter(({ to }) => JSON.stringify(to).includes(email))
    expect(new Set(copies.map(({ messageId }) => messageId)).size).toBe(1)
    table.push([fault, end, `taken ${copies.length}×`])
    expect([end, copies.length]).toEqual(ENDS[fault])
    await services.worker.stop(0)
  })

test('a server that takes longer over the content than over all else gets each mail once', async () => {
  smtp = await startSmtp()
  closing.push(() => smtp.close())
  smtp.check(1_600)
  const { email, site } = world.config
  const settings = { ...email, port: smtp.port, username: null, password: null, timeout: 1_000 }
  const mailer = createMailer({ ...settings, tls: 'never', site: { ...site, logoUrl: null } })
  closing.push(() => mailer.close())
  await mailer.send({
    to: ['river@mail.test'],
    language: 'en',
    mail: { kind: 'requested', matrixId: '@river:example.test', link: 'https://example.test/x' },
    id: 'one',
  })
  expect(smtp.taken).toHaveLength(1)
})
