import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  requested,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'
import { DAY, HOUR } from '$lib/registration/time'

/** Who knows an address begins with it as well: what came with a link counts when that link is confirmed. */
let world: TestWorld
beforeEach(async () => {
  world = await aWorld({ registration: { ...aConfig().registration, invitations: 'optional' } })
})
afterEach(() => world.dispose())

const EMAIL = 'river@mail.test'
const HERE = '203.0.113.7'
const ELSEWHERE = '198.51.100.9'

async function linkOf(of: { services: TestWorld['services'] } = world): Promise<string> {
  await of.services.worker.drain()
  return tokenIn(world.mailbox.last(EMAIL, 'verification').link)
}

async function starts(username: string, change: { invitation?: string; clientAddress?: string } = {}) {
  const browser = aBrowser(world.services, { clientAddress: change.clientAddress ?? HERE })
  const { invitation = '' } = change
  await browser.api.registration.start({ username, email: EMAIL, proof: await aForm(world), invitation })
  return { ...browser, token: await linkOf() }
}

/** A stranger knows the address, and fills in what people do not see. */
async function strangerStarts(username = 'mallory') {
  const browser = aBrowser(world.services, { clientAddress: ELSEWHERE, language: 'de' })
  await browser.api.registration.start({ username, email: EMAIL, trap: 'http://spam.test' })
  return { ...browser, token: await linkOf() }
}

async function aCode(): Promise<string> {
  const { api } = await aModerator(world.services, undefined, 'administrator')
  const { code } = await api.invitations.make({ note: '', uses: '', days: '', skipReview: false })
  return code
}

const row = async () => {
  const found = await world.database.read((reader) =>
    reader.all<Record<string, unknown>>(sql`select * from registrations where email = ${EMAIL}`),
  )
  return found[0] ?? {}
}
/** What a moderator and the mails after that go by. */
const own = async () => {
  const { username, language, client_address, network, held_for, invitation_id, state } = await row()
  return { username, language, client_address, network, held_for, invitation_id, state }
}

describe('a stranger begins with an address that somebody is registering with', () => {
  test('before the link is confirmed: nothing of that is what the owner confirms', async () => {
    const { api, token } = await starts('river')
    const before = await own()
    await strangerStarts()
    expect(await own()).toEqual(before)
    await api.verification.confirm({ token })
    expect(await own()).toEqual({ ...before, state: 'verified' })
    expect(before).toMatchObject({ username: 'river', language: 'en', client_address: HERE, held_for: '[]' })
  })

  test('before the owner does: nothing of that is left once the owner confirms their own link', async () => {
    await strangerStarts()
    const { api, token } = await starts('river')
    await api.verification.confirm({ token })
    expect(await own()).toEqual({
      username: 'river',
      language: 'en',
      client_address: HERE,
      network: '203.0.113.0/24',
      held_for: '[]',
      invitation_id: null,
      state: 'verified',
    })
  })

  test('and the owner confirms that one: it counts as it was made', async () => {
    await starts('river')
    const { api, token } = await strangerStarts()
    await api.verification.confirm({ token })
    expect(await own()).toMatchObject({
      username: 'mallory',
      language: 'de',
      client_address: ELSEWHERE,
      network: '198.51.100.0/24',
    })
    expect((await own()).held_for).toContain('trap')
  })

  test('an invitation stays with the link that it came by', async () => {
    const code = await aCode()
    const { api, token } = await starts('river', { invitation: code })
    const mail = world.mailbox.last(EMAIL, 'verification')
    expect(mail.invited).toBe(true)
    await strangerStarts()
    expect(world.mailbox.last(EMAIL, 'verification').invited).toBe(false)
    await api.verification.confirm({ token })
    expect((await own()).invitation_id).not.toBeNull()
  })

  test('an invitation of theirs is not the owner’s, nor lets them in while registration is closed', async () => {
    const { api, token } = await starts('river')
    const invited = await starts('mallory', { invitation: await aCode(), clientAddress: ELSEWHERE })
    const desk = await aModerator(world.services, undefined, 'administrator')
    await desk.api.intake.close({ message: { en: '', de: '' }, until: '' })
    expect(await codeOf(api.verification.confirm({ token }))).toBe('registration_closed')
    expect((await api.verification.look({ token })).opening.open).toBe(false)
    expect((await api.verification.look({ token: invited.token })).opening.open).toBe(true)
    await invited.api.verification.confirm({ token: invited.token })
    expect((await own()).invitation_id).not.toBeNull()
  })

  test('a link that ran out is renewed as it was', async () => {
    const { api, token } = await starts('river')
    world.pass(HOUR)
    await strangerStarts()
    world.pass(23 * HOUR)
    await api.verification.renew({ token })
    await api.verification.confirm({ token: await linkOf() })
    expect(await own()).toMatchObject({
      username: 'river',
      client_address: HERE,
      held_for: '[]',
      language: 'en',
    })
  })

  test('a link that is asked for again is for the name that was begun with there', async () => {
    await strangerStarts()
    const { api } = await starts('river', { clientAddress: '203.0.113.99' })
    await api.registration.sendLink({ email: EMAIL, proof: await aForm(world, 'link') })
    await api.verification.confirm({ token: await linkOf() })
    expect(await own()).toMatchObject({ username: 'river', held_for: '[]', language: 'en' })
  })

  test('and one that is asked for from elsewhere brings nothing of theirs but the name', async () => {
    await strangerStarts()
    const { api } = aBrowser(world.services, { clientAddress: HERE })
    await api.registration.sendLink({ email: EMAIL, proof: await aForm(world, 'link') })
    await api.verification.confirm({ token: await linkOf() })
    expect(await own()).toMatchObject({
      username: 'mallory',
      held_for: '[]',
      language: 'en',
      client_address: HERE,
    })
  })

  test('again and again: what was begun before does not stay for longer', async () => {
    await starts('river')
    for (let day = 0; day < 4; day++) {
      await strangerStarts(`mallory${day}`)
      world.pass(20 * HOUR)
      await world.services.scheduler.cleanUp({ dryRun: false })
      await world.drain()
    }
    expect((await row())['username']).not.toBe('river')
    world.pass(3 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await row()).toEqual({})
  })
})

