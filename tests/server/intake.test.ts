import { LibsqlError } from '@libsql/client'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, test } from 'vitest'
import { findNewestEvents } from '$lib/server/database/events'
import type { RunConfig } from '$lib/server/config/run-config'
import type { Database } from '$lib/server/database/open'
import { tokens } from '$lib/server/database/schema'
import { createIntake } from '$lib/server/intake/intake'
import { username } from '../support/registration'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  DOMAIN,
  PASSWORD,
  REASON,
  requested,
  tokenIn,
  verified,
  type TestWorld,
  anAdminRoom,
} from '../support/world'
import { DAY, HOUR } from '$lib/registration/time'

const MODERATORS = 'moderators@example.test'
const ROOM = '#moderators:example.test'
const NO_WORDS = { en: '', de: '' }
const form = { password: PASSWORD, reason: REASON, legal: true }

let world: TestWorld
afterEach(() => world.dispose())

async function aDesk(
  limits: { maxWaiting?: number | null; maxPerDay?: number | null },
  change: Partial<RunConfig> = {},
) {
  const adminRoom = anAdminRoom({ room: ROOM })
  world = await aWorld({
    registration: { ...aConfig().registration, ...limits },
    matrixNotifications: { adminRoom, welcome: null },
    ...change,
  })
}

const start = (name: string, services = world.services) =>
  codeOf(aBrowser(services).api.registration.start({ username: name, email: `${name}@mail.test` }))
/** Whether a visitor of this program can start; a second is what it may remember. */
async function isOpen(services = world.services): Promise<boolean> {
  world.pass(1001)
  return (await aBrowser(services).api.registration.opening()).open
}
/** So many requests that wait; their names go on from those before. */
async function fill(from: number, to: number) {
  const people = []
  for (let index = from; index <= to; index++) people.push(await requested(world, `person${index}`))
  return people
}
const mails = () =>
  world.mailbox.letters.flatMap(({ mail }) => (mail.kind === 'moderators_opening' ? [mail] : []))
const roomTexts = () =>
  (world.standIn.room(ROOM)?.messages ?? [])
    .map(({ content }) => JSON.stringify(content))
    .filter((text) => text.includes('/admin/intake'))
/** Lets the notices go out that were gathered for a minute. */
async function aMinute() {
  world.pass(60_000)
  await world.drain()
}
/** The trail of closing and opening, oldest first. */
async function trail() {
  const events = await world.database.read((reader) => findNewestEvents(reader, 100))
  return events
    .filter(({ kind }) => kind.startsWith('registration_'))
    .map(({ kind, actor, detail }) => [kind, actor, detail])
    .reverse()
}

describe('too many who wait', () => {
  test('close it with the last there is room for, and half of them decided opens it; both are told once', async () => {
    await aDesk({ maxWaiting: 4 })
    const people = await fill(1, 3)
    expect(await start('other')).toBe('done')
    people.push(...(await fill(4, 4)))
    expect(await start('late')).toBe('registration_closed')
    expect(await isOpen()).toBe(false)
    await aMinute()
    expect(mails()).toMatchObject([{ open: false, why: 'waiting', waiting: 4, until: null }])
    expect(roomTexts()).toHaveLength(1)

    await decideOn(world, people[0]?.view.id ?? '', 'approve')
    expect(await isOpen()).toBe(false)
    expect(await start('late')).toBe('registration_closed')
    await decideOn(world, people[1]?.view.id ?? '', 'deny')
    expect(await start('late')).toBe('done')
    expect(await isOpen()).toBe(true)
    await world.services.scheduler.settleOpening()
    await world.drain()
    expect(mails()).toMatchObject([{ open: false }, { open: true, why: 'worked_off', waiting: 2 }])
    expect(roomTexts()).toHaveLength(2)
    expect(await trail()).toEqual([
      ['registration_closed', 'system', { why: 'waiting' }],
      ['registration_opened', 'system', { why: 'worked_off' }],
    ])
  })

  test('who is asked something does not wait, and does again with the answer', async () => {
    await aDesk({ maxWaiting: 2 })
    const [first] = await fill(1, 2)
    expect(await isOpen()).toBe(false)
    const { api } = await aModerator(world.services)
    const { id } = first?.view ?? { id: '' }
    await api.conversation.ask({ id, text: 'Whom do you know here?' })
    expect(await isOpen()).toBe(true)
    await first?.api.registration.answer({ text: 'Ada, from the repair café.' })
    expect(await isOpen()).toBe(false)
  })

  test('a decision that is taken back closes it again', async () => {
    const moderation = { ...aConfig().moderation, undoMs: 20_000 }
    await aDesk({ maxWaiting: 1 }, { moderation })
    const [only] = await fill(1, 1)
    const id = only?.view.id ?? ''
    const api = await decideOnly(world, id, 'deny')
    expect(await start('next')).toBe('done')
    await api.moderation.undo({ id })
    expect(await start('late')).toBe('registration_closed')
  })

  test('twenty who finish at once all finish, and it closes once', async () => {
    await aDesk({ maxWaiting: 10 })
    const people = await Promise.all(
      Array.from({ length: 20 }, (_, index) => verified(world, `racer${index}`)),
    )
    const views = await Promise.all(people.map(({ api }) => api.registration.request(form)))
    expect(views.map(({ state }) => state)).toEqual(Array.from({ length: 20 }, () => 'requested'))
    await world.drain()
    expect(await trail()).toEqual([['registration_closed', 'system', { why: 'waiting' }]])
    expect(mails()).toHaveLength(1)
    expect(roomTexts()).toHaveLength(1)
  })
})

