import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NewJob } from '$lib/registration/job'
import { ROOM_ANSWERS } from '$lib/registration/room-answer'
import { findStuck, insertJob } from '$lib/server/database/jobs'
import { setHeldFor } from '$lib/server/database/registrations'
import { jobs, registrations, roomNotices } from '$lib/server/database/schema'
import { decideOn, decideOnly } from '../support/decide'
import {
  aConfig,
  aModerator,
  anAdminRoom,
  aWorld,
  DOMAIN,
  REASON,
  requested,
  type TestWorld,
} from '../support/world'

/** What stands under the messages in the moderators' room about requests, and in their threads. */
const ROOM = `#moderators:${DOMAIN}`
const DECIDING = { decide: 'reactions', details: true } as const
const HINT = '✅ approve · ❌ deny · 👀 assign to me, or answer here: “deny: reason”'
const contentSchema = v.object({
  msgtype: v.optional(v.string()),
  body: v.optional(v.string()),
  formatted_body: v.optional(v.string()),
  'm.new_content': v.optional(v.object({ body: v.string() })),
  'm.relates_to': v.optional(v.object({ rel_type: v.string(), event_id: v.string() })),
})

let world: TestWorld
async function begin(change: Parameters<typeof anAdminRoom>[0] = DECIDING) {
  world = await aWorld({
    matrixNotifications: { adminRoom: anAdminRoom({ room: ROOM, ...change }), welcome: null },
    moderation: { ...aConfig().moderation, undoMs: 20_000, probation: true },
  })
}
async function beginAnew(change: Parameters<typeof anAdminRoom>[0]) {
  await world.dispose()
  await begin(change)
}
beforeEach(() => begin())
afterEach(() => world.dispose())

const room = () => world.standIn.room(ROOM) ?? expect.unreachable()
const messages = () =>
  room().messages.map(({ eventId, content }) => {
    const { 'm.relates_to': relation, ...rest } = v.parse(contentSchema, content)
    return { eventId, relation, ...rest }
  })
/** What a client shows of the messages that begin threads: each in its newest words. */
const notices = () =>
  messages()
    .filter(({ relation, body }) => relation === undefined && body !== undefined)
    .map(({ eventId, body }) => {
      const edits = messages().filter(
        ({ relation }) => relation?.rel_type === 'm.replace' && relation.event_id === eventId,
      )
      return edits.at(-1)?.['m.new_content']?.body ?? body ?? ''
    })
/** What a client shows in their threads. */
const thread = () => messages().filter(({ relation }) => relation?.rel_type === 'm.thread')
const details = () => thread().map(({ body }) => body)
const reactions = () => {
  const gone = new Set(room().redacted.map(({ target }) => target))
  return room().reactions.filter(({ eventId }) => !gone.has(eventId))
}
const seeds = () => reactions().map(({ key }) => key)
const waits = () => [notices().length, details().length, seeds()]
const kept = () => world.database.read((reader) => reader.select().from(roomNotices))
const versionOf = async (id: string) => {
  const where = eq(registrations.id, id)
  const [row] = await world.database.read((reader) => reader.select().from(registrations).where(where))
  return row?.version
}
const failed = async () =>
  (await world.database.read(findStuck)).filter(({ state }) => state === 'failed').map(({ kind }) => kind)

async function queue(job: NewJob) {
  const [id, now] = [randomUUID(), world.now()]
  await world.database.write((tx) => insertJob(tx, job, { id, registrationId: null, now, rest: 0 }))
  await world.drain()
  const [row] = await world.database.read((reader) => reader.select().from(jobs).where(eq(jobs.id, id)))
  return row?.state
}
async function later() {
  world.pass(600_000)
  await world.drain()
}
async function decide(id: string, verdict: 'approve' | 'deny') {
  const moderator = await decideOnly(world, id, verdict)
  await world.drain()
  return moderator
}
async function undo(moderator: Awaited<ReturnType<typeof decide>>, id: string) {
  await moderator.moderation.undo({ id })
  await world.drain()
}
/** It is as if it had been decided in the room. */
const inRoom = (id: string) =>
  world.database.write((tx) =>
    tx.update(registrations).set({ restMs: 60_000 }).where(eq(registrations.id, id)),
  )

