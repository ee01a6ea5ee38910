import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { afterEach, describe, expect, test } from 'vitest'
import { decideOn } from '../support/decide'
import { copyDatabase } from '../support/restore'
import { email, username } from '../support/registration'
import {
  aConfig,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  aBrowser,
  type TestWorld,
  anAdminRoom,
} from '../support/world'
import { findRoomNotices } from '$lib/server/database/room-notices'
import type { RunConfig } from '$lib/server/config/run-config'

const settings = v.safeParse(
  v.object({
    SYNAPSE_URL: v.string(),
    SYNAPSE_DOMAIN: v.string(),
    SYNAPSE_ADMIN_TOKEN: v.string(),
    SYNAPSE_FORM_SECRET: v.string(),
    SYNAPSE_CONSENT_VERSION: v.string(),
    SYNAPSE_AUTOJOIN_ROOM: v.string(),
    SYNAPSE_ADMIN_ROOM: v.string(),
  }),
  process.env,
)

/** Messages as the client-server API tells them, with the newest change of each. */
const contentSchema = v.object({
  body: v.optional(v.string()),
  'm.new_content': v.optional(v.unknown()),
  'm.relates_to': v.optional(v.unknown()),
})
const roomSchema = v.object({
  chunk: v.array(
    v.object({
      event_id: v.string(),
      content: contentSchema,
      unsigned: v.optional(
        v.object({
          'm.relations': v.optional(
            v.object({ 'm.replace': v.optional(v.object({ content: contentSchema })) }),
          ),
        }),
      ),
    }),
  ),
})

let world: TestWorld
afterEach(() => world.dispose())
const newName = () => `way-${randomUUID().slice(0, 12)}`

