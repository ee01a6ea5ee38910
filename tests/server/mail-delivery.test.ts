import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MailError, type Letter } from '$lib/server/mail/mail'
import { decideOn } from '../support/decide'
import { username } from '../support/registration'
import { aBrowser, aModerator, aWorld, requested, tokenIn, verified } from '../support/world'
import type { TestWorld } from '../support/world'
import { DAY, HOUR, MINUTE } from '$lib/registration/time'

const unknown = new MailError('No such mailbox (550 5.1.1)', { permanent: true, blame: 'receiver' })
const out = new MailError('It could not be reached', { permanent: false, outage: true })
const ours = new MailError('It refuses our sender (553)', { permanent: false, blame: 'us', lasting: true })

const none = () => null

let world: TestWorld
let answer: (letter: Letter) => MailError | null
beforeEach(async () => {
  world = await aWorld()
  answer = () => null
  const { send } = world.mailbox
  world.mailbox.send = (letter) => {
    const refused = answer(letter)
    return refused === null ? send.call(world.mailbox, letter) : Promise.reject(refused)
  }
})
afterEach(() => world.dispose())

const visitor = (clientAddress = '203.0.113.7') => aBrowser(world.services, { clientAddress }).api
const standingOf = async (id: string | null) => (await visitor().registration.mail({ id: id ?? '' })).standing
const start = (name: string, email = `${name}@mail.test`) =>
  visitor().registration.start({ username: name, email })
async function live(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    world.pass(5_000)
    await world.drain()
  }
}

describe('who asked for a mail hears', () => {
  test('that it is being sent, and then that the server has taken it', async () => {
    const { mail } = await start('river')
    expect(await standingOf(mail)).toBe('being_sent')
    await world.drain()
    expect(await standingOf(mail)).toBe('sent')
  })

  test('that there is no such mailbox, also after another try', async () => {
    answer = () => unknown
    for (let press = 0; press < 2; press++) {
      const { mail } = await start('river')
      await world.drain()
      expect(await standingOf(mail)).toBe('refused')
    }
    answer = () => null
    const { mail } = await start('river', 'corrected@mail.test')
    await world.drain()
    expect(await standingOf(mail)).toBe('sent')
  })

  test.each([
    ['out', out],
    ['refusing us', ours],
  ])(
    'that it waits while the mail server is %s, each new one at once, and then that it was sent',
    async (_, error) => {
      answer = () => error
      world.mailbox.check = () => (answer === none ? Promise.resolve() : Promise.reject(out))
      const { mail } = await start('river')
      await world.drain()
      expect(await standingOf(mail)).toBe('waiting')
      await live(MINUTE)
      const { mail: later } = await start('lake')
      expect(await standingOf(later)).toBe('waiting')
      answer = none
      await live(2 * MINUTE)
      expect([await standingOf(mail), await standingOf(later)]).toEqual(['sent', 'sent'])
    },
  )

  test('that it may have arrived, as long as only its answer got lost', async () => {
    const lost = new MailError('It closed the connection', { permanent: false, handedOver: true })
    answer = () => lost
    const { mail } = await start('river')
    await world.drain()
    expect(await standingOf(mail)).toBe('unconfirmed')
    await live(2 * MINUTE)
    expect(await standingOf(mail)).toBe('unconfirmed')
    const { mail: other } = await start('lake')
    await world.drain()
    answer = () => null
    await live(2 * MINUTE)
    expect(await standingOf(other)).toBe('sent')
  })

  test('that it was given up', async () => {
    answer = () => new MailError('Something else', { permanent: true })
    const { mail } = await start('river')
    await world.drain()
    expect(await standingOf(mail)).toBe('failed')
  })

  test('nothing of a mail that is unknown, or no mail at all', async () => {
    expect(await standingOf('3f2504e0-4f89-41d3-9a0c-0305e82c3301')).toBeNull()
    expect(await standingOf('')).toBeNull()
  })

  test('of a new link in place of one that ran out', async () => {
    await start('river')
    await world.drain()
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    world.pass(30 * HOUR)
    answer = () => unknown
    const { mail } = await visitor().verification.renew({ token })
    await world.drain()
    expect(await standingOf(mail)).toBe('refused')
  })
})