test('by default, nothing stands under a message or in its thread, and it does not say how to decide', async () => {
  await beginAnew({})
  const { view } = await requested(world, 'river')
  expect(room().messages).toHaveLength(1)
  expect(notices()).toEqual([expect.not.stringContaining('✅')])
  const { api } = await aModerator(world.services)
  await api.conversation.take({ id: view.id, over: false })
  await world.drain()
  expect(notices()).toEqual([expect.not.stringContaining('👀')])
  await api.conversation.release({ id: view.id })
  await decide(view.id, 'deny')
  expect([room().reactions, room().redacted, details()]).toEqual([[], [], []])
})

test('a request that waits says how to decide, with the reactions to tap, and its details in the thread', async () => {
  const { view } = await requested(world, 'river')
  expect(notices()).toEqual([
    expect.stringMatching(new RegExp(`^@river:example\\.test requested .*\n${HINT}$`)),
  ])
  expect(seeds()).toEqual(['✅', '❌'])
  const [notice] = room().messages
  expect(reactions().map(({ target }) => target)).toEqual([notice?.eventId, notice?.eventId])
  expect(thread()).toMatchObject([
    {
      body: `What the request says:\n${REASON}\n\nLanguage: English`,
      relation: { event_id: notice?.eventId },
    },
  ])
  expect(await kept()).toMatchObject([{ version: await versionOf(view.id), eventId: notice?.eventId }])
})

test("the operator's template is followed by how to decide", async () => {
  await beginAnew({ ...DECIDING, template: 'New: {username}' })
  await requested(world, 'river')
  expect(notices()).toEqual([`New: river\n${HINT}`])
})

test.each(['approve', 'deny'] as const)(
  '%s: what was to tap and the details disappear, and come back as others if it is undone',
  async (verdict) => {
    const { view } = await requested(world, 'river')
    const [before, first] = [notices(), reactions()]
    const moderator = await decide(view.id, verdict)
    expect(notices()).toEqual([expect.not.stringContaining(HINT)])
    expect([seeds(), details()]).toEqual([[], []])
    expect(JSON.stringify(room().messages)).not.toContain(REASON)
    await undo(moderator, view.id)
    expect(notices()).toEqual(before)
    expect(waits()).toEqual([1, 1, ['✅', '❌']])
    expect(details()).toEqual([expect.stringContaining(REASON)])
    const again = reactions().map(({ eventId }) => eventId)
    for (const { eventId } of first) expect(again).not.toContain(eventId)
    expect(await kept()).toMatchObject([{ version: await versionOf(view.id) }])
  },
)

test('a decision that is undone before anything was said of it leaves all as it was, and counts for it', async () => {
  const { view } = await requested(world, 'river')
  const before = [room().messages.length, reactions()]
  const moderator = await decideOnly(world, view.id, 'deny')
  await undo(moderator, view.id)
  expect([room().messages.length, reactions()]).toEqual(before)
  expect(await kept()).toMatchObject([{ version: await versionOf(view.id) }])
})

test('details alone are there without deciding, and deciding without details', async () => {
  await beginAnew({ details: true })
  await requested(world, 'river')
  expect(waits()).toEqual([1, 1, []])
  await beginAnew({ decide: 'reactions' })
  await requested(world, 'river')
  expect(waits()).toEqual([1, 0, ['✅', '❌']])
})

test('a request that is withdrawn has neither', async () => {
  const { api } = await requested(world, 'river')
  await api.registration.withdraw({})
  await world.drain()
  expect(notices()).toEqual([expect.stringMatching(/^Withdrawn\n@river/)])
  expect([seeds(), details()]).toEqual([[], []])
})

test('a flagged request says so in its details, and not why', async () => {
  const { view } = await requested(world, 'river')
  const moderator = await decide(view.id, 'deny')
  await world.database.write((tx) => setHeldFor(tx, view.id, ['trap']))
  await undo(moderator, view.id)
  expect(details()).toEqual([
    expect.stringMatching(
      /Language: English\n⚠️ Take a closer look: https:\/\/\S+\/admin\/registrations\/\S+$/,
    ),
  ])
})

