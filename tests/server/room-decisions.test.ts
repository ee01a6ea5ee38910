import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RoomEvent } from '$lib/moderation/room-event'
import type { Action } from '$lib/registration/decide'
import type { AccountState } from '$lib/registration/state'
import { QUESTION_MAXIMUM } from '$lib/registration/talk'
import { DAY, HOUR } from '$lib/registration/time'
import { findEvents } from '$lib/server/database/events'
import { findRegistration, updateRegistration } from '$lib/server/database/registrations'
import { moderators, roomEvents, roomNotices } from '$lib/server/database/schema'
import { putSetting } from '$lib/server/database/settings'
import { decideOn, decideOnly } from '../support/decide'
import { username } from '../support/registration'
import {
  aConfig,
  aModerator,
  anAdminRoom,
  aWorld,
  DOMAIN,
  PASSWORD,
  requested,
  signInToMatrix,
  type TestWorld,
} from '../support/world'

/** What is done in the moderators' room decides, by whom it may, and nothing else there does. */
const ROOM = `#moderators:${DOMAIN}`
const ANNA = `@anna:${DOMAIN}`
const BEN = `@ben:${DOMAIN}`

let world: TestWorld
let roomId: string
beforeEach(async () => {
  world = await aWorld({
    matrixNotifications: {
      ...aConfig().matrixNotifications,
      adminRoom: anAdminRoom({ decide: 'reactions' }),
    },
    moderation: { ...aConfig().moderation, undoMs: 20_000 },
  })
  roomId = world.standIn.room(ROOM)?.id ?? ''
})
afterEach(() => world.dispose())

const anEvent = () => `$${randomUUID()}`
const nothing = () => Promise.resolve()

async function aLinked(name: string, matrixId: string) {
  const moderator = await aModerator(world.services, name)
  await world.database.write((tx) =>
    tx.update(moderators).set({ matrixId }).where(eq(moderators.id, moderator.id)),
  )
  return moderator
}

/** A request, and the message about it in the room. */
async function noticed(name = 'river') {
  const applicant = await requested(world, name)
  const rows = await world.database.read((reader) =>
    reader.select().from(roomNotices).where(eq(roomNotices.registrationId, applicant.view.id)),
  )
  const target = rows.at(-1)?.eventId
  if (target === undefined || target === null) throw new Error('Nothing was told')
  return { ...applicant, id: applicant.view.id, target }
}

async function apply(event: RoomEvent, room = roomId): Promise<string> {
  await world.services.roomDecisions.apply(room, event, nothing)
  await world.drain()
  return event.eventId
}
const react = (sender: string, target: string, key: string, eventId = anEvent(), sentAt = world.now()) =>
  apply({ type: 'reaction', eventId, sender, target, key, sentAt })
const say = (sender: string, target: string, text: string, sentAt = world.now()) =>
  apply({ type: 'answer', eventId: anEvent(), sender, target, text, sentAt })
const remove = (sender: string, target: string) =>
  apply({ type: 'redaction', eventId: anEvent(), sender, target })

const stateOf = async (id: string) => (await world.services.registrar.find(id))?.state
const eventsOf = (id: string) => world.database.read((reader) => findEvents(reader, id))
/** The reactions of this program that stand under a message. */
async function seedsOf(target: string): Promise<string[]> {
  const rows = await world.database.read((reader) =>
    reader.select().from(roomNotices).where(eq(roomNotices.eventId, target)),
  )
  return rows.flatMap(({ seeds }) => seeds)
}
/** What was answered in threads, the latest last. */
function answers(): string[] {
  return (world.standIn.room(ROOM)?.messages ?? [])
    .map(({ content }) => v.parse(v.object({ msgtype: v.string(), body: v.string() }), content))
    .filter(({ msgtype }) => msgtype === 'm.notice')
    .map(({ body }) => body)
}