describe('whether an address is known here is told by none of it', () => {
  /** One address of each kind, and one that nobody gave. */
  async function everyAddress(): Promise<string[]> {
    await start('begun')
    await verified(world, 'verified')
    await requested(world, 'waiting')
    await decideOn(world, (await requested(world, 'denied')).view.id, 'deny')
    await decideOn(world, (await requested(world, 'completed')).view.id, 'approve')
    await world.drain()
    return ['begun', 'verified', 'waiting', 'denied', 'completed', 'never-seen'].map(
      (kind) => `${kind}@mail.test`,
    )
  }
  const asks = {
    start: (email: string, index: number) =>
      visitor(`198.51.100.${index}`).registration.start({ username: `new-${index}`, email }),
    sendLink: (email: string, index: number) =>
      visitor(`198.51.100.${index}`).registration.sendLink({ email }),
  }

  test.each(['start', 'sendLink'] as const)('%s', async (how) => {
    const addresses = await everyAddress()
    for (const [error, ends] of [
      [null, ['being_sent', 'sent']],
      [unknown, ['being_sent', 'refused']],
      [out, ['being_sent', 'waiting']],
    ] as const) {
      for (const [index, email] of addresses.entries()) {
        answer = () => error
        const { mail } = await asks[how](email, index)
        const seen = [await standingOf(mail)]
        await world.drain()
        seen.push(await standingOf(mail))
        expect([email, seen]).toEqual([email, ends])
        expect(mail).toMatch(/^[0-9a-f-]{36}$/)
        answer = () => null
        await visitor(`198.51.100.${index + 50}`).registration.sendLink({ email: `other-${index}@mail.test` })
        await live(2 * MINUTE)
      }
      world.pass(HOUR)
    }
  })

  test('a mail that was put off before says nothing of the next one to the same person', async () => {
    const { email } = await verified(world, 'river')
    const putOff = new MailError('Mailbox full (452 4.2.2)', {
      permanent: false,
      blame: 'receiver',
      lasting: false,
    })
    answer = () => putOff
    await visitor().registration.sendLink({ email })
    await world.drain()
    answer = () => null
    const { mail } = await visitor().registration.sendLink({ email })
    expect(await standingOf(mail)).toBe('being_sent')
    await world.drain()
    expect(await standingOf(mail)).toBe('sent')
  })

  test('when it ended is told in steps', async () => {
    const { mail } = await start('river')
    world.pass(100)
    await world.drain()
    expect(await standingOf(mail)).toBe('being_sent')
    world.pass(150)
    expect(await standingOf(mail)).toBe('sent')
  })
})

