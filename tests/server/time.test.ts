import * as v from 'valibot'
import { afterEach, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import { tableText } from '../support/table-text'
import { decideOn } from '../support/decide'
import { username } from '../support/registration'
import {
  aBrowser,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
  anAdminRoom,
} from '../support/world'
import type { RunConfig } from '$lib/server/config/run-config'
import { DAY, HOUR } from '$lib/registration/time'

let world: TestWorld
afterEach(() => world.dispose())
const open = async (change: Partial<RunConfig> = {}) => (world = await aWorld(change))

describe('password after the approval', () => {
  const change = async () => {
    const base = await import('../support/world')
    return open({ registration: { ...base.aConfig().registration, password: 'after_approval' } })
  }

  test('no account exists before the decision; the link sets the password, and the account opens', async () => {
    await change()
    const applicant = await verified(world, 'river')
    expect(
      await applicant.api.registration.request({ password: '', reason: REASON, legal: false }),
    ).toMatchObject({ state: 'requested', account: 'none' })
    await world.drain()
    expect(await world.homeserver.account(username('river'))).toBeNull()
    await decideOn(world, applicant.view.id, 'approve', { message: 'Come in' })
    expect(await world.homeserver.account(username('river'))).toBeNull()
    const { link, message } = world.mailbox.last(applicant.email, 'set_password')
    expect(message).toBe('Come in')

    const phone = aBrowser(world.services)
    expect(await phone.api.registration.resume({ token: tokenIn(link) })).toMatchObject({
      awaitsPassword: true,
    })
    expect(await codeOf(phone.api.registration.setPassword({ password: 'short' }))).toBe('password_too_short')
    await phone.api.registration.setPassword({ password: PASSWORD })
    await world.drain()
    expect(await phone.api.registration.current()).toMatchObject({ state: 'completed', account: 'open' })
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(world.mailbox.kinds(applicant.email)).toEqual([
      'verification',
      'requested',
      'set_password',
      'approved',
    ])
    // The first one counts, and the page says so.
    expect(await phone.api.registration.setPassword({ password: 'another pass phrase' })).toMatchObject({
      repeated: true,
    })
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(await signInToMatrix(world, 'river', 'another pass phrase')).toBe('M_FORBIDDEN')
  })

  test('nobody sets a password before the approval, or after a denial', async () => {
    await change()
    const applicant = await verified(world, 'river')
    await applicant.api.registration.request({ password: '', reason: REASON, legal: false })
    expect(await codeOf(applicant.api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
    await decideOn(world, applicant.view.id, 'deny')
    expect(await codeOf(applicant.api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
    expect(await world.homeserver.account(username('river'))).toBeNull()
  })

  test('a link that is not used is reminded of once, and runs out with the name free again', async () => {
    await change()
    const applicant = await verified(world, 'river')
    await applicant.api.registration.request({ password: '', reason: REASON, legal: false })
    await decideOn(world, applicant.view.id, 'approve')
    const mails = () => world.mailbox.kinds(applicant.email).filter((kind) => kind === 'set_password').length
    for (const days of [6, 2, 2, 3]) {
      world.pass(days * DAY)
      await world.services.scheduler.remind()
      await world.services.scheduler.cleanUp({ dryRun: false })
      await world.drain()
    }
    expect(mails()).toBe(2)
    expect(await applicant.api.registration.current()).not.toBeNull()
    world.pass(DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await applicant.api.registration.current()).toBeNull()
    expect(
      await aBrowser(world.services).api.registration.checkUsername({ username: 'river' }),
    ).toMatchObject({ ok: true })
  })

  test('where the name was taken at the homeserver meanwhile, another one goes before a moderator again', async () => {
    await change()
    const applicant = await verified(world, 'river')
    await applicant.api.registration.request({ password: '', reason: REASON, legal: false })
    await decideOn(world, applicant.view.id, 'approve')
    await world.homeserver.claim(username('river'))
    expect(await codeOf(applicant.api.registration.setPassword({ password: PASSWORD }))).toBe('username_lost')
    expect(await applicant.api.registration.chooseUsername({ username: 'stone' })).toMatchObject({
      state: 'requested',
    })
    expect(await codeOf(applicant.api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
    await decideOn(world, applicant.view.id, 'approve')
    await applicant.api.registration.setPassword({ password: PASSWORD })
    await world.drain()
    expect(await signInToMatrix(world, 'stone')).toBe('in')
  })
})

describe('retention', () => {
  test('what the dry run lists is what the clean-up takes, and it leaves what is under way', async () => {
    await open()
    await aBrowser(world.services).api.registration.start({ username: 'started', email: 'started@mail.test' })
    const half = await verified(world, 'half')
    const denied = await requested(world, 'denied')
    await decideOn(world, denied.view.id, 'deny')
    const waiting = await requested(world, 'waiting')
    const done = await requested(world, 'done')
    await decideOn(world, done.view.id, 'approve')

    world.pass(3 * DAY)
    const { scheduler } = world.services
    const dry: string[] = []
    await scheduler.cleanUp({ dryRun: true, onGone: ({ username: name }) => dry.push(name) })
    expect(dry.sort()).toEqual(['half', 'started'])
    expect(await half.api.registration.current()).not.toBeNull()
    const gone: string[] = []
    await scheduler.cleanUp({ dryRun: false, onGone: ({ username: name }) => gone.push(name) })
    expect(gone.sort()).toEqual(dry)
    expect(await half.api.registration.current()).toBeNull()

    world.pass(28 * DAY)
    const later: string[] = []
    await scheduler.cleanUp({ dryRun: false, onGone: ({ username: name }) => later.push(name) })
    expect(later.sort()).toEqual(['denied', 'done'])
    expect(await waiting.api.registration.current()).toMatchObject({ state: 'requested' })
    expect(await world.homeserver.account(username('done'))).toMatchObject({ locked: false })
  })

  test('an account that was made and never asked for goes, and its name is free again', async () => {
    await open()
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"password"') ? 'cut' : undefined
    await codeOf(applicant.api.registration.request({ password: PASSWORD, reason: REASON, legal: false }))
    world.standIn.faults = undefined
    world.pass(3 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await world.drain()
    expect(await world.homeserver.account(username('river'))).toMatchObject({
      deactivated: true,
      locked: true,
    })
    expect(await requested(world, 'river', 'next@mail.test')).toMatchObject({ view: { state: 'requested' } })
  })

  test('the audit trail keeps what happened, and not to whom', async () => {
    await open()
    const applicant = await requested(world, 'verynoticeable')
    await decideOn(world, applicant.view.id, 'deny', { message: 'Words of a moderator' })
    world.pass(31 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: world.url, intMode: 'bigint' })
    const kept: string[] = []
    const tables = (await client.execute("select name from sqlite_master where type = 'table'")).rows
    for (const { name } of tables) {
      const text = await tableText(client, String(name))
      for (const personal of [applicant.email, REASON, 'café', 'cafe', '203.0.113.7', 'Words of a moderator'])
        if (text.includes(personal)) kept.push(`${String(name)}: ${personal}`)
    }
    const { rows } = await client.execute('select kind from events')
    client.close()
    expect(kept).toEqual([])
    expect(rows.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['started', 'verified', 'requested', 'denied', 'gone']),
    )
  })

  test('moderators are reminded of what waits for long, once a day, and not of what does not', async () => {
    await open()
    await requested(world, 'river')
    const reminders = () =>
      world.mailbox.letters.filter(({ mail }) => mail.kind === 'moderators_waiting' && mail.reminder).length
    world.pass(47 * HOUR)
    await world.services.scheduler.remind()
    await world.drain()
    expect(reminders()).toBe(0)
    for (const hours of [2, 1, 24]) {
      world.pass(hours * HOUR)
      await world.services.scheduler.remind()
      await world.drain()
    }
    expect(reminders()).toBe(2)
  })

  test.each([9, 23])(
    'looked at every hour from %i o’clock, moderators are reminded once in any 24 hours',
    async (hour) => {
      await open()
      world.pass((hour - new Date(world.now()).getUTCHours() + 24) * HOUR)
      await requested(world, 'river')
      world.pass(48 * HOUR)
      const at: number[] = []
      for (let hours = 0; hours < 26; hours++) {
        world.pass(HOUR)
        await world.services.scheduler.remind()
        const before = at.length
        await world.drain()
        const said = world.mailbox.letters.filter(
          ({ mail }) => mail.kind === 'moderators_waiting' && mail.reminder,
        )
        if (said.length > before) at.push(hours)
      }
      expect(at).toEqual([0, 24])
    },
  )
})

describe('notices', () => {
  const rooms = { adminRoom: anAdminRoom(), welcome: null }

  test('in the moderators’ room are gathered, and hold no address and no reason', async () => {
    await open({ matrixNotifications: rooms })
    for (const name of ['a1', 'b2', 'c3', 'd4', 'e5']) {
      await requested(world, name)
      world.pass(1000)
    }
    world.pass(61_000)
    await world.drain()
    const texts = messagesInModeratorsRoom()
    expect(texts).toHaveLength(2)
    expect(texts[0]).toContain('@a1:example.test')
    expect(texts[1]).toContain('5 requests are waiting')
    expect(texts.join()).not.toContain('mail.test')
    expect(texts.join()).not.toContain(REASON)
  })

  test('follow the operator’s template, braces in a reason included', async () => {
    await open({
      matrixNotifications: {
        adminRoom: anAdminRoom({ template: '{username} {reason} {admin_url}' }),
        welcome: null,
      },
    })
    const applicant = await verified(world, 'river')
    const reason = `I like {username} and {{braces}} a lot, honestly and truly.`
    const view = await applicant.api.registration.request({ password: PASSWORD, reason, legal: false })
    await world.drain()
    expect(messagesInModeratorsRoom()).toEqual([
      `river ${reason} https://register.example.test/admin/registrations/${view.id}`,
    ])
  })

  test('that new accounts join rooms by themselves is told once, with the remedy', async () => {
    await open()
    withAutoJoin(world)
    await requested(world, 'river')
    await requested(world, 'stone')
    const told = world.mailbox.letters.filter(({ mail }) => mail.kind === 'moderators_auto_join')
    expect(told).toHaveLength(1)
    const { api } = await aModerator(world.services)
    expect(await api.moderation.notices()).toMatchObject([{ key: 'auto_join_rooms' }])
  })
})

describe('the limit of mails', () => {
  test('counts for the network that asks and for the address it goes to, known or not', async () => {
    await open({ rateLimit: { emailSubmission: 2, emailSubmissionHours: 24, everybodyPerMinute: 100 } })
    const from = (clientAddress: string) => aBrowser(world.services, { clientAddress })
    const start = (clientAddress: string, email: string) =>
      codeOf(from(clientAddress).api.registration.start({ username: 'a', email }))
    expect(await start('203.0.113.1', 'victim@mail.test')).toBe('done')
    expect(await start('203.0.113.2', 'victim@mail.test')).toBe('done')
    expect(await start('203.0.113.3', 'Victim@Mail.test')).toBe('too_many_mails')
    expect(await codeOf(from('203.0.113.3').api.registration.sendLink({ email: 'victim@mail.test' }))).toBe(
      'too_many_mails',
    )
    expect(await start('2001:db8::1', 'a@mail.test')).toBe('done')
    expect(await start('2001:db8::2', 'b@mail.test')).toBe('done')
    expect(await start('2001:db8::3', 'c@mail.test')).toBe('too_many_mails')
    world.pass(25 * HOUR)
    expect(await start('203.0.113.3', 'victim@mail.test')).toBe('done')
  })
})

const contentSchema = v.object({ body: v.string() })

function messagesInModeratorsRoom(): string[] {
  const messages = world.standIn.room('#moderators:example.test')?.messages ?? []
  return messages.map(({ content }) => v.parse(contentSchema, content).body)
}

/** Synapse's own `auto_join_rooms`, as an operator would have set them. */
function withAutoJoin(of: TestWorld): void {
  of.standIn.faults = ({ path }) =>
    path.endsWith('/joined_rooms')
      ? { status: 200, body: { joined_rooms: ['!lobby:example.test'], total: 1 } }
      : undefined
}
