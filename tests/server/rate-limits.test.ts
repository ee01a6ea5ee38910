import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { codeOf } from '../support/code-of'
import {
  aBrowser,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'
import type { RunConfig } from '$lib/server/config/run-config'
import { HOUR } from '$lib/registration/time'

let world: TestWorld
const open = async (rateLimit: RunConfig['rateLimit']) => {
  world = await aWorld({ rateLimit })
}
const FEW = { emailSubmission: 1, emailSubmissionHours: 24, everybodyPerMinute: 1000 }
beforeEach(() => open(FEW))
afterEach(() => world.dispose())

const from = (clientAddress: string) => aBrowser(world.services, { clientAddress })
const check = (address: string, username = 'river') =>
  codeOf(from(address).api.registration.checkUsername({ username }))
async function times(count: number, call: () => Promise<string>): Promise<Set<string>> {
  const codes = new Set<string>()
  for (let done = 0; done < count; done++) codes.add(await call())
  return codes
}

describe('one network can only so often', () => {
  test('look names up, which others still can, and so can it after a day', async () => {
    expect(await times(200, () => check('2001:db8:1:2::1'))).toEqual(new Set(['done']))
    expect(await check('2001:db8:1:2:ffff::7')).toBe('too_many_tries')
    expect(await check('2001:db8:1:3::1')).toBe('done')
    const starting = from('2001:db8:1:2::3').api.registration.start({ username: 'x', email: 'x@mail.test' })
    expect(await codeOf(starting)).toBe('too_many_tries')
    world.pass(24 * HOUR)
    expect(await check('2001:db8:1:2::1')).toBe('done')
  })

  test('try links that nobody was sent, of mails and of their status page', async () => {
    const token = 'A'.repeat(43)
    const tries = from('203.0.113.9').api
    expect(await times(10, () => codeOf(tries.verification.confirm({ token })))).toEqual(
      new Set(['link_broken']),
    )
    expect(await times(10, () => codeOf(tries.registration.resume({ token })))).toEqual(
      new Set(['link_broken']),
    )
    expect(await codeOf(tries.verification.confirm({ token }))).toBe('too_many_tries')
    expect(await codeOf(from('203.0.113.10').api.verification.confirm({ token }))).toBe('link_broken')
  })
})

describe('what cannot be guessed is looked up first', () => {
  const unknown = (index: number) => `${index.toString(36).padStart(42, 'x')}A`

  test('600 made-up links refuse nobody a link of their own, in the very same network', async () => {
    await open({ ...FEW, everybodyPerMinute: 3 })
    const browser = aBrowser(world.services, { clientAddress: '203.0.113.9' })
    await browser.api.registration.start({ username: 'river', email: 'river@mail.test' })
    await world.drain()
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    const stranger = from('203.0.113.9').api
    const codes = await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        codeOf(
          index % 3 === 0
            ? stranger.registration.resume({ token: unknown(index) })
            : index % 3 === 1
              ? stranger.verification.confirm({ token: unknown(index) })
              : stranger.verification.renew({ token: unknown(index) }),
        ),
      ),
    )
    expect(codes.filter((code) => code === 'link_broken')).toHaveLength(20)
    expect(codes.filter((code) => code === 'too_many_tries')).toHaveLength(580)
    expect(await codeOf(browser.api.verification.look({ token }))).toBe('done')
    expect(await codeOf(browser.api.verification.confirm({ token }))).toBe('done')
    await browser.api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    await world.drain()
    const status = tokenIn(world.mailbox.last('river@mail.test', 'requested').link)
    expect(await codeOf(from('203.0.113.9').api.registration.resume({ token: status }))).toBe('done')
  })

  test('a link of one’s own works so often, wherever one comes from', async () => {
    await verified(world, 'river')
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    let host = 0
    const confirm = () => codeOf(from(`198.51.100.${++host}`).api.verification.confirm({ token }))
    expect(await times(19, confirm)).toEqual(new Set(['done']))
    expect(await confirm()).toBe('too_many_tries')
  })

  test('a link that ran out gets its new mail, whoever has asked for mails to that mailbox and from that network', async () => {
    const browser = from('203.0.113.9')
    await browser.api.registration.start({ username: 'river', email: 'river@mail.test' })
    await world.drain()
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    world.pass(25 * HOUR)
    await from('203.0.113.9').api.registration.sendLink({ email: 'river@mail.test' })
    expect(await codeOf(from('203.0.113.9').api.registration.sendLink({ email: 'x@mail.test' }))).toBe(
      'too_many_mails',
    )
    expect(await codeOf(browser.api.verification.renew({ token }))).toBe('done')
    expect(await codeOf(browser.api.verification.renew({ token }))).toBe('too_many_mails')
  })
})

describe('who has begun goes on, however many strangers come', () => {
  test('with another name and a password', async () => {
    await open({ ...FEW, emailSubmission: 2, everybodyPerMinute: 3 })
    const browser = await verified(world, 'river')
    const strangers = Array.from({ length: 120 }, (_, index) => check(`10.5.${index}.1`, `name${index}`))
    expect(new Set(await Promise.all(strangers))).toContain('too_many_tries')
    const look = browser.api.registration.checkUsername({ username: 'brook' })
    expect(await codeOf(look)).toBe('done')
    // They hold the first one: that is the answer, and no limit.
    const other = browser.api.registration.chooseUsername({ username: 'brook' })
    expect(await codeOf(other)).toBe('wrong_state')
    const ask = { password: PASSWORD, reason: REASON, legal: true }
    expect(await codeOf(browser.api.registration.request(ask))).toBe('done')
  })
})