describe('too many on one day', () => {
  test('close it until the day ends, decided or not', async () => {
    await aDesk({ maxPerDay: 3 })
    const people = await fill(1, 3)
    for (const { view } of people) await decideOn(world, view.id, 'deny')
    expect(await start('late')).toBe('registration_closed')
    expect(await aBrowser(world.services).api.registration.opening()).toEqual({
      open: false,
      why: 'per_day',
      message: null,
      until: Date.UTC(2026, 0, 16),
    })
    await aMinute()
    world.pass(12 * HOUR)
    expect(await start('late')).toBe('done')
    await world.services.scheduler.settleOpening()
    await world.drain()
    expect(mails()).toMatchObject([
      { open: false, why: 'per_day', until: Date.UTC(2026, 0, 16) },
      { open: true, why: 'new_day' },
    ])
    expect(await trail()).toEqual([
      ['registration_closed', 'system', { why: 'per_day' }],
      ['registration_opened', 'system', { why: 'new_day' }],
    ])
  })

  test('are those that asked: fifty starts with addresses of others close nothing', async () => {
    await aDesk({ maxWaiting: 3, maxPerDay: 3 })
    for (let index = 0; index < 50; index++) expect(await start(`nobody${index}`)).toBe('done')
    await verified(world, 'halfway')
    expect(await isOpen()).toBe(true)
  })
})