describe('a linked moderator', () => {
  test.each([
    ['✅', 'approved'],
    ['👍', 'approved'],
    ['👍🏽', 'approved'],
    ['✅\uFE0F', 'approved'],
    ['❌', 'denied'],
    ['👎', 'denied'],
  ])('decides with %s: %s, without words', async (key, state) => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, key)
    const registration = await world.services.registrar.find(id)
    expect(registration).toMatchObject({ state, decidedBy: anna.id, message: null, category: null })
    expect((await eventsOf(id)).find(({ kind }) => kind === state)).toMatchObject({
      actor: 'moderator',
      moderator: 'anna',
      detail: expect.objectContaining({ room_event: event }),
    })
    expect(answers()).toEqual([])
  })

  test('has a minute to take it back, also where the pages give twenty seconds', async () => {
    await aLinked('anna', ANNA)
    const { target } = await noticed()
    await react(ANNA, target, '✅')
    world.pass(59_999)
    await world.drain()
    expect(await signInToMatrix(world, 'river')).not.toBe('in')
    world.pass(1)
    await world.drain()
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('takes it back by removing the reaction, and can decide anew', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    world.pass(50_000)
    await remove(ANNA, event)
    expect(await stateOf(id)).toBe('requested')
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('approved')
  })

  test('takes it back with a word, and what still stands there decides nothing again', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    await say(ANNA, target, 'Undo')
    expect(await stateOf(id)).toBe('requested')
    await react(ANNA, target, '✅', event)
    await remove(ANNA, event)
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toEqual([])
  })

  test('is told that nothing is decided where it was undone before the word', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await remove(ANNA, await react(ANNA, target, '✅'))
    await say(ANNA, target, 'undo')
    expect(answers()).toEqual(['Nothing to undo: this request is waiting for a decision.'])
    world.pass(1_000)
    await react(ANNA, target, '❌')
    await anna.api.moderation.undo({ id })
    await world.drain()
    await say(ANNA, target, 'undo')
    expect(answers()).toEqual(Array(2).fill('Nothing to undo: this request is waiting for a decision.'))
    expect(await stateOf(id)).toBe('requested')
  })

  test('is told that it is too late once it was carried out', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    world.pass(60_000)
    await world.drain()
    await remove(ANNA, event)
    expect(await stateOf(id)).toBe('completed')
    expect(answers()).toHaveLength(1)
  })

  test('denies with words for the applicant, all lines of them', async () => {
    await aLinked('anna', ANNA)
    const { id, target, email } = await noticed()
    await say(ANNA, target, 'deny: We are full.\n\nTry again in spring.')
    expect(await world.services.registrar.find(id)).toMatchObject({
      state: 'denied',
      message: 'We are full.\n\nTry again in spring.',
    })
    world.pass(60_000)
    await world.drain()
    expect(world.mailbox.last(email, 'denied').message).toContain('Try again in spring.')
  })

  test('asks the applicant, and can still decide on the same message', async () => {
    await aLinked('anna', ANNA)
    const { id, target, email } = await noticed()
    await say(ANNA, target, 'ask: Whom do you know?')
    expect(await world.services.registrar.find(id)).toMatchObject({ state: 'requested', exchange: 'asked' })
    expect(world.mailbox.last(email, 'question').question).toBe('Whom do you know?')
    expect(answers()).toHaveLength(1)
    await react(ANNA, target, '❌')
    expect(await stateOf(id)).toBe('denied')
  })

  test('writes a note that stays inside', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const mails = world.mailbox.letters.length
    await say(ANNA, target, 'note: I know her from the café')
    expect((await anna.api.conversation.thread({ id })).notes).toMatchObject([
      { text: 'I know her from the café', moderator: 'anna' },
    ])
    expect(world.mailbox.letters).toHaveLength(mails)
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('approved')
  })

  test('takes it anew with 👀 once the assignment has ended', async () => {
    const { api } = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await react(ANNA, target, '👀')
    world.pass(aConfig().moderation.claimMs)
    expect((await api.conversation.thread({ id })).claim).toBeNull()
    await react(ANNA, target, '👀\uFE0F')
    expect((await api.conversation.thread({ id })).claim).toMatchObject({ by: 'anna' })
  })

  test('takes it with 👀, and releases it by removing that', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '👀')
    expect(await world.services.registrar.find(id)).toMatchObject({ claimedBy: anna.id })
    await remove(ANNA, event)
    expect(await world.services.registrar.find(id)).toMatchObject({ claimedBy: null })
  })

  test('is told who has taken it, and nothing is decided', async () => {
    await aLinked('anna', ANNA)
    await aLinked('ben', BEN)
    const { id, target } = await noticed()
    await react(BEN, target, '👀')
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toEqual([expect.stringContaining('ben')])
  })

  test('is told that a text is too long', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await say(ANNA, target, `deny: ${'x'.repeat(QUESTION_MAXIMUM + 1)}`)
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toEqual([expect.stringContaining('4000')])
  })
})