test('a room that is full is told to moderators, and stands in the log once', async () => {
  await open({ emailSubmission: 1000, emailSubmissionHours: 24, everybodyPerMinute: 1 })
  const warned = vi.spyOn(world.services.log, 'warn')
  const moderator = await aModerator(world.services)
  expect(await moderator.api.moderation.crowds()).toEqual([])
  const since = world.now()
  const start = (number: number) =>
    codeOf(
      from(`10.6.${number}.1`).api.registration.start({
        username: `person${number}`,
        email: `person${number}@mail.test`,
      }),
    )
  const codes: string[] = []
  for (let number = 0; number < 5; number++) codes.push(await start(number))
  expect(codes).toEqual(['done', 'done', 'too_many_tries', 'too_many_tries', 'too_many_tries'])
  expect(await moderator.api.moderation.crowds()).toEqual([{ room: 'mail', since, last: since, refused: 3 }])
  expect(warned.mock.calls.filter(([details]) => 'room' in Object(details))).toHaveLength(1)
  world.pass(HOUR)
  expect(await moderator.api.moderation.crowds()).toEqual([])
})

describe('one mailbox gets only so many mails, however its address is written', () => {
  const ways = ['a.b@gmail.com', 'ab@gmail.com', 'A.B+x@googlemail.com', 'ab+y@gmail.com']
  let host = 0
  const network = () => from(`198.51.100.${++host}`)

  test('of those who begin', async () => {
    const begin = (email: string) =>
      codeOf(network().api.registration.start({ username: `person${host}`, email }))
    const codes: string[] = []
    for (const email of ways) codes.push(await begin(email))
    expect(codes).toEqual(['done', ...Array<string>(ways.length - 1).fill('too_many_mails')])
    expect(await begin('other+x@gmail.com')).toBe('done')
  })

  test('of those who lost their link', async () => {
    const codes: string[] = []
    for (const email of ways) codes.push(await codeOf(network().api.registration.sendLink({ email })))
    expect(codes).toEqual(['done', ...Array<string>(ways.length - 1).fill('too_many_mails')])
  })
})

test('one registration can only so often send a password, from wherever', async () => {
  const browser = await verified(world, 'river')
  const send = (address: string, password: string) => {
    const { api, jar } = from(address)
    for (const [name, value] of browser.jar) jar.set(name, value)
    return codeOf(api.registration.request({ password, reason: REASON, legal: true }))
  }
  for (let host = 1; host <= 10; host++)
    expect(await send(`198.51.100.${host}`, 'short')).toMatch(/^password_/)
  expect(await send('198.51.100.77', PASSWORD)).toBe('too_many_tries')
  world.pass(24 * HOUR)
  expect(await send('198.51.100.77', PASSWORD)).toBe('done')
})

test('one registration can only so often answer', async () => {
  await open({ ...FEW, emailSubmission: 2 })
  const { view, ...browser } = await requested(world, 'river')
  const { api } = await aModerator(world.services)
  const codes: string[] = []
  for (let round = 0; round <= 20; round++) {
    await api.conversation.ask({ id: view.id, text: `Question ${round}` })
    codes.push(await codeOf(browser.api.registration.answer({ text: `Answer ${round}` })))
  }
  expect(codes).toEqual([...Array<string>(20).fill('done'), 'too_many_tries'])
})

describe('all together can only so much in a minute', () => {
  test('and then have to wait for that minute, told so truly', async () => {
    await open({ emailSubmission: 1000, emailSubmissionHours: 24, everybodyPerMinute: 3 })
    const start = (number: number) =>
      codeOf(
        from(`198.51.100.${number}`).api.registration.start({
          username: `person${number}`,
          email: `person${number}@mail.test`,
        }),
      )
    for (const number of [1, 2, 3, 4, 5, 6]) expect(await start(number)).toBe('done')
    expect(await start(7)).toBe('too_many_tries')
    world.pass(60_000)
    expect(await start(7)).toBe('done')
  })

  test('but the first tries of a network have room of their own, whatever others use up', async () => {
    await open({ emailSubmission: 1000, emailSubmissionHours: 24, everybodyPerMinute: 3 })
    let tried = 0
    const start = (network: string) =>
      codeOf(
        from(network).api.registration.start({
          username: `person${++tried}`,
          email: `person${tried}@mail.test`,
        }),
      )
    const loud = await times(30, () => start('198.51.100.1'))
    expect(loud).toEqual(new Set(['done', 'too_many_tries']))
    const many = Array.from({ length: 60 }, () => check('198.51.100.2'))
    expect(new Set(await Promise.all(many))).toEqual(new Set(['done', 'too_many_tries']))
    expect(await check('198.51.100.3')).toBe('done')
    expect(await start('198.51.100.3')).toBe('done')
    expect(await start('198.51.100.3')).toBe('too_many_tries')
  })
})

test('the limits outlive a restart, and hold for two programs on one database', async () => {
  const other = world.another()
  const elsewhere = aBrowser(other, { clientAddress: '203.0.113.5' })
  expect(await times(100, () => check('203.0.113.5'))).toEqual(new Set(['done']))
  const codes = await times(100, () => codeOf(elsewhere.api.registration.checkUsername({ username: 'a' })))
  expect(codes).toEqual(new Set(['done']))
  expect(await check('203.0.113.5')).toBe('too_many_tries')
  await other.worker.stop(0)
})

test('whoever has to wait is told how long, in the answer itself', async () => {
  let wait = 0
  const { api } = aBrowser(world.services, { comeAgain: (seconds) => (wait = seconds) })
  await times(200, () => codeOf(api.registration.checkUsername({ username: 'river' })))
  expect(wait).toBe(0)
  expect(await codeOf(api.registration.checkUsername({ username: 'river' }))).toBe('too_many_tries')
  expect(wait).toBe(24 * 60 * 60)
})