describe('while it is closed', () => {
  test('nothing of a start is written, counted or mailed, for a known address as for an unknown one', async () => {
    await aDesk(
      { maxWaiting: 1 },
      { rateLimit: { emailSubmission: 4, emailSubmissionHours: 24, everybodyPerMinute: 100 } },
    )
    const [known] = await fill(1, 1)
    await world.drain()
    const before = world.mailbox.letters.length
    const rows = () => world.database.read((reader) => world.services.intake.read(reader))
    const counts = await rows()
    let asked = 0
    world.standIn.faults = () => {
      asked++
      return undefined
    }
    const { api } = aBrowser(world.services)
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await start('late')).toBe('registration_closed')
      const other = { username: 'late', email: known?.email ?? '' }
      expect(await codeOf(api.registration.start(other))).toBe('registration_closed')
    }
    expect(await api.registration.checkUsername({ username: 'late' })).toMatchObject({
      refusal: { code: 'registration_closed' },
    })
    expect(asked).toBe(0)
    await world.drain()
    expect(world.mailbox.letters).toHaveLength(before)
    expect(await rows()).toEqual(counts)
    world.standIn.faults = undefined
    await decideOn(world, known?.view.id ?? '', 'deny')
    for (let attempt = 0; attempt < 3; attempt++) expect(await start('late')).toBe('done')
  })

  test('who confirmed finishes, picks another name and withdraws; who lost the link gets one', async () => {
    await aDesk({ maxWaiting: 1 })
    const second = aBrowser(world.services)
    await second.api.registration.start({ username: 'river', email: 'second@mail.test' })
    const river = await verified(world, 'river')
    const { link: lostLink } = world.mailbox.last('second@mail.test', 'verification')
    await second.api.verification.confirm({ token: tokenIn(lostLink) })
    await fill(1, 1)
    expect(await isOpen()).toBe(false)
    expect(await second.api.registration.checkUsername({ username: 'stone' })).toMatchObject({ ok: true })
    expect(await second.api.registration.chooseUsername({ username: 'stone' })).toMatchObject({
      holdsName: true,
    })
    expect(await river.api.registration.request(form)).toMatchObject({ state: 'requested' })
    expect(await river.api.registration.current()).toMatchObject({ state: 'requested' })
    expect(await second.api.registration.withdraw({})).toMatchObject({ state: 'withdrawn' })
    await aBrowser(world.services).api.registration.sendLink({ email: river.email })
    await world.drain()
    const { link } = world.mailbox.last(river.email, 'known_address')
    expect(await aBrowser(world.services).api.registration.status({ token: tokenIn(link) })).toMatchObject({
      state: 'requested',
    })
  })

  test('an address is not confirmed, and its link works when it is open again', async () => {
    await aDesk({ maxWaiting: 1 })
    expect(await start('river')).toBe('done')
    const [first] = await fill(1, 1)
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.verification.confirm({ token }))).toBe('registration_closed')
    const look = { email: 'river@mail.test', opening: { open: false, why: 'waiting' } }
    expect(await api.verification.look({ token })).toMatchObject(look)
    await decideOn(world, first?.view.id ?? '', 'deny')
    expect(await api.verification.confirm({ token })).toMatchObject({ state: 'verified' })
  })

  test('who may although it is closed can start, and confirms by the invitation', async () => {
    await aDesk({ maxWaiting: 1 })
    await fill(1, 1)
    const wish = {
      username: 'guest',
      email: 'guest@mail.test',
      language: 'en',
      clientAddress: '203.0.113.7',
      entry: { proof: '', trap: '', clientAddress: '203.0.113.7' },
      invitation: '',
    } as const
    expect(await world.services.applicant.start({ ...wish, passes: true })).toMatchObject({ ok: true })
    await world.drain()
    const token = tokenIn(world.mailbox.last('guest@mail.test', 'verification').link)
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.verification.confirm({ token }))).toBe('registration_closed')
    await world.database.write((tx) =>
      tx
        .update(tokens)
        .set({ brought: { language: 'en', clientAddress: '203.0.113.7', invitationId: 'i1', heldFor: [] } })
        .where(eq(tokens.username, username('guest'))),
    )
    expect(await api.verification.look({ token })).toMatchObject({ opening: { open: true } })
    expect(await api.verification.confirm({ token })).toMatchObject({ state: 'verified' })
  })
})

