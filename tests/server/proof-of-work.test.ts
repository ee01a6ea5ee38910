import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, test } from 'vitest'
import type { HeldFor } from '$lib/moderation/held'
import { m } from '$lib/paraglide/messages'
import { LANGUAGES } from '$lib/registration/language'
import type { ProofMode } from '$lib/server/config/modes'
import { registrations } from '$lib/server/database/schema'
import { LINES } from '$lib/server/rate-limits/rate-limits'
import { createProofs, PROOF_MS, type ProofPurpose } from '$lib/server/intake/proof-of-work'
import { codeOf } from '../support/code-of'
import { solved } from '../support/proof'
import { email } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  tokenIn,
  requested,
  type TestWorld,
} from '../support/world'
import { HOUR, MINUTE } from '$lib/registration/time'

const TYPING_MS = 5_000

let world: TestWorld
const EVERYBODY = 100
/** So many newcomers without a proof get on within a minute, and as many others; and so many programs. */
const UNPROVED = LINES.unproved.share * EVERYBODY
const TRAPPED = LINES.trapped.share * EVERYBODY
const open = async (proofOfWork: ProofMode, emailSubmission = 1000) => {
  const { registration } = aConfig()
  const rateLimit = { emailSubmission, emailSubmissionHours: 24, everybodyPerMinute: EVERYBODY }
  world = await aWorld({ rateLimit, registration: { ...registration, proofOfWork } })
}
afterEach(() => world.dispose())

let networks = 0
/** A network that nobody came from. */
const elsewhere = () => {
  networks++
  return `10.${networks >> 8}.${networks & 255}.1`
}
const from = (clientAddress = elsewhere()) => aBrowser(world.services, { clientAddress }).api.registration

interface Sent {
  proof?: string
  trap?: string
  clientAddress?: string
  username?: string
}
let names = 0
/** What somebody hears who begins with this, and what it is held for. */
async function begin({ username = `tries${++names}`, clientAddress, ...sent }: Sent = {}) {
  const address = `${username}@mail.test`
  const said = await codeOf(from(clientAddress).start({ username, email: address, ...sent }))
  return { said, heldFor: await heldFor(address) }
}
async function heldFor(address: string): Promise<HeldFor[] | null> {
  const [row] = await world.database.read((reader) =>
    reader
      .select()
      .from(registrations)
      .where(eq(registrations.email, email(address))),
  )
  return row?.heldFor ?? null
}
const rows = () => world.database.read((reader) => reader.$count(registrations))

const form = async (purpose: ProofPurpose = 'start') => (await from().form({ purpose })).challenge
/** The form on the page that refused one with this proof. */
const formAfter = async (proof: string) => (await from().form({ purpose: 'start', proof })).challenge
/** Opens the newest link sent to an address. */
async function confirm(address: string): Promise<void> {
  await world.drain()
  const { link } = world.mailbox.last(address, 'verification')
  await aBrowser(world.services).api.verification.confirm({ token: tokenIn(link) })
}
/** A form that a browser worked on while somebody typed. */
async function worked(purpose: ProofPurpose = 'start'): Promise<string> {
  const carried = await form(purpose)
  world.pass(TYPING_MS)
  return solved(carried)
}
/** So many who begin, each from a network of their own. */
async function wave(starts = 31): Promise<void> {
  for (let start = 0; start < starts; start++) await begin({ proof: await aForm(world) })
  world.pass(TYPING_MS)
}