test('what was undone on the pages can be decided anew by a new reaction', async () => {
  const anna = await aLinked('anna', ANNA)
  const { id, target } = await noticed()
  await react(ANNA, target, '✅')
  await anna.api.moderation.undo({ id })
  await world.drain()
  await react(ANNA, target, '👍')
  expect(await stateOf(id)).toBe('approved')
})

describe('of two', () => {
  test('the first one decides, and the other one is told by whom it was decided', async () => {
    await aLinked('anna', ANNA)
    await aLinked('ben', BEN)
    const { id, target } = await noticed()
    await react(ANNA, target, '✅')
    await react(BEN, target, '❌')
    expect(await world.services.registrar.find(id)).toMatchObject({ state: 'approved' })
    expect(answers()).toEqual([expect.stringContaining('anna')])
  })

  test('none takes back what the other one decided, nor does one who removes the reaction for them', async () => {
    await aLinked('anna', ANNA)
    await aLinked('ben', BEN)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    await remove(BEN, event)
    expect(await stateOf(id)).toBe('approved')
    world.pass(60_000)
    await world.drain()
    expect(await stateOf(id)).toBe('completed')
  })

  test('a decision on the pages wins over a later one in the room, and the other way round', async () => {
    await aLinked('anna', ANNA)
    const first = await noticed('river')
    await decideOn(world, first.id, 'deny')
    await react(ANNA, first.target, '✅')
    expect(await stateOf(first.id)).toBe('denied')
    expect(answers()).toHaveLength(1)
  })
})

