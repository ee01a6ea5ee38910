import { afterEach, beforeEach, expect, it } from 'vitest'
import { aModerator, aWorld, type TestWorld } from '../../tests/support/world'
import { compose } from '$lib/server/app'
import { askForAccounts, LinkCatcher } from './requests'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

it('fills the desk: nine wait, one is in, one was denied with a word, and one is in trouble until it is retried', async () => {
  let ago = 0
  const { database, homeserver, config, mailbox, standIn } = world
  const mailer = new LinkCatcher(mailbox)
  const clock = () => world.now() - ago
  const services = compose(config, {
    ...world.services,
    database,
    homeserver,
    mailer,
    clock,
    random: () => 0.5,
  })
  const { id, api } = await aModerator(services, 'demo')
  await askForAccounts(
    {
      services,
      standIn,
      mailer,
      setClock: (set) => (ago = set),
      moderator: { id, username: 'demo', role: 'administrator', shortcuts: true },
    },
    'a pass phrase of some length',
  )
  const { items, counts } = await api.moderation.queue({ tab: 'decided' })
  expect(items.map(({ username, state, trouble }) => [username, state, trouble])).toEqual([
    ['seo-expert-88', 'denied', false],
    ['gartenfee', 'approved', true],
    ['quietkeys', 'completed', false],
  ])
  expect(counts).toMatchObject({ waiting: 9, trouble: 1 })
  expect(mailbox.last('seo-expert-88@mail.example', 'denied')).toMatchObject({
    message: expect.stringContaining('advertising'),
  })

  const stuck = await api.moderation.registration({ id: items[1]?.id ?? '' })
  const failed = stuck.jobs.find(({ state }) => state === 'failed')
  expect(failed).toMatchObject({ kind: 'open_account', error: expect.stringContaining('A module') })
  await api.moderation.retryJob({ job: failed?.id ?? '' })
  await services.worker.drain()
  expect((await api.moderation.queue({ tab: 'trouble' })).items).toEqual([])
  await services.worker.stop(0)
})