describe('by hand', () => {
  test('a moderator closes it with words and a day, and it opens on that day', async () => {
    await aDesk({ maxWaiting: 4 })
    const { api } = await aModerator(world.services)
    expect(await isOpen()).toBe(true)
    const message = { en: ' We are <b>away</b>.\r\nBack soon. ', de: '' }
    await api.intake.close({ message, until: '2026-01-17' })
    const view = {
      open: false,
      why: 'by_hand',
      message: { text: 'We are <b>away</b>.\nBack soon.', language: 'en' },
      until: Date.UTC(2026, 0, 17),
    }
    expect(await aBrowser(world.services).api.registration.opening()).toEqual(view)
    expect(await aBrowser(world.services, { language: 'de' }).api.registration.opening()).toEqual(view)
    expect(await start('late')).toBe('registration_closed')
    await world.drain()
    expect(mails()).toEqual([])

    world.pass(36 * HOUR - 1002)
    expect(await start('late')).toBe('registration_closed')
    world.pass(1)
    await world.services.scheduler.settleOpening()
    await world.drain()
    expect(await start('late')).toBe('done')
    expect(mails()).toMatchObject([{ open: true, why: 'date' }])
    expect(await trail()).toEqual([
      ['registration_closed', 'moderator', { why: 'by_hand', until: '2026-01-17' }],
      ['registration_opened', 'system', { why: 'date' }],
    ])
  })

  test('what a colleague chose meanwhile is not replaced by who looks at an old page', async () => {
    await aDesk({})
    const { api } = await aModerator(world.services)
    const theirs = { message: { en: 'Something is wrong' }, until: '' }
    await api.intake.close({ ...theirs, seen: null })
    expect(await codeOf(api.intake.close({ message: NO_WORDS, until: '', seen: null }))).toBe(
      'opening_changed',
    )
    expect(await codeOf(api.intake.open({ until: '', seen: null }))).toBe('opening_changed')
    const { hand } = await api.intake.state()
    expect(hand).toMatchObject({ says: 'closed', message: theirs.message })
    await api.intake.open({ until: '', seen: hand?.at ?? null })
    expect(await isOpen()).toBe(true)
  })

  test('a moderator opens it again', async () => {
    await aDesk({})
    const { api } = await aModerator(world.services)
    await api.intake.close({ message: NO_WORDS, until: '' })
    world.pass(400 * DAY)
    expect(await isOpen()).toBe(false)
    await api.intake.open({ until: '' })
    expect((await aBrowser(world.services).api.registration.opening()).open).toBe(true)
    expect(await api.intake.state()).toMatchObject({ opening: { open: true }, hand: null })
  })

  test('it opens although a limit closed it, until the waiting are worked off', async () => {
    await aDesk({ maxWaiting: 2 })
    const people = await fill(1, 2)
    const { api } = await aModerator(world.services, 'ada')
    await api.intake.open({ until: '' })
    expect(await start('late')).toBe('done')
    people.push(...(await fill(3, 4)))
    expect(await isOpen()).toBe(true)
    expect(await api.intake.state()).toMatchObject({
      opening: { open: true },
      hand: { says: 'open', by: 'ada', until: null },
      shut: { why: 'waiting' },
      counts: { waiting: 4, today: 4 },
      limits: { waiting: 2, perDay: null, workedOff: 1 },
    })
    for (const { view } of people.slice(0, 3)) await decideOn(world, view.id, 'deny')
    expect(await api.intake.state()).toMatchObject({ hand: null, shut: null })
    await fill(5, 5)
    expect(await start('later')).toBe('registration_closed')
    await world.drain()
    expect((await trail()).map(([kind, actor]) => [kind, actor])).toEqual([
      ['registration_closed', 'system'],
      ['registration_opened', 'moderator'],
      ['registration_closed', 'system'],
    ])
  })

  test('what cannot be meant is refused, and changes nothing', async () => {
    await aDesk({})
    const { api } = await aModerator(world.services)
    const before = await api.intake.state()
    const long = { en: 'a'.repeat(1001), de: '' }
    expect(await codeOf(api.intake.close({ message: long, until: '' }))).toBe('text_too_long')
    expect(await codeOf(api.intake.close({ message: NO_WORDS, until: '2026-01-15' }))).toBe('date_wrong')
    expect(await codeOf(api.intake.open({ until: 'tomorrow' }))).toBe('date_wrong')
    expect(await api.intake.state()).toEqual(before)
    expect(await trail()).toEqual([])
  })

  test('nobody does it without signing in', async () => {
    await aDesk({})
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.intake.close({ message: NO_WORDS, until: '' }))).toBe('not_signed_in')
    expect(await codeOf(api.intake.open({ until: '' }))).toBe('not_signed_in')
    expect(await codeOf(api.intake.state())).toBe('not_signed_in')
    expect(await isOpen()).toBe(true)
  })
})