test('who takes a request is said as long as it waits', async () => {
  const { view } = await requested(world, 'river')
  const before = notices()
  const { api } = await aModerator(world.services, 'anna')
  await api.conversation.take({ id: view.id, over: false })
  await world.drain()
  expect(notices()).toEqual([expect.stringContaining(`\n👀 Assigned to anna\n${HINT}`)])
  await api.conversation.release({ id: view.id })
  await world.drain()
  expect(notices()).toEqual(before)
  await api.conversation.take({ id: view.id, over: false })
  const { version } = await api.moderation.registration({ id: view.id })
  await api.moderation.decide({ id: view.id, version, decision: 'deny', message: '', silent: false })
  await world.drain()
  expect(notices()).toEqual([expect.stringMatching(/^❌ Denied by anna\n@river[^\n]*$/)])
})

test('what was decided in the room says how to undo it, as long as that can be', async () => {
  const { view } = await requested(world, 'river')
  await decideOnly(world, view.id, 'approve')
  await inRoom(view.id)
  await world.drain()
  const line = 'To undo this, remove the reaction or answer “undo” within 60 s.'
  expect(notices()).toEqual([expect.stringMatching(new RegExp(`^✅ Approved by \\S+\n${line}\n@river`))])
  world.pass(60_000)
  await queue({ kind: 'notify_room_decided', registration: view.id, rested: 1_768_478_460_000 })
  expect(notices()).toEqual([expect.stringMatching(/^✅ Approved by \S+\n@river/)])
})

test('what was decided at the desk is undone there', async () => {
  const { view } = await requested(world, 'river')
  await decide(view.id, 'approve')
  expect(notices()).toEqual([expect.not.stringContaining('undo')])
})

test('an approval on probation is said to be one', async () => {
  const { view } = await requested(world, 'river')
  await decideOn(world, view.id, 'probation')
  expect(notices()).toEqual([expect.stringMatching(/^✅ Approved on probation by \S+\n@river/)])
})

describe('a request that changed', () => {
  test('is told of anew, and that counts too', async () => {
    const { view } = await requested(world, 'river')
    expect(await queue({ kind: 'notify_room_again', registration: view.id })).toBe('done')
    expect(waits()).toEqual([2, 2, ['✅', '❌', '✅', '❌']])
    const version = await versionOf(view.id)
    expect(await kept()).toMatchObject([{ version }, { version }])
    await decide(view.id, 'deny')
    expect(notices()).toEqual(Array(2).fill(expect.stringMatching(/^❌ Denied by/)))
    expect([seeds(), details()]).toEqual([[], []])
  })

  test('is told of anew once, also if the answer is lost', async () => {
    const { view } = await requested(world, 'river')
    failNth(1, 'lost')
    await queue({ kind: 'notify_room_again', registration: view.id })
    await later()
    expect(waits()).toEqual([2, 2, ['✅', '❌', '✅', '❌']])
  })

  test('but not if it does not wait any more', async () => {
    const { view } = await requested(world, 'river')
    await decide(view.id, 'deny')
    expect(await queue({ kind: 'notify_room_again', registration: view.id })).toBe('cancelled')
    expect(await queue({ kind: 'notify_room_again', registration: 'nobody' })).toBe('cancelled')
    expect(notices()).toHaveLength(1)
  })
})

test('a message that another account sent, and we may not change, keeps no other from saying what is', async () => {
  const { view } = await requested(world, 'river')
  await queue({ kind: 'notify_room_again', registration: view.id })
  const [former, own] = await kept()
  const refusal = { errcode: 'M_FORBIDDEN', error: 'You do not have permission' }
  world.standIn.faults = ({ path }) =>
    decodeURIComponent(path).includes(`/redact/${former?.detailsId}/`)
      ? { status: 403, body: refusal }
      : undefined
  await decide(view.id, 'deny')
  expect(notices()).toEqual([expect.stringMatching(/^@river/), expect.stringMatching(/^❌ Denied by/)])
  expect(reactions().map(({ target }) => target)).toEqual([former?.eventId, former?.eventId])
  expect(thread().map(({ relation }) => relation?.event_id)).toEqual([former?.eventId])
  expect((await kept()).find(({ job }) => job === own?.job)).toMatchObject({ seeds: [], detailsId: null })
  expect(await failed()).toEqual(['notify_room_decided'])
})

