import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Notices } from '$lib/moderation/moderator'
import { moderators } from '$lib/server/database/schema'
import { MailError } from '$lib/server/mail/mail'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { aBrowser, aModerator, aWorld, requested, type TestWorld } from '../support/world'
import { DAY, HOUR, MINUTE } from '$lib/registration/time'

const OPERATOR = 'moderators@example.test'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

type Change = Partial<typeof moderators.$inferInsert>
const change = (id: string, values: Change) =>
  world.database.write(async (tx) => {
    await tx.update(moderators).set(values).where(eq(moderators.id, id))
  })

/** A moderator with a confirmed address and these wishes. */
async function hearer(
  name: string,
  wish: { notices?: Notices; remindHours?: number | null; language?: 'en' | 'de' } = {},
) {
  const moderator = await aModerator(world.services, name)
  await change(moderator.id, { emailConfirmedAt: world.now() })
  await moderator.api.notices.set({ notices: 'none', remindHours: null, language: 'en', ...wish })
  return { ...moderator, email: `${name}@example.test` }
}

const sweep = async () => {
  await world.services.scheduler.remind()
  world.pass(MINUTE + 1)
  await world.drain()
}
const lettersTo = (email: string) => world.mailbox.letters.filter(({ to }) => to.includes(email))
const waitingTo = (email: string) =>
  lettersTo(email).flatMap(({ mail, language }) =>
    mail.kind === 'moderators_waiting' ? [{ ...mail, language }] : [],
  )

describe('for each request', () => {
  test('those who want it hear of it once, in their language, and the operator as before', async () => {
    const ada = await hearer('ada', { notices: 'each' })
    const bea = await hearer('bea', { notices: 'each', language: 'de' })
    const cleo = await hearer('cleo')
    await requested(world, 'river')
    expect(waitingTo(ada.email)).toMatchObject([
      {
        requests: [{ matrixId: '@river:example.test' }],
        language: 'en',
        person: { digest: false },
        reminder: false,
      },
    ])
    expect(waitingTo(bea.email)).toMatchObject([{ language: 'de' }])
    expect(waitingTo(OPERATOR)).toHaveLength(1)
    expect(waitingTo(OPERATOR)[0]?.person).toBeUndefined()
    expect(lettersTo(cleo.email)).toEqual([])
  })

  test('several within a minute come in one mail', async () => {
    const ada = await hearer('ada', { notices: 'each' })
    await requested(world, 'river')
    world.pass(1000)
    await requested(world, 'stone')
    await requested(world, 'brook')
    expect(waitingTo(ada.email)).toHaveLength(1)
    world.pass(MINUTE)
    await world.drain()
    expect(waitingTo(ada.email).map(({ waiting }) => waiting)).toEqual([1, 3])
  })

  test('says how many wait in all, the new ones first, each with a link to it', async () => {
    const ada = await hearer('ada', { notices: 'each' })
    const ids = new Map<string, string>()
    for (const name of ['river', 'stone', 'brook', 'field']) {
      const { view } = await requested(world, name)
      ids.set(name, view.id)
      world.pass(1000)
    }
    world.pass(MINUTE)
    await world.drain()
    const linked = (name: string) => ({
      matrixId: `@${name}:example.test`,
      link: `https://register.example.test/admin/registrations/${ids.get(name)}`,
    })
    for (const address of [ada.email, OPERATOR])
      expect(waitingTo(address)).toMatchObject([
        { waiting: 1, requests: [linked('river')] },
        {
          waiting: 4,
          requests: ['field', 'brook', 'stone', 'river'].map(linked),
          link: 'https://register.example.test/admin',
        },
      ])
  })

  test('an answer to a question stands first, although its request is older than others', async () => {
    const river = await requested(world, 'river')
    await requested(world, 'stone')
    world.pass(HOUR)
    await world.drain()
    const { api } = await aModerator(world.services, 'cleo')
    await api.conversation.ask({ id: river.view.id, text: 'Whom do you know here?' })
    await world.drain()
    const before = waitingTo(OPERATOR).length
    await river.api.registration.answer({ text: 'I know two people from the repair café.' })
    world.pass(HOUR)
    await world.drain()
    expect(waitingTo(OPERATOR).slice(before)).toMatchObject([
      { waiting: 2, requests: [{ matrixId: '@river:example.test' }, { matrixId: '@stone:example.test' }] },
    ])
  })

  test('nobody hears who never confirmed the address, was disabled, or changed their mind', async () => {
    const unconfirmed = await hearer('ada', { notices: 'each' })
    const disabled = await hearer('bea', { notices: 'each' })
    const minded = await hearer('cleo', { notices: 'each' })
    await change(unconfirmed.id, { emailConfirmedAt: null })
    await world.services.moderators.disable('bea')
    await requested(world, 'river')
    expect(waitingTo(minded.email)).toHaveLength(1)
    await requested(world, 'stone')
    await minded.api.notices.set({ notices: 'none', remindHours: null, language: 'en' })
    world.pass(2 * MINUTE)
    await world.drain()
    expect([unconfirmed, disabled].flatMap(({ email }) => lettersTo(email))).toEqual([])
    expect(waitingTo(minded.email)).toHaveLength(1)
  })

  test('an address of the configuration gets one copy', async () => {
    await hearer('ada', { notices: 'each' })
    const { id } = await hearer('bea', { notices: 'each' })
    await change(id, { email: OPERATOR.toUpperCase() })
    await requested(world, 'river')
    expect(world.mailbox.letters.filter(({ to }) => to[0]?.toLowerCase() === OPERATOR)).toHaveLength(1)
  })

  test('a mailbox that takes nothing stops nobody, and nobody hears twice for it', async () => {
    const ada = await hearer('ada', { notices: 'each' })
    const bea = await hearer('bea', { notices: 'each' })
    const { send } = world.mailbox
    let tries = 0
    world.mailbox.send = (letter) => {
      if (!letter.to.includes(ada.email)) return send.call(world.mailbox, letter)
      tries++
      return Promise.reject(new MailError('The mailbox is full', { permanent: false }))
    }
    await requested(world, 'river')
    for (let hour = 0; hour < 4; hour++) {
      world.pass(HOUR)
      await world.drain()
    }
    expect(tries).toBeGreaterThan(3)
    expect(waitingTo(bea.email)).toHaveLength(1)
    expect(waitingTo(OPERATOR)).toHaveLength(1)
  })
})

