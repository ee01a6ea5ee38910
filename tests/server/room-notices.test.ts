import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY } from '$lib/registration/time'
import { findStuck, insertJob } from '$lib/server/database/jobs'
import { moderators, registrations, roomNotices } from '$lib/server/database/schema'
import { MailError } from '$lib/server/mail/mail'
import { decideOn, decideOnly } from '../support/decide'
import {
  aConfig,
  aModerator,
  anAdminRoom,
  aWorld,
  DOMAIN,
  PASSWORD,
  REASON,
  requested,
  verified,
  type TestWorld,
} from '../support/world'

/** The moderators' room says what is. */
const ROOM = `#moderators:${DOMAIN}`
const ADMIN = `@admin:${DOMAIN}`
const contentSchema = v.object({
  body: v.string(),
  'm.new_content': v.optional(v.object({ body: v.string() })),
  'm.relates_to': v.optional(v.object({ rel_type: v.literal('m.replace'), event_id: v.string() })),
})

let world: TestWorld
async function begin(change: Parameters<typeof anAdminRoom>[0] = {}) {
  world = await aWorld({
    matrixNotifications: { adminRoom: anAdminRoom({ room: ROOM, ...change }), welcome: null },
    moderation: { ...aConfig().moderation, undoMs: 20_000 },
  })
}
beforeEach(() => begin())
afterEach(() => world.dispose())

/** What a client shows: each message in its newest words. */
function shown(): string[] {
  const messages = (world.standIn.room(ROOM)?.messages ?? []).map(({ eventId, content }) => ({
    eventId,
    content: v.parse(contentSchema, content),
  }))
  return messages
    .filter(({ content }) => content['m.relates_to'] === undefined)
    .map(({ eventId, content }) => {
      const newer = messages.findLast(({ content: other }) => other['m.relates_to']?.event_id === eventId)
      return newer?.content['m.new_content']?.body ?? content.body
    })
}
const sent = () => world.standIn.room(ROOM)?.messages.length ?? 0

async function decide(id: string, verdict: 'approve' | 'deny') {
  const moderator = await aModerator(world.services)
  const { version } = await moderator.api.moderation.registration({ id })
  await moderator.api.moderation.decide({ id, version, decision: verdict, message: '', silent: false })
  await world.drain()
  return moderator
}

test('a new request is told, and its message says by whom it was approved', async () => {
  const { view } = await requested(world, 'river')
  expect(shown()).toEqual([expect.stringMatching(/^@river:example\.test requested an account/)])
  await decideOn(world, view.id, 'approve')
  expect(shown()).toEqual([expect.stringMatching(/^✅ Approved by \S+\n@river:example\.test requested/)])
})

test.each([
  ['approve', /^✅ Approved by/],
  ['deny', /^❌ Denied by/],
] as const)('%s, undone: the message says again that it waits', async (verdict, words) => {
  const { view } = await requested(world, 'river')
  const before = shown()
  const moderator = await decide(view.id, verdict)
  expect(shown()).toEqual([expect.stringMatching(words)])
  await moderator.api.moderation.undo({ id: view.id })
  await world.drain()
  expect(shown()).toEqual(before)
})

test('a request that is withdrawn says so', async () => {
  const { api } = await requested(world, 'river')
  await api.registration.withdraw({})
  await world.drain()
  expect(shown()).toEqual([expect.stringMatching(/^Withdrawn\n@river/)])
})

test('a request whose password is lost waits for another one, and then for a decision', async () => {
  const { view } = await requested(world, 'river')
  const before = shown()
  const state = (state: 'verified' | 'requested') =>
    world.database.write((tx) => tx.update(registrations).set({ state }).where(eq(registrations.id, view.id)))
  const look = async () => {
    await world.database.write((tx) =>
      insertJob(
        tx,
        { kind: 'notify_room_decided', registration: view.id },
        { id: randomUUID(), registrationId: null, now: world.now(), rest: 0 },
      ),
    )
    await world.drain()
  }
  await state('verified')
  await look()
  expect(shown()).toEqual([expect.stringMatching(/^Waiting for a new password\n@river/)])
  await state('requested')
  await look()
  expect(shown()).toEqual(before)
})