describe('an answer to what somebody did', () => {
  test.each(ROOM_ANSWERS)(
    '%s: is no message that anybody answers, in the thread, and sent once',
    async (says) => {
      await beginAnew({ decide: 'reactions' })
      await requested(world, 'river')
      const target = room().messages[0]?.eventId ?? ''
      failNth(1, 'lost')
      await queue({ kind: 'answer_in_room', target, event: '$reaction', says, by: 'ben' })
      await later()
      expect(thread()).toMatchObject([{ msgtype: 'm.notice', relation: { event_id: target } }])
      expect(seeds()).toEqual(['✅', '❌'])
    },
  )

  test('says who it was, and where to link an account', async () => {
    await beginAnew({ decide: 'reactions' })
    await requested(world, 'river')
    const target = room().messages[0]?.eventId ?? ''
    await queue({ kind: 'answer_in_room', target, event: '$1', says: 'denied', by: 'ben' })
    await queue({ kind: 'answer_in_room', target, event: '$2', says: 'not_linked' })
    expect(details()).toEqual([
      'Nothing changed: ben already denied this request.',
      expect.stringMatching(/: https:\/\/\S+\/admin\/account#matrix-id$/),
    ])
  })

  test('is not sent where what it answers is gone', async () => {
    const job = { kind: 'answer_in_room', target: '$gone', event: '$1', says: 'noted' } as const
    expect(await queue(job)).toBe('cancelled')
    expect(await failed()).toEqual([])
  })
})

/** The nth change from now on in the room, in this way; those before it arrive. */
function failNth(nth: number, way: 'lost' | 'cut') {
  let left = nth
  world.standIn.faults = ({ path }) => {
    if (!/\/(?:send|redact)\//.test(path)) return undefined
    left -= 1
    if (left !== 0) return undefined
    return way
  }
}

describe.each(['lost', 'cut'] as const)('one answer is %s', (way) => {
  test.each([1, 2, 3, 4, 5])('the one to change %i: nothing is doubled, and nothing left', async (nth) => {
    failNth(nth, way)
    const { view } = await requested(world, 'river')
    await later()
    expect(waits()).toEqual([1, 1, ['✅', '❌']])
    failNth(nth, way)
    const moderator = await decide(view.id, 'approve')
    world.pass(10_000)
    await world.drain()
    expect([notices().length, details(), seeds()]).toEqual([1, [], []])
    failNth(nth, way)
    await undo(moderator, view.id)
    await later()
    expect(waits()).toEqual([1, 1, ['✅', '❌']])
    expect(notices()).toEqual([expect.stringContaining(HINT)])
    failNth(nth, way)
    await decide(view.id, 'deny')
    await later()
    expect(notices()).toEqual([expect.stringMatching(/^❌ Denied by/)])
    expect([details(), seeds()]).toEqual([[], []])
    expect(await failed()).toEqual([])
    expect(await kept()).toMatchObject([{ seeds: [], detailsId: null }])
  })

  test.each([1, 2, 3, 4])('and it is decided meanwhile (change %i): nothing is left', async (nth) => {
    failNth(nth, way)
    const { view } = await requested(world, 'river')
    world.standIn.faults = undefined
    await decideOnly(world, view.id, 'deny')
    const said: string[] = []
    world.standIn.faults = ({ path, body }) => {
      if (path.includes('/send/')) said.push(JSON.stringify(body))
      return undefined
    }
    await later()
    expect(said.filter((body) => body.includes(REASON))).toEqual([])
    expect(notices()).toEqual([expect.stringMatching(/^❌ Denied by/)])
    expect([details(), seeds()]).toEqual([[], []])
    expect(JSON.stringify(room().messages)).not.toContain(REASON)
    expect(await kept()).toMatchObject([{ seeds: [], detailsId: null }])
  })
})

test('reactions that the homeserver limits are left out, and nothing waits for them', async () => {
  const answer = { errcode: 'M_LIMIT_EXCEEDED', error: 'Too Many Requests', retry_after_ms: 5000 }
  let asked = 0
  world.standIn.faults = ({ path }) => {
    if (!path.includes('/m.reaction/')) return undefined
    asked += 1
    return { status: 429, body: answer }
  }
  const { view } = await requested(world, 'river')
  expect(waits()).toEqual([1, 1, []])
  await later()
  expect(asked).toBe(2)
  expect(await kept()).toMatchObject([{ seeds: [] }])
  world.standIn.faults = undefined
  const moderator = await decide(view.id, 'deny')
  await undo(moderator, view.id)
  expect(seeds()).toEqual(['✅', '❌'])
})

test('reactions and details that a moderator removed are not missed', async () => {
  const { view } = await requested(world, 'river')
  const { id } = room()
  const [seed] = reactions()
  for (const event of [seed?.eventId, thread()[0]?.eventId])
    await world.homeserver.redact(id, event ?? '', randomUUID())
  expect(waits()).toEqual([1, 0, ['❌']])
  await decide(view.id, 'deny')
  expect([notices().length, details(), seeds()]).toEqual([1, [], []])
  expect(await failed()).toEqual([])
})

test('a message that the homeserver does not have any more is forgotten, and its details are removed', async () => {
  const { view } = await requested(world, 'river')
  room().messages.splice(0, 1)
  expect(details()).toHaveLength(1)
  await decide(view.id, 'deny')
  expect(details()).toEqual([])
  expect(await kept()).toEqual([])
  expect(await failed()).toEqual([])
})

test('also where that is found while the request waits', async () => {
  const { view } = await requested(world, 'river')
  room().messages.splice(0, 1)
  const { api } = await aModerator(world.services)
  await api.conversation.take({ id: view.id, over: false })
  await world.drain()
  expect(details()).toEqual([])
  expect(await kept()).toEqual([])
})

test('a message that is gone before its details are sent is forgotten', async () => {
  world.standIn.faults = ({ path }) => {
    const [first] = room().messages
    if (path.includes('/send/') && first !== undefined) room().messages.splice(0)
    return undefined
  }
  await requested(world, 'river')
  expect([notices(), await kept(), await failed()]).toEqual([[], [], []])
})

test('an alias that leads to another room by now: what is to disappear does so where it is', async () => {
  const { view } = await requested(world, 'river')
  const old = room()
  const other = { ...old, id: `!other:${DOMAIN}`, messages: [], reactions: [], redacted: [] }
  old.aliases = []
  world.standIn.rooms.set(other.id, other)
  await decide(view.id, 'deny')
  expect([other.messages, other.reactions]).toEqual([[], []])
  expect(JSON.stringify(old.messages)).not.toContain(REASON)
  expect(old.redacted).toHaveLength(3)
})

test.each(['approve', 'deny'] as const)(
  '%s: no message says an address, a network, an invitation, a note or what the applicant was told',
  async (verdict) => {
    const { view } = await requested(world, 'river', 'river.private@mail.test')
    const secrets = {
      clientAddress: '198.51.100.77',
      message: 'A message to the applicant',
      category: 'a-category',
    }
    const { api } = await aModerator(world.services, 'anna')
    await world.database.write(async (tx) => {
      await tx.update(registrations).set(secrets).where(eq(registrations.id, view.id))
      await tx.update(registrations).set({ heldBy: 'rule-of-ben' }).where(eq(registrations.id, view.id))
      await setHeldFor(tx, view.id, ['disposable'])
    })
    await api.conversation.note({ id: view.id, text: 'A note among us' })
    await queue({ kind: 'notify_room_again', registration: view.id })
    const before = JSON.stringify(room().messages)
    const moderator = await decide(view.id, verdict)
    await undo(moderator, view.id)
    const said = before + JSON.stringify(room().messages)
    expect(said).toContain(REASON)
    expect(said).toContain('Take a closer look')
    const never = [...Object.values(secrets), 'river.private', 'mail.test', '127.0.0.1', 'rule-of-ben']
    for (const secret of [...never, 'disposable', 'A note among us', 'anna', 'invitation'])
      expect(said.toLowerCase()).not.toContain(secret.toLowerCase())
  },
)