describe('nothing is decided', () => {
  test.each(['🎉', '✔️', '☑️', '✅✅', 'approve', ''])('by the reaction %j', async (key) => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await react(ANNA, target, key)
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toEqual([])
  })

  test.each(['approve? hm', 'I would approve', 'deny!', 'approved', 'ask:', 'note:   '])(
    'by the words %j',
    async (text) => {
      await aLinked('anna', ANNA)
      const { id, target } = await noticed()
      await say(ANNA, target, text)
      expect(await stateOf(id)).toBe('requested')
      expect(answers()).toEqual([])
    },
  )

  test('by somebody who is not linked; each is told once, and five in an hour', async () => {
    const { id, target } = await noticed()
    for (let person = 0; person < 8; person++) {
      await react(`@person${person}:${DOMAIN}`, target, '✅')
      await react(`@person${person}:${DOMAIN}`, target, '👍')
    }
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toHaveLength(5)
    world.pass(HOUR + 1)
    await react(`@person0:${DOMAIN}`, target, '❌')
    await react(`@person7:${DOMAIN}`, target, '❌')
    expect(answers()).toHaveLength(6)
  })

  test('by what somebody did before they were linked', async () => {
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    await aLinked('anna', ANNA)
    await react(ANNA, target, '✅', event)
    expect(await stateOf(id)).toBe('requested')
  })

  test('by a moderator whose account is disabled, or who is linked no longer', async () => {
    const anna = await aLinked('anna', ANNA)
    const admin = await aModerator(world.services, 'root', 'administrator')
    const { id, target } = await noticed()
    await admin.api.moderators.setDisabled({ id: anna.id, disabled: true })
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('requested')
  })

  test('by an event that comes again, whatever happened since', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    await anna.api.moderation.undo({ id })
    await world.drain()
    await react(ANNA, target, '✅', event)
    expect(await stateOf(id)).toBe('requested')
  })

  test('by the same wish of the same person again, nor by that one once it is taken back', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const first = await react(ANNA, target, '✅')
    const second = await react(ANNA, target, '👍')
    expect(answers()).toEqual([])
    await remove(ANNA, first)
    expect(await stateOf(id)).toBe('requested')
    await react(ANNA, target, '👍', second)
    expect(await stateOf(id)).toBe('requested')
  })

  test('by reactions of this program, whoever they are from by now', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const [seed = ''] = await seedsOf(target)
    expect(seed).toMatch(/^\$/)
    await react(ANNA, target, '✅', seed)
    expect(await stateOf(id)).toBe('requested')
  })

  test('by a moderator who lacks the second factor that is required by now', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await world.database.write((tx) => putSetting(tx, 'second_factor_required', true, world.now()))
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('requested')
  })

  test('in another room, or under a message that is about no request', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await apply({ type: 'reaction', eventId: anEvent(), sender: ANNA, target, key: '✅' }, `!other:${DOMAIN}`)
    await react(ANNA, anEvent(), '✅')
    expect(await stateOf(id)).toBe('requested')
    expect(await world.database.read((reader) => reader.$count(roomEvents))).toBe(0)
  })

  test('on a message that the request has outgrown: another one follows, and counts', async () => {
    const anna = await aLinked('anna', ANNA)
    const applicant = await noticed()
    const { id, target } = applicant
    await anna.api.conversation.ask({ id, text: 'Whom do you know?' })
    await world.drain()
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toHaveLength(1)
    world.pass(60_000)
    await world.drain()
    const notices = await world.database.read((reader) => reader.select().from(roomNotices))
    const other = notices.find(({ eventId }) => eventId !== target)?.eventId ?? ''
    await react(ANNA, other, '✅')
    expect(await stateOf(id)).toBe('approved')
  })

  test('on the message from before an answer of the applicant, whatever happens to the request since', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target, api } = await noticed()
    await anna.api.conversation.ask({ id, text: 'Whom do you know?' })
    await world.drain()
    world.pass(60_000)
    await api.registration.answer({ text: 'Nobody, in truth.' })
    await world.drain()
    await anna.api.conversation.take({ id, over: false })
    await world.drain()
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('requested')
    expect(answers()).toHaveLength(1)
    expect(await seedsOf(target)).toEqual([])
  })

  test('on the message of an answer, once the applicant has answered again', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, api } = await noticed()
    const answered = async (text: string) => {
      await anna.api.conversation.ask({ id, text: 'Whom do you know?' })
      await world.drain()
      world.pass(60_000)
      await api.registration.answer({ text })
      await world.drain()
      return (await world.database.read((reader) => reader.select().from(roomNotices))).at(-1)?.eventId ?? ''
    }
    const first = await answered('Ben.')
    const second = await answered('Nobody, in truth.')
    expect(second).not.toBe(first)
    await anna.api.conversation.take({ id, over: false })
    await world.drain()
    await react(ANNA, first, '✅')
    expect(await stateOf(id)).toBe('requested')
    await react(ANNA, second, '👍')
    expect(await stateOf(id)).toBe('approved')
  })

  test('on a message that names another username', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    await world.database.write(async (tx) => {
      const registration = await findRegistration(tx, id)
      if (registration === null) throw new Error('It is gone')
      const { version } = registration
      await updateRegistration(tx, { ...registration, username: username('brook'), version: version + 1 })
    })
    await anna.api.conversation.take({ id, over: false })
    await world.drain()
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('requested')
  })

  test('on a message that tells of several, which says so', async () => {
    await aLinked('anna', ANNA)
    await noticed('river')
    const several = [await requested(world, 'brook'), await requested(world, 'creek')]
    world.pass(60_000)
    await world.drain()
    const told = world.standIn.room(ROOM)?.messages.at(-1)
    expect(JSON.stringify(told?.content)).toMatch(/3 requests are waiting.*Several at once are decided there/)
    await react(ANNA, told?.eventId ?? '', '✅')
    for (const { view } of several) expect(await stateOf(view.id)).toBe('requested')
  })

  test('by removing a reaction that did not make the decision that stands', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const event = await react(ANNA, target, '✅')
    await anna.api.moderation.undo({ id })
    world.pass(1_000)
    const { version } = await anna.api.moderation.registration({ id })
    await anna.api.moderation.decide({ id, version, decision: 'approve', message: '', silent: false })
    await remove(ANNA, event)
    expect(await stateOf(id)).toBe('approved')
    expect(answers()).toEqual([])
  })
})