describe('one a day', () => {
  test('comes at the first look after a day, lists what waits, and not when nothing does', async () => {
    const ada = await hearer('ada', { notices: 'digest' })
    await sweep()
    expect(lettersTo(ada.email)).toEqual([])
    const river = await requested(world, 'river')
    const stone = await requested(world, 'stone')
    expect(lettersTo(ada.email)).toEqual([])
    await sweep()
    expect(waitingTo(ada.email)).toMatchObject([{ waiting: 2, requests: [{}, {}], person: { digest: true } }])
    for (let hour = 0; hour < 22; hour++) {
      world.pass(HOUR)
      await sweep()
    }
    expect(waitingTo(ada.email)).toHaveLength(1)
    world.pass(2 * HOUR)
    await sweep()
    expect(waitingTo(ada.email)).toHaveLength(2)

    for (const { view } of [river, stone]) await decideOn(world, view.id, 'approve')
    world.pass(2 * DAY)
    await sweep()
    expect(waitingTo(ada.email)).toHaveLength(2)
  })

  test('does not drift, and is not lost for a year by a clock that was wrong', async () => {
    const ada = await hearer('ada', { notices: 'digest' })
    await requested(world, 'river')
    await world.services.scheduler.remind()
    world.pass(DAY - 20)
    await world.services.scheduler.remind()
    await world.drain()
    expect(waitingTo(ada.email)).toHaveLength(1)
    world.pass(MINUTE)
    await world.drain()
    await change(ada.id, { digestAt: world.now() + 365 * DAY })
    const before = waitingTo(ada.email).length
    await sweep()
    expect(waitingTo(ada.email)).toHaveLength(before + 1)
  })
})

describe('a reminder', () => {
  test('comes when the oldest has waited longer than that person likes, at most once a day', async () => {
    const ada = await hearer('ada', { remindHours: 5 })
    const bea = await hearer('bea', { remindHours: 30 })
    await requested(world, 'river')
    for (let hour = 0; hour < 5; hour++) {
      world.pass(HOUR - 2 * MINUTE)
      await sweep()
    }
    expect(lettersTo(ada.email)).toEqual([])
    for (let hour = 0; hour < 20; hour++) {
      world.pass(HOUR)
      await sweep()
    }
    expect(waitingTo(ada.email)).toMatchObject([{ reminder: true, waiting: 1 }])
    expect(lettersTo(bea.email)).toEqual([])
    world.pass(DAY)
    await sweep()
    expect(waitingTo(ada.email)).toHaveLength(2)
    expect(waitingTo(bea.email)).toHaveLength(1)
  })

  test('is not a second mail beside the daily one', async () => {
    const ada = await hearer('ada', { notices: 'digest', remindHours: 1 })
    await requested(world, 'river')
    world.pass(3 * HOUR)
    await sweep()
    await sweep()
    expect(waitingTo(ada.email)).toHaveLength(1)
  })

  test('does not come twice to an address that the configuration has reminded', async () => {
    const { id } = await hearer('ada', { remindHours: 1 })
    await change(id, { email: OPERATOR })
    await requested(world, 'river')
    world.pass(2 * HOUR)
    await sweep()
    const reminders = () => waitingTo(OPERATOR).filter(({ reminder }) => reminder).length
    expect(reminders()).toBe(1)
    world.pass(2 * DAY)
    await sweep()
    expect(reminders()).toBe(2)
  })
})

describe('the wishes', () => {
  test('are kept, noted without an address, and say whether the address is confirmed', async () => {
    const { api, id } = await aModerator(world.services, 'ada')
    expect(await api.notices.get()).toEqual({
      email: 'ada@example.test',
      notices: 'none',
      remindHours: null,
      language: 'en',
      confirmed: false,
    })
    await api.notices.set({ notices: 'digest', remindHours: 12, language: 'de' })
    expect(await api.notices.get()).toMatchObject({ notices: 'digest', remindHours: 12, language: 'de' })
    const { events } = await api.auditLog.page({ what: 'settings_changed' })
    expect(events).toMatchObject([
      { moderatorId: id, detail: { notices: 'digest', remind_hours: 12, language: 'de' } },
    ])
  })

  test.each([0, -1, 721, 1.5])('are refused with %d hours, and nothing is changed', async (remindHours) => {
    const { api } = await aModerator(world.services, 'ada')
    const wish = { notices: 'each', remindHours, language: 'de' } as const
    expect(await codeOf(api.notices.set(wish))).toBe('remind_hours_wrong')
    expect(await api.notices.get()).toMatchObject({ notices: 'none', language: 'en' })
  })

  test('are for who is signed in', async () => {
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.notices.get())).toBe('not_signed_in')
    expect(await codeOf(api.notices.set({ notices: 'each', remindHours: null, language: 'en' }))).toBe(
      'not_signed_in',
    )
  })
})