test('what became of a request stays in the room when its data is deleted, and is forgotten here', async () => {
  const { view } = await requested(world, 'river')
  await decideOn(world, view.id, 'deny')
  const before = shown()
  expect(before).toEqual([expect.stringMatching(/^❌ Denied by/)])
  world.pass(400 * DAY)
  await world.services.scheduler.cleanUp({ dryRun: false })
  await world.drain()
  expect(shown()).toEqual(before)
  expect(await world.database.read((reader) => reader.$count(registrations))).toBe(0)
  expect(await world.database.read((reader) => reader.$count(roomNotices))).toBe(0)
})

test("what the operator's template tells of an applicant is gone after the decision, and back if that is undone", async () => {
  await world.dispose()
  await begin({ template: '{email}: {reason}' })
  const { view, email } = await requested(world, 'river')
  const before = shown()
  expect(before).toEqual([expect.stringContaining(REASON)])
  const moderator = await decide(view.id, 'deny')
  const [after = ''] = shown()
  expect(after).toMatch(/^❌ Denied by \S+\n@river:example\.test requested/)
  expect(after).not.toContain(email)
  expect(after).not.toContain(REASON)
  await moderator.api.moderation.undo({ id: view.id })
  await world.drain()
  expect(shown()).toEqual(before)
})

test('an approval that takes effect changes nothing more', async () => {
  const { view } = await requested(world, 'river')
  await decideOn(world, view.id, 'approve')
  const before = sent()
  world.pass(60_000)
  await world.drain()
  expect(sent()).toBe(before)
})

test('several at once are one message without a decision of its own', async () => {
  const [river, brook] = [await verified(world, 'river'), await verified(world, 'brook')]
  const view = await river.api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
  await brook.api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
  await world.drain()
  expect(shown()).toEqual([expect.stringMatching(/^2 requests are waiting/)])
  await decide(view.id, 'deny')
  expect(sent()).toBe(1)
})

/** The next answer to a message is lost, although the message is there. */
function loseAnswer() {
  let lost = false
  world.standIn.faults = ({ path }) => {
    if (lost || !path.includes('/send/')) return undefined
    lost = true
    return 'lost'
  }
}

async function later() {
  world.pass(600_000)
  await world.drain()
}

test('a lost answer sends no message twice', async () => {
  loseAnswer()
  const { view } = await requested(world, 'river')
  await later()
  expect(sent()).toBe(1)
  await decide(view.id, 'deny')
  expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by/)])
})

test('what was decided before the homeserver had answered is said too', async () => {
  loseAnswer()
  const { view } = await requested(world, 'river')
  expect(sent()).toBe(1)
  await decide(view.id, 'deny')
  await later()
  expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by/)])
})

test('a message whose answer was lost is not taken for one about the next request', async () => {
  loseAnswer()
  const { view } = await requested(world, 'river')
  await decide(view.id, 'deny')
  await requested(world, 'brook')
  await later()
  expect(shown()).toEqual([
    expect.stringMatching(/^❌ Denied by \S+\n@river/),
    expect.stringMatching(/^@brook/),
  ])
})

test.each([
  [0, /^2 requests are waiting: http/],
  [59, /^2 requests are waiting: http/],
  [60, /^2 requests are waiting, the oldest for 1 h: http/],
])(
  'several that have waited %d minutes are told with the hours, if there are any',
  async (minutes, words) => {
    for (const { api } of [await verified(world, 'river'), await verified(world, 'brook')])
      await api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    world.pass(minutes * 60_000)
    await world.drain()
    expect(shown()).toEqual([expect.stringMatching(words)])
  },
)

describe('several at once, of which the answer is lost', () => {
  async function gathered() {
    await world.dispose()
    await begin({ decide: 'reactions' })
    const applicants = [await verified(world, 'river'), await verified(world, 'brook')]
    loseAnswer()
    for (const { api } of applicants)
      await api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    await world.drain()
    expect(shown()).toEqual([expect.stringMatching(/^2 requests are waiting/)])
    return applicants.map(({ view }) => view.id)
  }
  const state = async (id: string) => (await world.services.registrar.find(id))?.state

  test('do not become the message about the one that is left: a reaction there decides nothing', async () => {
    const [river = '', brook = ''] = await gathered()
    await decideOnly(world, river, 'deny')
    await later()
    expect(shown()).toEqual([
      expect.stringMatching(/^2 requests are waiting/),
      expect.stringMatching(/^@brook:example\.test requested an account/),
    ])
    const anna = await aModerator(world.services, 'anna')
    const sender = `@anna:${DOMAIN}`
    await world.database.write((tx) =>
      tx.update(moderators).set({ matrixId: sender }).where(eq(moderators.id, anna.id)),
    )
    const { id = '', messages = [], reactions = [] } = world.standIn.room(ROOM) ?? {}
    const [several, single] = messages.map(({ eventId }) => eventId)
    expect(reactions.map(({ target }) => target)).toEqual([single, single])
    const react = (target = '') =>
      world.services.roomDecisions.apply(
        id,
        { type: 'reaction', eventId: `$${randomUUID()}`, sender, target, key: '✅' },
        () => Promise.resolve(),
      )
    await react(several)
    expect(await state(brook)).toBe('requested')
    await react(single)
    expect(await state(brook)).toBe('approved')
  })

  test('are told once', async () => {
    await gathered()
    await later()
    expect(shown()).toEqual([expect.stringMatching(/^2 requests are waiting/)])
  })
})

