import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compose } from '$lib/server/app'
import { MailError } from '$lib/server/mail/mail'
import { aWorld, requested, type TestWorld } from '../support/world'
import { decideOnly } from '../support/decide'

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