describe('with proof_of_work on', () => {
  test('who brings a proof gets on as if nothing was asked', async () => {
    await open('on')
    expect(await begin({ proof: await worked() })).toEqual({ said: 'done', heldFor: [] })
  })

  test('who brings none gets on, and is looked at more closely', async () => {
    await open('on')
    const unsolved = await form()
    world.pass(TYPING_MS)
    expect(await begin({ proof: unsolved })).toEqual({ said: 'done', heldFor: ['no_proof'] })
    expect(await begin()).toEqual({ said: 'done', heldFor: ['no_proof', 'too_fast'] })
  })

  test('a proof is good for one start, also when fifty come at once with it', async () => {
    await open('on')
    const proof = await worked()
    const all = await Promise.all(Array.from({ length: 50 }, () => begin({ proof })))
    expect(all.filter(({ said }) => said === 'done')).toEqual([{ said: 'done', heldFor: [] }])
    expect(all.filter(({ said }) => said === 'form_outdated')).toHaveLength(49)
    expect(await rows()).toBe(1)
    // Nor do they use up what people without JavaScript have.
    expect((await begin()).said).toBe('done')
  })

  test('a proof that was used stays used until it is too old', async () => {
    await open('on')
    const proof = await worked()
    await begin({ proof })
    for (const passed of [PROOF_MS - TYPING_MS, 1]) {
      world.pass(passed)
      expect(await begin({ proof })).toEqual({ said: 'form_outdated', heldFor: null })
    }
  })

  test('whose answer was lost sends the same form once more: they are asked to do so again, and are no bot', async () => {
    await open('on')
    const clientAddress = elsewhere()
    const sent = { username: 'river', proof: await worked(), clientAddress, trap: '' }
    await begin(sent)
    for (let pressed = 0; pressed < 3; pressed++) expect((await begin(sent)).said).toBe('form_outdated')
    const next = await solved(await formAfter(sent.proof))
    expect(await begin({ ...sent, proof: next })).toEqual({ said: 'done', heldFor: [] })
    await confirm('river@mail.test')
    expect(await heldFor('river@mail.test')).toEqual([])
  })

  test('one that is too old is told so, and changes nothing', async () => {
    await open('on')
    const proof = await worked()
    world.pass(PROOF_MS)
    const before = await rows()
    expect(await begin({ proof })).toEqual({ said: 'form_outdated', heldFor: null })
    expect(await rows()).toBe(before)
  })

  test('neither another purpose’s proof, nor another site’s, nor another’s solution, nor a changed one counts', async () => {
    await open('on')
    const others = createProofs({ secret: 'another secret', clock: world.now })
    const foreign = await solved(await others.make('start', true))
    const mine = await worked()
    const { solution } = JSON.parse(await worked())
    const swapped = JSON.stringify({ ...JSON.parse(mine), solution })
    const easier = JSON.stringify(JSON.parse(mine)).replace(/"keyPrefix":"[^"]+"/, '"keyPrefix":"00"')
    for (const proof of [await worked('link'), foreign, swapped, easier, '{}', 'nonsense', '\u0000'])
      expect((await begin({ proof })).heldFor, proof).toContain('no_proof')
    expect(await begin({ proof: mine })).toEqual({ said: 'done', heldFor: [] })
  })

  test('leaving it out is for few: one of a network in an hour, and not many of all in a minute', async () => {
    await open('on')
    const clientAddress = '2001:db8:1:2::1'
    expect((await begin({ clientAddress })).said).toBe('done')
    expect((await begin({ clientAddress: '2001:db8:1:2::ffff' })).said).toBe('too_many_unproved')
    const all = await Promise.all(Array.from({ length: 50 }, () => begin()))
    expect(all.filter(({ said }) => said === 'done')).toHaveLength(2 * UNPROVED - 1)
    expect(await rows()).toBe(2 * UNPROVED)
    // Who works for it is not hindered by them.
    expect(await begin({ proof: await worked(), clientAddress })).toEqual({ said: 'done', heldFor: [] })
    world.pass(HOUR)
    expect((await begin({ clientAddress })).said).toBe('done')
  })

  test('who fills in the hidden field does not use up what people without JavaScript have', async () => {
    await open('on')
    const all = await Promise.all(Array.from({ length: 50 }, () => begin({ trap: 'x' })))
    const through = all.filter(({ said }) => said === 'done')
    expect(through).toHaveLength(TRAPPED)
    expect(all.filter(({ said }) => said === 'too_many_unproved')).toHaveLength(50 - through.length)
    const people = await Promise.all(Array.from({ length: 50 }, () => begin()))
    expect(people.filter(({ said }) => said === 'done')).toHaveLength(2 * UNPROVED)
  })

  test('fifty-one requests send nobody without JavaScript away for an hour: who comes a minute later gets on', async () => {
    await open('on')
    const strangers = Array.from({ length: 51 }, (_, index) => begin({ trap: index % 2 === 0 ? 'x' : '' }))
    await Promise.all(strangers)
    world.pass(MINUTE)
    expect(await begin()).toEqual({ said: 'done', heldFor: ['no_proof', 'too_fast'] })
  })

  test('one customer, with all the subnets of a /48, takes few of the places of newcomers', async () => {
    await open('on')
    const subnets = Array.from({ length: 40 }, (_, index) => `2001:db8:7:${(index * 257).toString(16)}::1`)
    const said: string[] = []
    for (const clientAddress of subnets) said.push((await begin({ clientAddress })).said)
    expect(said.filter((word) => word === 'done')).toHaveLength(4)
    expect((await begin()).said).toBe('done')
  })

  test('who brings no proof takes no place of those who do, nor the other way round', async () => {
    await open('on')
    await Promise.all(Array.from({ length: 60 }, () => begin()))
    expect((await begin()).said).toBe('too_many_unproved')
    for (let person = 0; person < 3; person++)
      expect(await begin({ proof: await worked() })).toEqual({ said: 'done', heldFor: [] })
  })

  test('who has no mails left does not use up what others have without a proof', async () => {
    await open('on', 1)
    const clientAddress = elsewhere()
    await begin({ clientAddress, proof: await worked() })
    for (let again = 0; again < 2 * UNPROVED + 5; again++)
      expect((await begin({ clientAddress })).said).toBe('too_many_mails')
    expect((await begin()).said).toBe('done')
  })

  test('a lost link is asked for by the same rules, with a proof of its own', async () => {
    await open('on')
    const ask = (sent: Sent, clientAddress = elsewhere()) =>
      codeOf(from(clientAddress).sendLink({ email: `lost${++names}@mail.test`, ...sent }))
    const clientAddress = elsewhere()
    expect(await ask({}, clientAddress)).toBe('done')
    expect(await ask({}, clientAddress)).toBe('too_many_unproved')
    expect(await ask({ proof: await worked('start') }, clientAddress)).toBe('too_many_unproved')
    expect(await ask({ proof: await worked('link') }, clientAddress)).toBe('done')
  })

  test('of one that starts again, the time counts whose link is confirmed', async () => {
    await open('on')
    await begin({ username: 'again', trap: 'x' })
    expect(await heldFor('again@mail.test')).toEqual(['no_proof', 'trap', 'too_fast'])
    await begin({ username: 'again', proof: await worked() })
    expect(await heldFor('again@mail.test')).toEqual(['no_proof', 'trap', 'too_fast'])
    await confirm('again@mail.test')
    expect(await heldFor('again@mail.test')).toEqual([])
  })
})