test('a decision that is undone before the homeserver has answered is taken back', async () => {
  const { view } = await requested(world, 'river')
  const before = shown()
  loseAnswer()
  const moderator = await decide(view.id, 'deny')
  expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by/)])
  await moderator.api.moderation.undo({ id: view.id })
  await later()
  expect(shown()).toEqual(before)
})

test('two decisions at once: the last one is said, once', async () => {
  const { view } = await requested(world, 'river')
  const moderator = await decideOnly(world, view.id, 'approve')
  await moderator.moderation.undo({ id: view.id })
  await decideOnly(world, view.id, 'deny')
  await world.drain()
  expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by/)])
  expect(sent()).toBe(2)
})

test('a homeserver that refuses the change is told of at the desk, and tried again from there', async () => {
  const { view } = await requested(world, 'river')
  const members = world.standIn.room(ROOM)?.members
  members?.delete(ADMIN)
  const { api } = await decide(view.id, 'deny')
  const failed = (await world.database.read(findStuck)).filter(({ state }) => state === 'failed')
  expect(failed.map(({ kind }) => kind)).toEqual(['notify_room_decided'])
  expect(shown()).toEqual([expect.stringMatching(/^@river/)])
  members?.add(ADMIN)
  await api.moderation.retryJob({ job: failed[0]?.id ?? '' })
  await world.drain()
  expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by/)])
})

test('a message that the homeserver does not have any more is forgotten', async () => {
  const { view } = await requested(world, 'river')
  world.standIn.room(ROOM)?.messages.splice(0)
  await decide(view.id, 'deny')
  expect(sent()).toBe(0)
  expect(await world.database.read(findStuck)).toEqual([])
  expect(await world.database.read((reader) => reader.$count(roomNotices))).toBe(0)
})

test('an alias that leads to another room by now: what was sent stays where it is, and nothing goes to the other', async () => {
  const { view } = await requested(world, 'river')
  const old = world.standIn.room(ROOM)
  if (old === undefined) throw new Error('No room')
  const other = { ...old, id: `!other:${DOMAIN}`, messages: [] }
  old.aliases = []
  world.standIn.rooms.set(other.id, other)
  await decide(view.id, 'deny')
  expect([old.messages.length, other.messages.length]).toEqual([1, 0])
})

test.each(['dismissJob', 'retryJob'] as const)(
  'what failed is said, until a moderator deals with it: %s',
  async (way) => {
    const { view } = await requested(world, 'river')
    world.mailbox.refuse = new MailError('No such mailbox', { permanent: true })
    const { api } = await decide(view.id, 'deny')
    await later()
    expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by \S+\n⚠️ A step failed\n@river/)])
    world.mailbox.refuse = null
    const { jobs } = await api.moderation.registration({ id: view.id })
    await api.moderation[way]({ job: jobs.find(({ state }) => state === 'failed')?.id ?? '' })
    await later()
    expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by \S+\n@river/)])
  },
)

test('an account that cannot be opened is said, and no longer once something else is decided', async () => {
  const { view } = await requested(world, 'river')
  const user = world.standIn.users.get(`@river:${DOMAIN}`)
  if (user === undefined) throw new Error('No account')
  user.deactivated = true
  await decideOn(world, view.id, 'approve')
  await later()
  expect(shown()).toEqual([expect.stringMatching(/^✅ Approved by \S+\n⚠️ A step failed\n@river/)])
  await decide(view.id, 'deny')
  expect(shown()).toEqual([expect.stringMatching(/^❌ Denied by \S+\n@river/)])
})
