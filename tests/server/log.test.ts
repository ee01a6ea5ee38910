import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { accept } from '$lib/registration/refusal'
import { compose } from '$lib/server/app'
import { MailError } from '$lib/server/mail/mail'
import { createSetUp } from '$lib/server/doctor/set-up'
import { decideOnly } from '../support/decide'
import { aMailServer } from '../support/doctor-world'
import { email } from '../support/registration'
import { aConfig, aWorld, requested, type TestWorld } from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

test('a mail server that names the receiver is quoted at the desk in full, and in the log without the address', async () => {
  const applicant = await requested(world, 'river')
  let lines = ''
  const log = pino(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines += chunk.toString()
        done()
      },
    }),
  )
  const { database, homeserver, config, mailbox, now } = world
  const services = compose(config, {
    database,
    homeserver,
    mailer: mailbox,
    clock: now,
    random: () => 0.5,
    log,
  })
  const words = 'mx.test refuses this mail for good (550 <river@mail.test>: unknown)'
  mailbox.refuse = new MailError(words, { permanent: true })
  const api = await decideOnly({ services }, applicant.view.id, 'approve')
  await services.worker.drain()
  const { jobs } = await api.moderation.registration({ id: applicant.view.id })
  expect(jobs.find(({ state }) => state === 'failed')?.error).toBe(words)
  expect(lines).toContain('mx.test refuses this mail for good (550 <[address]>: unknown)')
  expect(lines).not.toContain('river@mail.test')
  await services.worker.stop(0)
})

test.each(['5.7.1 <anna@post.test>: Relay access denied', '5.7.1 Relaying to post.test denied for "anna"'])(
  'where a test email should have gone is on the page, and not in the log: %s',
  async (words) => {
    const refused = Object.assign(new Error(words), { responseCode: 554 })
    const port = await aMailServer({ onRcptTo: (_, __, done) => done(refused) })
    const config = aConfig()
    const lines: string[] = []
    const setUp = createSetUp({
      config: { ...config, email: { ...config.email, port } },
      program: 'synapse-registration',
      database: world.database,
      mails: { take: () => Promise.resolve(accept(null)) },
      clock: world.now,
      log: pino({ base: null }, { write: (line) => void lines.push(line) }),
    })
    const tested = await setUp.sendTestMail(email('anna@post.test'), 'ada')
    expect(JSON.stringify(tested)).toContain(words.slice(0, 5))
    expect(lines).toEqual([expect.stringContaining('A test email was not sent: ')])
    expect(lines.join('')).toContain('554 5.7.1')
    expect(lines.join('')).not.toMatch(/anna|post\.test/)
  },
)