describe('what was written before, and is read late,', () => {
  const written = (sender: string, target: string, wish: string, sentAt: number) =>
    /[a-z]/.test(wish) ? say(sender, target, wish, sentAt) : react(sender, target, wish, anEvent(), sentAt)
  const decideAtDesk = async (id: string, decision: 'approve' | 'deny') => {
    const ben = await aModerator(world.services, 'ben')
    const { version } = await ben.api.moderation.registration({ id })
    await ben.api.moderation.decide({ id, version, decision, message: '', silent: false })
    await world.drain()
    return ben
  }

  test.each([
    [6_000, 'approved'],
    [5_000, 'requested'],
    [0, 'requested'],
    [-2_000, 'requested'],
  ])('undoes no later decision of somebody else: %i ms earlier, it is %s', async (earlier, state) => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    world.pass(10_000)
    const decidedAt = world.now()
    await decideAtDesk(id, 'approve')
    world.pass(15_000)
    await say(ANNA, target, 'undo', decidedAt - earlier)
    expect(await stateOf(id)).toBe(state)
    expect(answers()).toEqual(
      state === 'approved' ? ['Nothing changed: ben already approved this request.'] : [],
    )
  })

  test('undoes what was decided before it in the room, and read as late', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const sentAt = world.now()
    world.pass(HOUR)
    await react(ANNA, target, '✅', anEvent(), sentAt)
    await say(ANNA, target, 'undo', sentAt + 1_000)
    expect(await stateOf(id)).toBe('requested')
    world.pass(1_000)
    await react(ANNA, target, '❌', anEvent(), sentAt + 2_000)
    expect(await stateOf(id)).toBe('denied')
    expect(answers()).toEqual([])
  })

  test.each(['✅', '❌', 'approve', 'deny: We are full'])(
    'decides nothing anew that was undone on the pages since: %s',
    async (wish) => {
      await aLinked('anna', ANNA)
      const { id, target } = await noticed()
      const sentAt = world.now()
      world.pass(10_000)
      const ben = await decideAtDesk(id, 'approve')
      world.pass(1_000)
      await ben.api.moderation.undo({ id })
      await world.drain()
      world.pass(60_000)
      await written(ANNA, target, wish, sentAt)
      expect(await stateOf(id)).toBe('requested')
      expect(answers()).toEqual([expect.stringContaining('Nothing was decided')])
      const notices = await world.database.read((reader) => reader.select().from(roomNotices))
      const other = notices.find(({ eventId }) => eventId !== target)?.eventId ?? ''
      await written(ANNA, other, wish, world.now())
      expect(await stateOf(id)).not.toBe('requested')
    },
  )

  test('decides what was undone while the clock was a day ahead', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    world.pass(DAY)
    const ben = await decideAtDesk(id, 'deny')
    await ben.api.moderation.undo({ id })
    await world.drain()
    world.pass(-DAY + 1_000)
    await react(ANNA, target, '✅')
    expect(await stateOf(id)).toBe('approved')
  })

  test('decides what was not undone since', async () => {
    await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const ben = await decideAtDesk(id, 'deny')
    await ben.api.moderation.undo({ id })
    await world.drain()
    world.pass(1_000)
    const sentAt = world.now()
    world.pass(HOUR)
    await react(ANNA, target, '✅', anEvent(), sentAt)
    expect(await stateOf(id)).toBe('approved')
  })
})