describe.each(['verified', 'requested'] as const)('a stranger begins with an address that is %s', (state) => {
  test('nothing of it changes, and the mail about it is in its own language', async () => {
    await (state === 'verified' ? verified : requested)(world, 'river', EMAIL)
    const before = await row()
    const { api } = aBrowser(world.services, { clientAddress: ELSEWHERE, language: 'de' })
    await api.registration.start({ username: 'mallory', email: EMAIL, trap: 'x' })
    await api.registration.sendLink({ email: EMAIL, trap: 'x' })
    await world.drain()
    expect(await row()).toEqual(before)
    const mails = world.mailbox.letters.filter(({ mail }) => mail.kind === 'known_address')
    expect(mails.map(({ language }) => language)).toEqual(mails.map(() => 'en'))
    expect(mails.length).toBeGreaterThan(0)
  })
})

describe('what an older program wrote', () => {
  test('a link without what came with it takes what its registration says', async () => {
    const { api, token } = await starts('river')
    const before = await own()
    await world.database.write((tx) => tx.run(sql`update tokens set brought = null`))
    await api.verification.confirm({ token })
    expect(await own()).toEqual({ ...before, state: 'verified' })
  })

  test.each(['', '{', '[]', '{"language":"fr"}'])(
    'nor does a link break by what cannot be read: %s',
    async (text) => {
      const { api, token } = await starts('river')
      await world.database.write((tx) => tx.run(sql`update tokens set brought = ${text}`))
      expect(await api.verification.confirm({ token })).toMatchObject({ state: 'verified' })
    },
  )

  test('a mail that waits without it is sent, and its link works', async () => {
    const { api } = aBrowser(world.services)
    await api.registration.start({ username: 'river', email: EMAIL, proof: await aForm(world) })
    await world.database.write((tx) =>
      tx.run(
        sql`update jobs set payload = json_remove(payload, '$.clientAddress', '$.invitationId', '$.heldFor')`,
      ),
    )
    expect(await api.verification.confirm({ token: await linkOf() })).toMatchObject({ username: 'river' })
  })
})