describe('the hidden field and the minimum time', () => {
  test('mark, and refuse nobody', async () => {
    await open('off')
    expect(await begin({ proof: await form(), trap: 'https://spam.example' })).toEqual({
      said: 'done',
      heldFor: ['trap', 'too_fast'],
    })
    const slow = await form()
    world.pass(3_000)
    expect(await begin({ proof: slow })).toEqual({ said: 'done', heldFor: [] })
    // However long somebody takes.
    world.pass(PROOF_MS * 10)
    expect(await begin({ proof: slow })).toEqual({ said: 'done', heldFor: [] })
    expect(await begin({ proof: '' })).toEqual({ said: 'done', heldFor: ['too_fast'] })
  })

  test('a time cannot be made up', async () => {
    await open('off')
    const carried = await form()
    const earlier = carried.replace(String(world.now()), String(world.now() - HOUR))
    expect(earlier).not.toBe(carried)
    expect(await begin({ proof: earlier })).toEqual({ said: 'done', heldFor: ['too_fast'] })
  })
})

describe('who sends once more what is filled in already', () => {
  test('may be fast, after a form that was too old too', async () => {
    await open('on')
    const proof = await worked()
    world.pass(PROOF_MS)
    expect((await begin({ proof })).said).toBe('form_outdated')
    const next = await formAfter(proof)
    world.pass(1_000)
    expect(await begin({ proof: await solved(next) })).toEqual({ said: 'done', heldFor: [] })
  })

  test('may be fast after several refusals, and has as long as ever to do so', async () => {
    await open('on')
    let proof = await worked()
    for (let refused = 0; refused < 3; refused++) proof = await solved(await formAfter(proof))
    world.pass(PROOF_MS)
    expect(await begin({ proof })).toEqual({ said: 'done', heldFor: [] })
  })

  test('is too fast within the minimum time of the first form', async () => {
    await open('on')
    const first = await solved(await form())
    world.pass(1_000)
    const second = await solved(await formAfter(first))
    world.pass(1_000)
    const third = await solved(await formAfter(second))
    for (const proof of [first, second, third]) expect((await begin({ proof })).heldFor).toEqual(['too_fast'])
    world.pass(1_000)
    expect((await begin({ proof: await solved(await formAfter(third)) })).heldFor).toEqual([])
  })

  test('is too fast with a time from elsewhere, or none', async () => {
    await open('off')
    const others = createProofs({ secret: 'another secret', clock: () => world.now() - HOUR })
    const own = await form()
    const forged = own.replace(String(world.now()), String(world.now() - HOUR))
    const carried = (await formAfter(own)).replace(/"begunAt":\d+/, `"begunAt":${world.now() - HOUR}`)
    const added = own.replace('"madeAt"', `"begunAt":${world.now() - HOUR},"madeAt"`)
    expect(new Set([own, forged, carried, added]).size).toBe(4)
    const link = await form('link')
    world.pass(1_000)
    for (const earlier of [await others.make('start', false), forged, carried, added, 'nonsense', ''])
      expect((await begin({ proof: await formAfter(earlier) })).heldFor, earlier).toEqual(['too_fast'])
    for (const proof of [forged, carried, added])
      expect((await begin({ proof })).heldFor).toEqual(['too_fast'])
    world.pass(HOUR)
    expect((await begin({ proof: await formAfter(link) })).heldFor).toEqual(['too_fast'])
    expect((await begin({ proof: await formAfter('x'.repeat(20_000)) })).heldFor).toEqual(['too_fast'])
  })

  test('uses up a proof each time', async () => {
    await open('on')
    const proof = await worked()
    const next = await solved(await formAfter(proof))
    expect((await begin({ proof: next })).heldFor).toEqual([])
    expect(await begin({ proof: next })).toEqual({ said: 'form_outdated', heldFor: null })
    expect((await begin({ proof })).heldFor).toEqual([])
  })

  test('may be fast with the email’s own buttons, as there is nothing to type', async () => {
    await open('on')
    const address = 'resent@mail.test'
    await begin({ username: 'resent', proof: await worked() })
    expect((await begin({ username: 'resent', proof: await solved(await form()) })).said).toBe('done')
    await confirm(address)
    expect(await heldFor(address)).toEqual([])

    const lost = 'lost-link@mail.test'
    await begin({ username: 'lost-link', proof: await worked() })
    const proof = await solved(await form('link'))
    expect(await codeOf(from().sendLink({ email: lost, proof }))).toBe('done')
    await confirm(lost)
    expect(await heldFor(lost)).toEqual([])
  })

  test('does not lose other marks by that, nor the mark of a start that was too fast itself', async () => {
    await open('on')
    const again = async (username: string) => {
      await begin({ username, proof: await solved(await form()), trap: 'x' })
      await confirm(`${username}@mail.test`)
      return heldFor(`${username}@mail.test`)
    }
    await begin({ username: 'slow', proof: await worked() })
    expect(await again('slow')).toEqual(['trap'])
    await begin({ username: 'fast', proof: await solved(await form()) })
    expect(await again('fast')).toEqual(['trap', 'too_fast'])
    await begin({ username: 'slower', proof: await solved(await form()) })
    await begin({ username: 'slower', proof: await worked() })
    expect(await again('slower')).toEqual(['trap'])
  })
})