describe('a moderator who lacks the second factor that is required by now', () => {
  const NEEDED = expect.stringMatching(/second factor.*: https:\/\/\S+\/admin\/account$/)
  const require = () =>
    world.database.write((tx) => putSetting(tx, 'second_factor_required', true, world.now()))

  test.each(['✅', '❌', '👀', 'deny: We are full', 'ask: Whom do you know?', 'note: I know her', 'undo'])(
    'is told so, each time, and nothing comes of %s',
    async (wish) => {
      const anna = await aLinked('anna', ANNA)
      await aLinked('ben', BEN)
      const { id, target } = await noticed()
      if (wish === 'undo') await decideOnly(world, id, 'approve')
      const before = await world.services.registrar.find(id)
      await require()
      const ask = (event = anEvent()) =>
        /[a-z]/.test(wish) ? say(ANNA, target, wish) : react(ANNA, target, wish, event)
      const event = await ask()
      expect(answers()).toEqual([NEEDED])
      if (!/[a-z]/.test(wish)) await ask(event)
      expect(answers()).toEqual([NEEDED])
      await ask()
      expect(answers()).toEqual([NEEDED, NEEDED])
      expect(await world.services.registrar.find(id)).toEqual(before)
      const notes = await world.services.registrar.notes(id)
      expect(notes).toEqual([])
      await world.database.write((tx) =>
        tx.update(moderators).set({ totpSince: world.now() }).where(eq(moderators.id, anna.id)),
      )
      await ask()
      expect(answers().filter((answer) => answer.includes('second factor'))).toHaveLength(2)
    },
  )

  test('is told so by taking something back, which stays as it is', async () => {
    const anna = await aLinked('anna', ANNA)
    const { id, target } = await noticed()
    const taken = await react(ANNA, target, '👀')
    const approved = await react(ANNA, target, '✅')
    const talk = await say(ANNA, target, 'note: I know her')
    await require()
    const before = answers().length
    await remove(ANNA, talk)
    await remove(BEN, taken)
    expect(answers()).toHaveLength(before)
    await remove(ANNA, approved)
    expect(answers().slice(before)).toEqual([NEEDED])
    expect(await world.services.registrar.find(id)).toMatchObject({ state: 'approved', decidedBy: anna.id })
  })

  test('and who is not linked is told that', async () => {
    await aLinked('anna', ANNA)
    const { target } = await noticed()
    await require()
    await react(BEN, target, '✅')
    expect(answers()).toEqual([expect.stringContaining('linked their Matrix account')])
  })
})

test('a decision stands whose moderator is disabled while it can be undone', async () => {
  const anna = await aLinked('anna', ANNA)
  const admin = await aModerator(world.services, 'root', 'administrator')
  const { id, target } = await noticed()
  const event = await react(ANNA, target, '✅')
  await admin.api.moderators.setDisabled({ id: anna.id, disabled: true })
  await remove(ANNA, event)
  world.pass(60_000)
  await world.drain()
  expect(await stateOf(id)).toBe('completed')
})

test('a request that its applicant took back says so, and to whom decides on it', async () => {
  await aLinked('anna', ANNA)
  const { id, target, api } = await noticed()
  await api.registration.withdraw({})
  await world.drain()
  await react(ANNA, target, '✅')
  expect(await stateOf(id)).toBe('withdrawn')
  expect(answers()).toHaveLength(1)
})