/** The whole way, with nothing between this program and a real Synapse. */
describe.runIf(settings.success)('on a real Synapse', () => {
  async function open(change: Partial<RunConfig> = {}) {
    if (!settings.success) throw new Error('No Synapse')
    const {
      SYNAPSE_URL: url,
      SYNAPSE_DOMAIN: domain,
      SYNAPSE_ADMIN_TOKEN: token,
      SYNAPSE_FORM_SECRET: formSecret,
    } = settings.output
    world = await aWorld({ synapse: { ...aConfig().synapse, domain }, ...change }, undefined, {
      url,
      domain,
      token,
      formSecret,
    })
    return settings.output
  }

  test('approved: locked until then, then open, with address, consent, rooms and welcome; every mail sent', async () => {
    const synapse = await open()
    await world.dispose()
    await open({
      autoJoin: [synapse.SYNAPSE_AUTOJOIN_ROOM],
      legal: [{ title: 'Rules', url: 'https://example.test/rules' }],
      consent: { version: synapse.SYNAPSE_CONSENT_VERSION, formSecret: synapse.SYNAPSE_FORM_SECRET },
      matrixNotifications: {
        adminRoom: anAdminRoom({ room: synapse.SYNAPSE_ADMIN_ROOM }),
        welcome: { room: null, template: 'Welcome {username}' },
      },
    })
    const name = newName()
    const applicant = await requested(world, name)
    expect(await signInToMatrix(world, name)).toBe('M_USER_LOCKED')
    const view = await decideOn(world, applicant.view.id, 'approve', { message: 'Hello' })
    expect(view.jobs.map((job) => [job.kind, job.state, job.error])).toEqual([
      ['mail', 'done', null],
      ['mail', 'done', null],
      ['open_account', 'done', null],
      ['consent', 'done', null],
      ['mail', 'done', null],
      ['bind_address', 'done', null],
      ['join_room', 'done', null],
      ['welcome', 'done', null],
    ])
    expect(await signInToMatrix(world, name)).toBe('in')
    const account = await world.homeserver.account(username(name))
    expect(account).toMatchObject({
      locked: false,
      addresses: [applicant.email],
      consentVersion: synapse.SYNAPSE_CONSENT_VERSION,
    })
    expect(await world.homeserver.joinedRooms(username(name))).toContain(synapse.SYNAPSE_AUTOJOIN_ROOM)
  })

  test("what the moderators' room is told of a request says what became of it", async () => {
    const { SYNAPSE_ADMIN_ROOM: room, SYNAPSE_ADMIN_TOKEN: token } = await open()
    await world.dispose()
    await open({
      matrixNotifications: {
        adminRoom: anAdminRoom({ room, template: '{username}: {reason}' }),
        welcome: null,
      },
    })
    const name = newName()
    const applicant = await requested(world, name)
    await decideOn(world, applicant.view.id, 'deny')
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=20`
    const response = await fetch(world.homeserverUrl + path, {
      headers: { authorization: `Bearer ${token}` },
    })
    const { chunk } = v.parse(roomSchema, await response.json())
    const about = chunk.find(({ content }) => content.body === `${name}: ${REASON}`)
    // Bundled by the homeserver, so it counts as a change of that message and not as another one.
    const edit = about?.unsigned?.['m.relations']?.['m.replace']?.content
    expect(edit?.['m.relates_to']).toEqual({ rel_type: 'm.replace', event_id: about?.event_id })
    expect(edit?.['m.new_content']).toEqual({
      msgtype: 'm.text',
      'm.mentions': {},
      body: expect.stringMatching(
        new RegExp(`^❌ Denied by \\S+\n@${name}:\\S+ requested an account: \\S+$`),
      ),
    })
  })

  test('what moderators tap and read there stands as long as a request waits, and again after an undo', async () => {
    const { SYNAPSE_ADMIN_ROOM: room, SYNAPSE_ADMIN_TOKEN: token } = await open()
    await world.dispose()
    await open({
      matrixNotifications: {
        adminRoom: anAdminRoom({ room, decide: 'reactions', details: true }),
        welcome: null,
      },
      moderation: { ...aConfig().moderation, undoMs: 20_000 },
    })
    const { view } = await requested(world, newName())
    const [notice] = await world.database.read((reader) => findRoomNotices(reader, view.id))
    const root = encodeURIComponent(notice?.eventId ?? expect.unreachable())
    const standing = async (relation: 'm.annotation' | 'm.thread') => {
      const path = `/_matrix/client/v1/rooms/${encodeURIComponent(room)}/relations/${root}/${relation}?dir=f`
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(world.homeserverUrl + path, { headers })
      return JSON.stringify(v.parse(v.object({ chunk: v.array(v.unknown()) }), await response.json()).chunk)
    }
    const shown = async () => {
      const [reactions, thread] = [await standing('m.annotation'), await standing('m.thread')]
      return [reactions.includes('✅'), reactions.includes('❌'), thread.includes(REASON)]
    }
    expect(await shown()).toEqual([true, true, true])
    await decideOn(world, view.id, 'deny')
    expect(await shown()).toEqual([false, false, false])
    const { api } = await aModerator(world.services, undefined, 'administrator')
    await api.moderation.undo({ id: view.id })
    await world.drain()
    expect(await shown()).toEqual([true, true, true])
  })

  test('denied: the account is gone, and the name serves the next applicant', async () => {
    await open()
    const name = newName()
    const applicant = await requested(world, name)
    await decideOn(world, applicant.view.id, 'deny')
    expect(await world.homeserver.account(username(name))).toMatchObject({ deactivated: true })
    const next = await requested(world, name, `${name}-next@mail.test`)
    await decideOn(world, next.view.id, 'approve')
    expect(await signInToMatrix(world, name)).toBe('in')
  })

  test('denied and approved after all: the account comes back with the new password alone', async () => {
    await open()
    const name = newName()
    const applicant = await requested(world, name)
    const { id } = applicant.view
    const { version } = await decideOn(world, id, 'deny')
    expect(await world.homeserver.account(username(name))).toMatchObject({ deactivated: true })
    const { api } = await aModerator(world.services)
    await api.conversation.reopen({ id, version, message: 'We thought again' })
    await world.drain()
    const browser = aBrowser(world.services)
    const { link } = world.mailbox.last(applicant.email, 'set_password')
    await browser.api.registration.resume({ token: tokenIn(link) })
    expect(await signInToMatrix(world, name)).not.toBe('in')
    await browser.api.registration.setPassword({ password: `${PASSWORD} anew` })
    await world.drain()
    expect(await signInToMatrix(world, name)).not.toBe('in')
    expect(await signInToMatrix(world, name, `${PASSWORD} anew`)).toBe('in')
    expect(await world.homeserver.account(username(name))).toMatchObject({
      locked: false,
      deactivated: false,
      addresses: [applicant.email],
    })
  })

  test('password after the approval: no account before, an open one after', async () => {
    await open({ registration: { ...aConfig().registration, password: 'after_approval' } })
    const name = newName()
    const applicant = await verified(world, name)
    await applicant.api.registration.request({ password: '', reason: REASON, legal: false })
    expect(await world.homeserver.account(username(name))).toBeNull()
    await decideOn(world, applicant.view.id, 'approve')
    const browser = aBrowser(world.services)
    await browser.api.registration.resume({
      token: tokenIn(world.mailbox.last(applicant.email, 'set_password').link),
    })
    await browser.api.registration.setPassword({ password: PASSWORD })
    await world.drain()
    expect(await signInToMatrix(world, name)).toBe('in')
  })

  test('an address of another account stays there', async () => {
    await open()
    const owner = username(newName())
    const name = newName()
    await world.homeserver.claim(owner)
    await world.homeserver.bindAddress(owner, email(`${name}@mail.test`))
    const applicant = await requested(world, name)
    const view = await decideOn(world, applicant.view.id, 'approve')
    expect(view.jobs.find((job) => job.kind === 'bind_address')).toMatchObject({ state: 'failed' })
    expect(await world.homeserver.account(owner)).toMatchObject({ addresses: [`${name}@mail.test`] })
  })

  test('after a restore of an older copy, what was decided since is taken over, and nothing is undone', async () => {
    await open()
    const [approved, denied, asked] = [newName(), newName(), newName()]
    const first = await requested(world, approved)
    const second = await requested(world, denied)
    const copy = await copyDatabase(world)
    await decideOn(world, first.view.id, 'approve')
    await decideOn(world, second.view.id, 'deny')
    await requested(world, asked)
    world = await copy.putBack()
    await world.drain()
    const sent = world.mailbox.letters.length
    const { reconciliation } = world.services
    const mine = async () =>
      (await reconciliation.list()).filter(({ username }) => [approved, denied, asked].includes(username))
    const found = await mine()
    expect(Object.fromEntries(found.map(({ username, code }) => [username, code]))).toEqual({
      [approved]: 'found_open',
      [denied]: 'found_removed',
      [asked]: 'unknown_lock',
    })
    for (const difference of found) expect(await reconciliation.mend(difference)).toBe(true)
    await world.drain()
    expect(await mine()).toEqual([])
    expect(world.mailbox.letters).toHaveLength(sent)
    expect(await signInToMatrix(world, approved)).toBe('in')
    expect(await signInToMatrix(world, denied)).toBe('M_FORBIDDEN')
    expect(await signInToMatrix(world, asked)).toBe('M_USER_LOCKED')
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toMatchObject([{ username: asked, account: { locked: true } }])
    const next = await requested(world, denied, `${denied}-next@mail.test`)
    await decideOn(world, next.view.id, 'approve')
    expect(await signInToMatrix(world, denied)).toBe('in')
  }, 60_000)

  test('an account that appears while the applicant types is left as it is', async () => {
    await open()
    const name = newName()
    const applicant = await verified(world, name)
    await world.homeserver.claim(username(name))
    await expect(
      applicant.api.registration.request({ password: PASSWORD, reason: REASON, legal: false }),
    ).rejects.toThrow('username_lost')
    expect(await world.homeserver.account(username(name))).toMatchObject({ locked: false })
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toEqual([])
  })
})