describe('what was promised is kept', () => {
  test('the status page says that the last mail was refused, or waits', async () => {
    const { api } = await requested(world, 'river')
    expect(await api.registration.current()).toMatchObject({ mail: 'sent' })
    const moderator = await aModerator(world.services)
    const own = await api.registration.current()
    answer = () => unknown
    await moderator.api.conversation.ask({ id: own?.id ?? '', text: 'Whom do you know?' })
    await world.drain()
    expect(await api.registration.current()).toMatchObject({ mail: 'refused' })
  })

  test('a link that goes out days later works as long as its mail says, and nobody’s data goes before', async () => {
    answer = () => out
    await start('river')
    await live(MINUTE)
    world.pass(3 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    answer = () => null
    await live(MINUTE)
    const { link } = world.mailbox.last('river@mail.test', 'verification')
    world.pass(23 * HOUR)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await visitor().verification.confirm({ token: tokenIn(link) })).toMatchObject({
      state: 'verified',
    })
  })

  test('the command cleanup keeps whoever waits for a mail that nobody could try to send', async () => {
    answer = () => out
    world.mailbox.check = () => Promise.reject(out)
    await start('river')
    await live(MINUTE)
    await start('lake')
    world.pass(3 * DAY)
    const gone: string[] = []
    const { scheduler } = world.another()
    await scheduler.cleanUp({ dryRun: true, onGone: ({ username }) => gone.push(username) })
    await scheduler.cleanUp({ dryRun: false, onGone: ({ username }) => gone.push(username) })
    expect(gone).toEqual([])
  })

  describe('a request that came back to its applicant, who had waited for weeks', () => {
    async function returned(name = 'river') {
      const applicant = await requested(world, name)
      world.pass(20 * DAY)
      answer = () => out
      const { recordAccount } = world.services.accountLedger
      await recordAccount(null, { localpart: username(name), state: null }, [])
      await world.services.registrar.act(applicant.view.id, { type: 'account_missing' }, { kind: 'system' })
      await live(MINUTE)
      return applicant
    }
    const cleanUp = () => world.services.scheduler.cleanUp({ dryRun: false })

    test.each([0, 1, 3, 13])('stays until the email about it says, sent after %i days', async (days) => {
      const { api, email } = await returned()
      const since = world.now()
      world.pass(days * DAY)
      await cleanUp()
      answer = () => null
      await live(6 * HOUR)
      const { incomplete } = world.mailbox.last(email, 'known_address')
      const until = incomplete?.until ?? 0
      expect(Math.abs(until - since - 14 * DAY)).toBeLessThanOrEqual(MINUTE)
      world.pass(until - world.now() - 1)
      await cleanUp()
      expect(await api.registration.current()).toMatchObject({ state: 'verified' })
      world.pass(1)
      await cleanUp()
      expect(await api.registration.current()).toBeNull()
    })

    test('goes all the same where no email goes out', async () => {
      const { api } = await returned()
      world.pass(14 * DAY)
      await cleanUp()
      expect(await api.registration.current()).toBeNull()
    })
  })

  test('whoever confirmed and waits for an email is kept, and who does not is not', async () => {
    const { api, email } = await verified(world, 'river')
    const other = await verified(world, 'lake')
    answer = () => out
    await visitor().registration.sendLink({ email })
    await live(MINUTE)
    world.pass(3 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await api.registration.current()).toMatchObject({ state: 'verified' })
    expect(await other.api.registration.current()).toBeNull()
  })

  test('whoever does not come back is forgotten all the same, and so is who waits for ever', async () => {
    answer = () => out
    await start('river')
    await live(MINUTE)
    world.pass(15 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    const { api } = await aModerator(world.services)
    expect((await api.moderation.queue({ tab: 'all' })).items).toEqual([])
    answer = () => null
    await live(MINUTE)
    await start('lake')
    await world.drain()
    world.pass(2 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect((await api.moderation.queue({ tab: 'all' })).items).toEqual([])
  })

  describe('an invitation to the desk that expired while no mail went out is not sent any more', () => {
    async function invitedDuringOutage() {
      const ada = await aModerator(world.services, 'ada', 'administrator')
      const eve = await aModerator(world.services, 'eve', 'administrator')
      answer = () => out
      await eve.api.moderators.invite({ email: 'new@example.test', role: 'administrator' })
      await live(MINUTE)
      world.pass(8 * DAY)
      return { ada, eve }
    }
    async function letters() {
      answer = () => null
      await live(MINUTE)
      return world.mailbox.letters.filter(({ to }) => to.includes('new@example.test'))
    }

    test.each(['disabled', 'a moderator'])('where who invited is %s by now', async (now) => {
      const { ada, eve } = await invitedDuringOutage()
      if (now === 'disabled') await ada.api.moderators.setDisabled({ id: eve.id, disabled: true })
      else await ada.api.moderators.setRole({ id: eve.id, role: 'moderator' })
      expect(await letters()).toEqual([])
    })

    test('where a newer one took its place', async () => {
      const { ada } = await invitedDuringOutage()
      await ada.api.moderators.invite({ email: 'new@example.test', role: 'moderator' })
      expect((await letters()).map(({ mail }) => mail)).toMatchObject([
        { kind: 'invitation', role: 'moderator' },
      ])
    })
  })

  test('an invitation to the desk works for its days since it was sent, and its list says what became of the mail', async () => {
    const { api } = await aModerator(world.services, 'ada', 'administrator')
    answer = () => out
    await api.moderators.invite({ email: 'new@example.test', role: 'moderator' })
    await live(MINUTE)
    expect((await api.moderators.list()).invitations).toMatchObject([{ mail: 'waiting' }])
    world.pass(8 * DAY)
    answer = () => null
    await live(MINUTE)
    const { link, days } = world.mailbox.last('new@example.test', 'invitation')
    expect((await api.moderators.list()).invitations).toMatchObject([{ mail: 'sent' }])
    world.pass((days - 1) * DAY)
    expect(await visitor().moderators.invitation({ token: tokenIn(link) })).toMatchObject({
      role: 'moderator',
    })
    answer = () => unknown
    await api.moderators.invite({ email: 'gone@example.test', role: 'moderator' })
    const { mail } = await api.account.askAddress({ email: 'mistyped@example.test' })
    await world.drain()
    expect((await api.moderators.list()).invitations.map((one) => one.mail)).toContain('refused')
    expect(await standingOf(mail)).toBe('refused')
  })
})