describe('what is answered is true of a request', () => {
  type Wish = '✅' | '❌' | '👀' | 'ask: Whom do you know?' | 'note: I know her' | 'undo'
  type Happens = (applicant: Awaited<ReturnType<typeof noticed>>) => Promise<unknown>
  /** `undo`: what it is answered. */
  const ofAll = (answer: string, undo: string): Record<Wish, string> => ({
    '✅': answer,
    '❌': answer,
    '👀': answer,
    'ask: Whom do you know?': answer,
    'note: I know her': 'The note was added',
    undo,
  })
  const decideAtDesk = async (id: string, decision: 'approve' | 'deny') => {
    const ben = await aModerator(world.services, 'ben')
    const { version } = await ben.api.moderation.registration({ id })
    await ben.api.moderation.decide({ id, version, decision, message: '', silent: false })
    await world.drain()
  }
  const carriedOut = async (id: string, decision: 'approve' | 'deny') => {
    await decideAtDesk(id, decision)
    world.pass(60_000)
    await world.drain()
  }
  /** What reconciling with a homeserver that lost something does, or that has what this program did not know of. */
  const found = (id: string, state: AccountState | null, action: Action) =>
    world.services.registrar.act(
      id,
      action,
      { kind: 'system' },
      { account: { localpart: username('river'), state } },
    )

  test.each<[string, Happens, Record<Wish, string>]>([
    ['approved just now', ({ id }) => decideAtDesk(id, 'approve'), ofAll('ben already approved', '')],
    [
      'approved, with its account open',
      ({ id }) => carriedOut(id, 'approve'),
      ofAll('ben already approved', 'too late'),
    ],
    ['denied just now', ({ id }) => decideAtDesk(id, 'deny'), ofAll('ben already denied', '')],
    ['denied for good', ({ id }) => carriedOut(id, 'deny'), ofAll('ben already denied', 'too late')],
    [
      'on probation',
      async ({ id }) => {
        await carriedOut(id, 'approve')
        await world.database.write(async (tx) => {
          const registration = await findRegistration(tx, id)
          if (registration === null) throw new Error('It is gone')
          await updateRegistration(tx, {
            ...registration,
            probation: 'running',
            probationUntil: world.now() + DAY,
          })
        })
      },
      ofAll('ben already approved', 'too late'),
    ],
    [
      'whose account was found open',
      ({ id }) => found(id, 'open', { type: 'found_open' }),
      ofAll('this request is already approved', 'too late'),
    ],
    [
      'whose account was found removed',
      ({ id }) => found(id, 'removed', { type: 'found_removed' }),
      ofAll('this request is already denied', 'too late'),
    ],
    [
      'withdrawn',
      async ({ api }) => {
        await api.registration.withdraw({})
        await world.drain()
      },
      ofAll('was withdrawn', 'was withdrawn'),
    ],
    [
      'that lacks its password again',
      ({ id }) => found(id, null, { type: 'account_missing' }),
      ofAll('incomplete', 'incomplete'),
    ],
    [
      'that waits, though its account is somebody else’s by now',
      ({ id }) => found(id, 'doubtful', { type: 'speak', language: 'en' }),
      {
        '✅': 'can’t be done here',
        '👀': '',
        'ask: Whom do you know?': 'question has been asked',
        'note: I know her': 'The note was added',
        undo: 'Nothing to undo',
        '❌': '',
      },
    ],
  ])('%s', async (_, happens, expected) => {
    await aLinked('anna', ANNA)
    const applicant = await noticed()
    await happens(applicant)
    const read = async (wish: string) => {
      const count = answers().length
      await (/[a-z]/.test(wish) ? say(ANNA, applicant.target, wish) : react(ANNA, applicant.target, wish))
      return answers().slice(count)
    }
    for (const [wish, answer] of Object.entries(expected))
      expect([wish, await read(wish)]).toEqual([wish, answer === '' ? [] : [expect.stringContaining(answer)]])
  })
})

test('a reaction to a request whose data is deleted is talk', async () => {
  await aLinked('anna', ANNA)
  const { id, target } = await noticed()
  await decideOn(world, id, 'deny')
  world.pass(400 * DAY)
  await world.services.scheduler.cleanUp({ dryRun: false })
  await react(ANNA, target, '✅')
  expect(await stateOf(id)).toBeUndefined()
  expect(answers()).toEqual([])
})

test('what is decided, that it was seen, and what goes with it are one transaction', async () => {
  await aLinked('anna', ANNA)
  const { id, target } = await noticed()
  const event = { type: 'reaction', eventId: anEvent(), sender: ANNA, target, key: '✅' } as const
  const broken = () => Promise.reject(new Error('The disk is full'))
  await expect(world.services.roomDecisions.apply(roomId, event, broken)).rejects.toThrow('disk is full')
  expect(await stateOf(id)).toBe('requested')
  expect(await world.database.read((reader) => reader.$count(roomEvents))).toBe(0)
  await apply(event)
  expect(await stateOf(id)).toBe('approved')
})

test('a decision in the room takes the applicant to the account', async () => {
  await aLinked('anna', ANNA)
  const { target } = await noticed()
  await react(ANNA, target, '✅')
  world.pass(60_000)
  await world.drain()
  expect(await signInToMatrix(world, 'river', PASSWORD)).toBe('in')
})