describe('two programs on one database', () => {
  test('agree, and tell it once', async () => {
    await aDesk({ maxWaiting: 2 })
    const other = world.another()
    expect(await isOpen(other)).toBe(true)
    const people = await fill(1, 2)
    expect(await start('late', other)).toBe('registration_closed')
    expect(await isOpen(other)).toBe(false)
    await Promise.all([world.services.scheduler.settleOpening(), other.scheduler.settleOpening()])
    await aMinute()
    await decideOn(world, people[0]?.view.id ?? '', 'deny')
    await Promise.all([world.services.scheduler.settleOpening(), other.scheduler.settleOpening()])
    await world.drain()
    expect(await isOpen(other)).toBe(true)
    expect(mails()).toHaveLength(2)
    expect(roomTexts()).toHaveLength(2)
  })

  test('a start does not slip through by what the other one remembers', async () => {
    await aDesk({ maxWaiting: 1 })
    const other = world.another()
    expect((await aBrowser(other).api.registration.opening()).open).toBe(true)
    const river = await verified(world, 'river')
    await river.api.registration.request(form)
    expect(await start('late', other)).toBe('registration_closed')
  })

  test('one that starts anew goes on where it was', async () => {
    await aDesk({ maxWaiting: 4 })
    const people = await fill(1, 4)
    await decideOn(world, people[0]?.view.id ?? '', 'deny')
    const again = world.another()
    await again.registrar.settleOpening()
    expect(await isOpen(again)).toBe(false)
    await aMinute()
    expect(mails()).toHaveLength(1)
    const { api } = await aModerator(world.services)
    await api.intake.close({ message: { en: 'Away', de: 'Fort' }, until: '' })
    expect(await aBrowser(world.another(), { language: 'de' }).api.registration.opening()).toMatchObject({
      message: { text: 'Fort', language: 'de' },
    })
    await aMinute()
    expect(mails()).toHaveLength(1)
  })
})

test('an alert that is not true any more is not sent', async () => {
  await aDesk({ maxWaiting: 2 })
  const river = await verified(world, 'river')
  const stone = await verified(world, 'stone')
  await river.api.registration.request(form)
  const { id } = await stone.api.registration.request(form)
  await decideOnly(world, id, 'deny')
  await aMinute()
  expect(mails()).toMatchObject([{ open: true }])
})

test('nor one of a limit, where a moderator has closed registration by hand since', async () => {
  await aDesk({ maxWaiting: 1 })
  const { api: applicant } = await verified(world, 'river')
  await applicant.registration.request(form)
  const { api } = await aModerator(world.services)
  await api.intake.close({ message: NO_WORDS, until: '' })
  await aMinute()
  expect([mails(), roomTexts()]).toEqual([[], []])
})

test('moderators read of it in words that name no applicant', async () => {
  await aDesk({ maxWaiting: 1 }, { site: { ...aConfig().site, language: 'de' } })
  await fill(1, 1)
  await aMinute()
  expect(roomTexts()[0]).toContain('Die Registrierung wurde automatisch geschlossen')
  expect(roomTexts()[0]).toContain('https://register.example.test/admin/intake')
  expect(roomTexts()[0]).not.toContain(`person1:${DOMAIN}`)
  expect(world.mailbox.kinds(MODERATORS)).toContain('moderators_opening')
})

test('while the database is out, pages go by what was known last, and say nothing they do not know', async () => {
  await aDesk({ maxWaiting: 1 })
  const out = new LibsqlError('The disk does not answer', 'SQLITE_IOERR')
  let broken = false
  const { read } = world.database
  const database: Database = {
    ...world.database,
    read: (work) => (broken ? Promise.reject(out) : read(work)),
  }
  const opening = createIntake({
    database,
    limits: { waiting: 1, perDay: null },
    hasRoom: false,
    needsOperator: () => false,
    clock: world.now,
    log: { warn: () => undefined },
  })
  broken = true
  await expect(opening.look()).rejects.toBe(out)
  broken = false
  expect(await opening.look()).toEqual({ open: true })
  await fill(1, 1)
  broken = true
  world.pass(1001)
  expect(await opening.look()).toEqual({ open: true })
  broken = false
  expect(await opening.look()).toMatchObject({ open: false })
})

test('a process that knows the state keeps it for no longer because its clock was set back', async () => {
  world = await aWorld()
  const process = () =>
    createIntake({
      database: world.database,
      limits: { waiting: null, perDay: null },
      hasRoom: false,
      needsOperator: () => false,
      clock: world.now,
      log: { warn: () => undefined },
    })
  const [one, other] = [process(), process()]
  expect(await one.look()).toEqual({ open: true })
  world.pass(-HOUR)
  await other.close({ message: NO_WORDS, until: '' }, 'ada')
  expect(await one.look()).toMatchObject({ open: false })
})
