import { EventEmitter, once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leaseJob } from '$lib/server/database/jobs'
import { MailError } from '$lib/server/mail/mail'
import { aModerator, aWorld, requested, type TestWorld } from '../support/world'
import { decideOn } from '../support/decide'
import { HOUR, MINUTE } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

/** The mail server takes every mail, and its answers get lost. */
function loseAnswers(): void {
  const { send } = world.mailbox
  world.mailbox.send = async (letter) => {
    await send.call(world.mailbox, letter)
    throw new MailError('It was gone before it answered', { permanent: false, handedOver: true })
  }
}

async function denied() {
  const { view, email } = await requested(world, 'river')
  loseAnswers()
  await decideOn(world, view.id, 'deny')
  const { api } = await aModerator(world.services)
  const mail = async () => {
    const { jobs } = await api.moderation.registration({ id: view.id })
    const found = jobs.find(({ about }) => about === 'denied')
    if (found === undefined) throw new Error('There is no mail of the denial')
    return found
  }
  return { api, email, mail }
}

const letters = (email: string) =>
  world.mailbox.letters.filter(({ to, mail }) => to[0] === email && mail.kind === 'denied')

test('a mail whose answer was lost goes out once more under the same Message-ID, and then a moderator is asked', async () => {
  const { api, email, mail } = await denied()
  expect(await mail()).toMatchObject({ state: 'waiting' })
  world.pass(MINUTE)
  await world.drain()
  expect(await mail()).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('once, twice or not'),
  })
  world.pass(24 * HOUR)
  await world.drain()
  expect(letters(email)).toHaveLength(2)
  expect(new Set(letters(email).map(({ id }) => id)).size).toBe(1)

  await api.moderation.retryJob({ job: (await mail()).id })
  await world.drain()
  expect(letters(email)).toHaveLength(3)
})

test('a program that is killed in the middle of the same mail again and again does not send it again and again', async () => {
  const { view, email } = await requested(world, 'river')
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id: view.id })
  await api.moderation.decide({ id: view.id, version, decision: 'deny', message: '', silent: false })
  let taken = 0
  for (let life = 0; life < 6; life++) {
    const lease = { owner: `life ${life}`, now: world.now(), until: world.now() + MINUTE }
    const leased = await world.database.write((tx) =>
      leaseJob(tx, { ...lease, closed: ['homeserver', 'rooms'] }),
    )
    if (leased?.job?.kind === 'mail') taken++
    world.pass(2 * MINUTE)
  }
  expect(taken).toBe(6)
  await world.drain()
  expect(letters(email)).toHaveLength(0)
  const { jobs } = await api.moderation.registration({ id: view.id })
  expect(jobs.find(({ about }) => about === 'denied')).toMatchObject({ state: 'failed' })
})

test('a program that is stopped in the middle of the same mail again and again does not send it again and again', async () => {
  const { view, email } = await requested(world, 'river')
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id: view.id })
  const { send } = world.mailbox
  await api.moderation.decide({ id: view.id, version, decision: 'deny', message: '', silent: false })
  for (let life = 0; life < 4; life++) {
    const { worker } = world.another()
    const server = new EventEmitter()
    const begun = once(server, 'begun')
    world.mailbox.send = async (letter) => {
      await send.call(world.mailbox, letter)
      server.emit('begun')
      await once(server, 'hung up')
    }
    const drained = worker.drain()
    await Promise.race([begun, drained])
    await worker.stop(0)
    server.emit('hung up')
    await drained
  }
  expect(letters(email)).toHaveLength(2)
  const { jobs } = await api.moderation.registration({ id: view.id })
  expect(jobs.find(({ about }) => about === 'denied')).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('once, twice or not'),
  })
  // What is no email runs again as often as it must.
  expect(jobs.filter(({ kind }) => kind !== 'mail').map(({ state }) => state)).not.toContain('failed')
})