describe('with proof_of_work automatic', () => {
  test('nothing is asked until a wave is seen, and nothing after it', async () => {
    await open('automatic')
    expect(await from().form({ purpose: 'start' })).toMatchObject({ asked: false })
    await wave()
    expect(await from().form({ purpose: 'start' })).toMatchObject({ asked: true })
    expect((await begin({ proof: await worked() })).heldFor).toEqual([])
    expect((await begin()).heldFor).toEqual(['no_proof', 'too_fast'])
    world.pass(40 * MINUTE)
    expect(await from().form({ purpose: 'start' })).toMatchObject({ asked: false })
    expect(await begin({ proof: await aForm(world) })).toEqual({ said: 'done', heldFor: [] })
  })

  test('a form from before the wave is to be sent once more; it is no way around', async () => {
    await open('automatic')
    const before = await form()
    await wave()
    expect((await begin({ proof: before })).said).toBe('form_outdated')
    // The form may be seconds old.
    for (const locale of LANGUAGES)
      expect(m.proof_form_outdated({}, { locale })).not.toMatch(/long|lange|tiempo|طويل/)
    expect((await begin({ proof: await worked() })).heldFor).toEqual([])
  })

  test('one network makes no wave, whatever it tries', async () => {
    await open('automatic')
    for (let tried = 0; tried < 60; tried++) await begin({ clientAddress: '203.0.113.99' })
    world.pass(TYPING_MS)
    expect(await from().form({ purpose: 'start' })).toMatchObject({ asked: false })
  })

  test('a wave that is refused is still a wave', async () => {
    await open('automatic')
    await wave()
    for (let minute = 0; minute < 60; minute++) {
      for (let start = 0; start < 3; start++) await begin()
      world.pass(MINUTE)
    }
    expect(await from().form({ purpose: 'start' })).toMatchObject({ asked: true })
  })

  test('nor does one customer, with all the subnets of a /48', async () => {
    await open('automatic')
    for (let subnet = 0; subnet < 60; subnet++)
      await begin({ clientAddress: `2001:db8:7:${(subnet * 257).toString(16)}::1` })
    world.pass(TYPING_MS)
    expect(await from().form({ purpose: 'start' })).toMatchObject({ asked: false })
  })

  test('another process sees the same wave', async () => {
    await open('automatic')
    await wave()
    const other = aBrowser(world.another()).api.registration
    expect(await other.form({ purpose: 'start' })).toMatchObject({ asked: true })
  })
})

test('moderators see what a request is held for, in the list and beside it', async () => {
  await open('off')
  const username = 'river'
  const { view } = await requested(world, username)
  const moderator = await aModerator(world.services)
  const seen = async () => ({
    listed: (await moderator.api.moderation.queue({ tab: 'waiting' })).items.map((item) => item.heldFor),
    beside: (await moderator.api.signals.about({ id: view.id })).heldFor,
  })
  expect(await seen()).toEqual({ listed: [[]], beside: [] })
  const why: HeldFor[] = ['trap', 'too_fast']
  await world.database.write((tx) =>
    tx.update(registrations).set({ heldFor: why }).where(eq(registrations.id, view.id)),
  )
  expect(await seen()).toEqual({ listed: [why], beside: why })
})
