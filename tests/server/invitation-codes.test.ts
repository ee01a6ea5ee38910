import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readQueueFilter } from '$lib/moderation/queue-filter'
import type { Services } from '$lib/server/app'
import { CODE_TRIES } from '$lib/server/intake/invitation-codes'
import { findEvents } from '$lib/server/database/events'
import { attempts, events, invitations, registrations, tallies } from '$lib/server/database/schema'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  DOMAIN,
  PASSWORD,
  REASON,
  signInToMatrix,
  tokenIn,
  type TestWorld,
} from '../support/world'
import { DAY, HOUR } from '$lib/registration/time'

type Mode = 'off' | 'optional' | 'required'
type Change = Parameters<typeof aWorld>[0]

let world: TestWorld
let administrator: Awaited<ReturnType<typeof aModerator>>

async function open(mode: Mode, change: Change = {}): Promise<void> {
  const { registration } = aConfig()
  world = await aWorld({
    registration: { ...registration, ...change?.registration, invitations: mode },
    ...change,
  })
  administrator = await aModerator(world.services, 'ada', 'administrator')
}
beforeEach(() => open('optional'))
afterEach(() => world.dispose())

/** The same world with other settings, in place of the one that every test begins with. */
async function reopen(mode: Mode, change: Change = {}): Promise<void> {
  await world.dispose()
  await open(mode, change)
}

const plain = { uses: '', days: '', note: '', skipReview: false }
const make = (wish: Partial<typeof plain> = {}, by = administrator) =>
  by.api.invitations.make({ ...plain, ...wish })

let count = 0
/** Brings somebody who came with a code to where they set their password. */
async function verified(code: string, services: Services = world.services) {
  const name = `guest${++count}`
  const email = `${name}@mail.test`
  const browser = aBrowser(services, { clientAddress: `10.9.${count}.1` })
  await browser.api.registration.start({
    username: name,
    email,
    invitation: code,
    proof: await aForm(world),
  })
  await world.drain()
  const { link } = world.mailbox.last(email, 'verification')
  const view = await browser.api.verification.confirm({ token: tokenIn(link) })
  return { ...browser, name, email, id: view.id }
}
const ask = ({ api }: { api: ReturnType<typeof aBrowser>['api'] }, invitation?: string) =>
  api.registration.request({
    password: PASSWORD,
    reason: REASON,
    legal: true,
    ...(invitation === undefined ? {} : { invitation }),
  })
async function came(code: string) {
  const guest = await verified(code)
  const view = await ask(guest)
  return { ...guest, view }
}

const rowOf = async (id: string) =>
  (
    await world.database.read((reader) => reader.select().from(registrations).where(eq(registrations.id, id)))
  )[0]
const usesOf = async (id: string) =>
  (await world.database.read((reader) => reader.select().from(invitations).where(eq(invitations.id, id))))[0]
    ?.uses
const historyOf = (id: string) => world.database.read((reader) => findEvents(reader, id))
const setRow = (id: string, change: Partial<typeof registrations.$inferInsert>) =>
  world.database.write((tx) => tx.update(registrations).set(change).where(eq(registrations.id, id)))

describe('at the desk', () => {
  test('a code is made, shown to who made it and to nobody again, and kept so that no file and key gives it away', async () => {
    const { id, code, link } = await make({ uses: '3', days: '7', note: 'Garden party' })
    expect(code).toMatch(/^(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}$/)
    expect(link).toBe(`https://register.example.test/register?code=${code}`)
    const moderator = await aModerator(world.services)
    for (const { api } of [administrator, moderator])
      expect(JSON.stringify(await api.invitations.list({ over: false }))).not.toMatch(
        new RegExp(`${code}|"(?:code|link|hash)"`),
      )
    expect((await moderator.api.invitations.list({ over: false })).items).toMatchObject([
      {
        id,
        note: 'Garden party',
        uses: 0,
        usesMaximum: 3,
        expiresAt: world.now() + 7 * DAY,
        author: 'ada',
        skipReview: false,
        came: { count: 0, more: false },
      },
    ])
    const [row] = await world.database.read((reader) => reader.select().from(invitations))
    const letters = code.replaceAll('-', '')
    expect(row?.hash).not.toMatch(new RegExp(`${code}|${letters}`, 'i'))
    expect(row?.code).toBe('')
    const told = await world.database.read((reader) => reader.select().from(events))
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`${code}|${letters}|Garden`, 'i'))
    expect(told.find(({ kind }) => kind === 'invitation_code_made')).toMatchObject({
      moderatorId: administrator.id,
      detail: { invitation: id, uses: 3, days: 7, skip_review: false },
    })
  })

  test('what cannot be a wish is refused, and nothing is made', async () => {
    expect(await codeOf(make({ uses: '0' }))).toBe('code_uses_wrong')
    expect(await codeOf(make({ days: 'soon' }))).toBe('code_days_wrong')
    expect(await codeOf(make({ note: 'x'.repeat(201) }))).toBe('code_note_too_long')
    expect((await administrator.api.invitations.list({ over: false })).items).toEqual([])
  })

  test('only administrators make codes that open without review; whoever tries stands in the audit log', async () => {
    const moderator = await aModerator(world.services)
    expect(await codeOf(make({ skipReview: true }, moderator))).toBe('role_too_low')
    expect((await administrator.api.invitations.list({ over: false })).items).toEqual([])
    const told = await world.database.read((reader) => reader.select().from(events))
    expect(told.filter(({ kind }) => kind === 'access_refused')).toMatchObject([
      { moderatorId: moderator.id, detail: { path: 'invitations.make' } },
    ])
    await make({}, moderator)
    expect((await moderator.api.invitations.list({ over: false })).maySkipReview).toBe(false)
  })

  test('codes that open without review are listed for administrators alone, and theirs to end', async () => {
    const moderator = await aModerator(world.services)
    const [skipping, plainOne] = [await make({ skipReview: true, note: 'Staff' }), await make()]
    const ids = async ({ api }: typeof moderator, over = false) =>
      (await api.invitations.list({ over })).items.map(({ id }) => id)
    expect(await ids(administrator)).toEqual(expect.arrayContaining([skipping.id, plainOne.id]))
    expect(await ids(moderator)).toEqual([plainOne.id])
    expect(await codeOf(moderator.api.invitations.end({ id: skipping.id }))).toBe('role_too_low')
    const told = await world.database.read((reader) => reader.select().from(events))
    expect(told.filter(({ kind }) => kind === 'access_refused')).toMatchObject([
      { moderatorId: moderator.id, detail: { path: 'invitations.end' } },
    ])
    await administrator.api.invitations.end({ id: skipping.id })
    await moderator.api.invitations.end({ id: plainOne.id })
    expect(await ids(moderator, true)).toEqual([plainOne.id])
    expect(await ids(administrator)).toEqual([])
  })

  test('pages of a moderator are as full as they are long, however many codes skip review between', async () => {
    const moderator = await aModerator(world.services)
    const [one] = [await make()]
    const [row] = await world.database.read((reader) => reader.select().from(invitations))
    if (row === undefined) throw new Error('There is no code')
    const more = Array.from({ length: 150 }, (_, index) => ({
      ...row,
      id: `more-${index}`,
      hash: `more-${index}`,
      skipReview: true,
      madeAt: row.madeAt + 1 + index,
    }))
    await world.database.write((tx) => tx.insert(invitations).values(more))
    const { items, next } = await moderator.api.invitations.list({ over: false })
    expect([items.map(({ id }) => id), next]).toEqual([[one.id], null])
  })

  test('nobody who is not signed in sees, makes or ends a code', async () => {
    const { id } = await make()
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.invitations.list({ over: false }))).toBe('not_signed_in')
    expect(await codeOf(api.invitations.make(plain))).toBe('not_signed_in')
    expect(await codeOf(api.invitations.end({ id }))).toBe('not_signed_in')
    expect((await administrator.api.invitations.list({ over: false })).items).toHaveLength(1)
  })

  test('ended, expired and used-up ones stand by themselves', async () => {
    const [ended, expired, once, counting] = [
      await make(),
      await make({ days: '1' }),
      await make({ uses: '1' }),
      await make(),
    ]
    await came(once.code)
    await administrator.api.invitations.end({ id: ended.id })
    await administrator.api.invitations.end({ id: ended.id })
    world.pass(DAY)
    const [on, over] = [
      await administrator.api.invitations.list({ over: false }),
      await administrator.api.invitations.list({ over: true }),
    ]
    expect(on.items.map(({ id }) => id)).toEqual([counting.id])
    expect(Object.fromEntries(over.items.map(({ id, standing }) => [id, standing]))).toEqual({
      [ended.id]: 'ended',
      [expired.id]: 'expired',
      [once.id]: 'used_up',
    })
    const told = await world.database.read((reader) => reader.select().from(events))
    expect(told.filter(({ kind }) => kind === 'invitation_code_ended')).toHaveLength(1)
    expect(await codeOf(administrator.api.invitations.end({ id: 'nobody' }))).toBe('not_found')
  })

  test('a code of another secret key lets nobody in', async () => {
    const { code } = await make()
    const { database, config } = world
    const other = await aWorld({ ...config, secretKey: 'another-secret' })
    const [row] = await database.read((reader) => reader.select().from(invitations))
    if (row !== undefined) await other.database.write((tx) => tx.insert(invitations).values(row))
    const guest = aBrowser(other.services).api
    expect(await codeOf(guest.registration.checkInvitation({ invitation: code }))).toBe('invitation_unknown')
    await other.dispose()
  })

  test('requests show by which invitation they came, and are listed by it', async () => {
    const { id, code } = await make({ note: 'Garden party' })
    const guest = await came(code)
    const other = await came('')
    expect((await administrator.api.signals.about({ id: guest.id })).invitation).toEqual({
      id,
      note: 'Garden party',
      by: 'ada',
      skipReview: false,
    })
    expect((await administrator.api.signals.about({ id: other.id })).invitation).toBeNull()
    const { items } = await administrator.api.moderation.queue({
      ...readQueueFilter(new URLSearchParams()),
      limit: 10,
    })
    expect(Object.fromEntries(items.map((item) => [item.id, item.invitation]))).toEqual({
      [guest.id]: { note: 'Garden party', by: 'ada' },
      [other.id]: null,
    })
    const filter = readQueueFilter(new URLSearchParams(`tab=all&invitation=${id}`))
    const listed = await administrator.api.moderation.queue({ ...filter, limit: 10 })
    expect(listed.items.map((item) => item.id)).toEqual([guest.id])
    const [shown] = (await administrator.api.invitations.list({ over: false })).items
    expect(shown).toMatchObject({ uses: 1, came: { count: 1 } })
  })
})

describe('a code that is typed', () => {
  test('counts in any case, with any dashes and spaces', async () => {
    const { id, code } = await make()
    for (const typed of [code.toLowerCase(), code.replaceAll('-', ' '), ` ${code.replaceAll('-', '–')}`]) {
      const guest = await verified(typed)
      expect((await rowOf(guest.id))?.invitationId).toBe(id)
    }
  })

  test.each([
    ['ended', (id: string) => administrator.api.invitations.end({ id })],
    ['expired', async () => world.pass(DAY)],
    ['used up', async (_: string, code: string) => void (await came(code))],
  ])('and is %s is refused in its own words, and nobody is registered', async (_, spoil) => {
    const { id, code } = await make({ uses: '1', days: '1' })
    await spoil(id, code)
    const before = (await world.database.read((reader) => reader.select().from(registrations))).length
    const start = aBrowser(world.services).api.registration.start({
      username: 'late',
      email: 'late@mail.test',
      invitation: code,
    })
    expect(await codeOf(start)).toBe('invitation_over')
    expect((await world.database.read((reader) => reader.select().from(registrations))).length).toBe(before)
    expect(world.mailbox.kinds('late@mail.test')).toEqual([])
  })

  test('and that nobody made is refused the same whether the address is known or not', async () => {
    const guest = await came('')
    for (const email of [guest.email, 'new@mail.test'])
      expect(
        await codeOf(
          aBrowser(world.services).api.registration.start({
            username: 'anybody',
            email,
            invitation: 'AAAA-AAAA-AAAA-AAAA',
          }),
        ),
      ).toBe('invitation_unknown')
  })

  test('is limited for each network, however many hosts and subnets it has, and keeps no right code out', async () => {
    const { code } = await make()
    const at = (clientAddress: string, invitation: string) =>
      codeOf(aBrowser(world.services, { clientAddress }).api.registration.checkInvitation({ invitation }))
    const unknown = 'AAAA-AAAA-AAAA-AAAA'
    for (let tried = 0; tried < CODE_TRIES.count; tried++)
      expect(await at(`2001:db8::${tried}`, unknown)).toBe('invitation_unknown')
    expect(await at('2001:db8::ffff', unknown)).toBe('too_many_codes')
    expect(await at('2001:db8::ffff', code)).toBe('done')
    // All of a customer's /48 tries four times as often as one /64 of it.
    const subnets = Array.from({ length: 40 }, (_, index) => `2001:db8:0:${index + 1}00::1`)
    const said: string[] = []
    for (const subnet of subnets) said.push(await at(subnet, unknown))
    expect(said.filter((word) => word === 'invitation_unknown')).toHaveLength(3 * CODE_TRIES.count)
    expect(said.at(-1)).toBe('too_many_codes')
    expect(await at('2001:db8:1::1', unknown)).toBe('invitation_unknown')
    world.pass(HOUR)
    expect(await at('2001:db8::ffff', unknown)).toBe('invitation_unknown')
  })

  test('by 1,100 strangers keeps an invite-only server open for the invited', async () => {
    await reopen('required')
    const { code } = await make()
    const from = (index: number) =>
      aBrowser(world.services, { clientAddress: `10.${index >> 8}.${index & 255}.1` }).api.registration
    for (let stranger = 0; stranger < 1_100; stranger++) {
      const invitation = stranger % 2 === 0 ? 'AAAA-AAAA-AAAA-AAAA' : 'no code at all'
      expect(await codeOf(from(stranger).checkInvitation({ invitation }))).toBe('invitation_unknown')
    }
    const guest = { username: 'guest', email: 'guest@mail.test', invitation: code }
    expect(await codeOf(from(2_000).start(guest))).toBe('done')
    expect(await codeOf(from(0).checkInvitation({ invitation: code }))).toBe('done')
  })

  test('and counts has room that the uninvited cannot fill', async () => {
    await reopen('optional', {
      rateLimit: { emailSubmission: 1000, emailSubmissionHours: 24, everybodyPerMinute: 1 },
    })
    const { code } = await make()
    const begin = (index: number, invitation: string) => {
      const { api } = aBrowser(world.services, { clientAddress: `10.7.${index}.1` })
      const email = `room${index}@mail.test`
      return codeOf(api.registration.start({ username: `room${index}`, email, invitation }))
    }
    for (const said of ['done', 'done', 'too_many_tries']) expect(await begin(++count, '')).toBe(said)
    expect(await begin(++count, code)).toBe('done')
  })

  test('with text that cannot be a code is not even counted', async () => {
    const { api } = aBrowser(world.services)
    const before = await world.database.read((reader) => reader.$count(attempts))
    for (const invitation of ['x', 'AAAA-AAAA-AAAA', '0000-0000-0000-0000', 'é'.repeat(900), '\u0000'])
      for (let tried = 0; tried < CODE_TRIES.count; tried++)
        expect(await codeOf(api.registration.checkInvitation({ invitation }))).toBe('invitation_unknown')
    expect(await world.database.read((reader) => reader.$count(attempts))).toBe(before)
  })

  test('and counts, or counted once, is no try, however often it is looked at', async () => {
    const [good, ended] = [await make(), await make()]
    await administrator.api.invitations.end({ id: ended.id })
    const { api } = aBrowser(world.services)
    for (let look = 0; look < 2 * CODE_TRIES.count; look++) {
      expect(await codeOf(api.registration.checkInvitation({ invitation: good.code }))).toBe('done')
      expect(await codeOf(api.registration.checkInvitation({ invitation: ended.code }))).toBe(
        'invitation_over',
      )
    }
  })
})

describe('a use', () => {
  test('is counted where the registration becomes a request, and not before', async () => {
    const { id, code } = await make({ uses: '1' })
    const guests = [await verified(code), await verified(code), await verified(code)]
    expect(await usesOf(id)).toBe(0)
    expect(await codeOf(ask(guests[0] ?? administrator))).toBe('done')
    expect(await usesOf(id)).toBe(1)
  })

  test.each([false, true])(
    'is counted once, however often the request is sent; skipping review: %s',
    async (skipReview) => {
      const { id, code } = await make({ uses: '5', skipReview })
      const guest = await verified(code)
      const answers = await Promise.all([codeOf(ask(guest)), codeOf(ask(guest)), codeOf(ask(guest))])
      expect(answers).toEqual(['done', 'done', 'done'])
      expect(await codeOf(ask(guest))).toBe('done')
      expect(await usesOf(id)).toBe(1)
    },
  )

  test('is not counted again for a registration that comes back, as its account went missing', async () => {
    const { id, code } = await make({ uses: '1' })
    const guest = await came(code)
    await setRow(guest.id, { state: 'verified' })
    expect(await codeOf(ask(guest))).toBe('done')
    expect(await usesOf(id)).toBe(1)
    expect((await rowOf(guest.id))?.invitationId).toBe(id)
  })

  test('the last one goes to exactly one of two, also in two processes', async () => {
    await reopen('required')
    const { id, code } = await make({ uses: '1' })
    const other = world.another()
    const guests = [
      await verified(code),
      await verified(code, other),
      await verified(code),
      await verified(code, other),
    ]
    const answers = await Promise.all(guests.map((guest) => codeOf(ask(guest))))
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1)
    expect(answers.filter((answer) => answer === 'invitation_over')).toHaveLength(3)
    expect(await usesOf(id)).toBe(1)
    const states = await Promise.all(guests.map(async (guest) => (await rowOf(guest.id))?.state))
    expect(states.sort()).toEqual(['requested', 'verified', 'verified', 'verified'])
    await other.worker.stop(0)
  })

  test('that is not there any more stops nobody where invitations are optional', async () => {
    const { id, code } = await make({ uses: '1', skipReview: true })
    const guests = [await verified(code), await verified(code), await verified(code)]
    for (const guest of guests) expect(await codeOf(ask(guest))).toBe('done')
    const rows = await Promise.all(guests.map((guest) => rowOf(guest.id)))
    expect(rows.map((row) => [row?.state, row?.invitationId])).toEqual([
      ['approved', id],
      ['requested', null],
      ['requested', null],
    ])
    expect(await usesOf(id)).toBe(1)
  })
})

describe('where only the invited register', () => {
  beforeEach(() => reopen('required'))

  test('nobody begins without a code, and none of that is mailed or kept', async () => {
    const { api } = aBrowser(world.services)
    for (const wish of [{}, { invitation: '' }, { invitation: '  ' }]) {
      const start = api.registration.start({ username: 'alone', email: 'alone@mail.test', ...wish })
      expect(await codeOf(start)).toBe('invitation_missing')
    }
    await world.drain()
    expect(world.mailbox.kinds('alone@mail.test')).toEqual([])
    expect(await world.database.read((reader) => reader.select().from(registrations))).toEqual([])
  })

  test('who lost the invitation on the way hears so before the account is made, and goes on with another', async () => {
    const [first, second] = [await make(), await make()]
    const guest = await verified(first.code)
    expect((await guest.api.registration.current())?.invitation).toBe('by_code')
    await administrator.api.invitations.end({ id: first.id })
    expect((await guest.api.registration.current())?.invitation).toBe('needs_other_code')
    expect(await codeOf(ask(guest))).toBe('invitation_missing')
    expect(await codeOf(ask(guest, first.code))).toBe('invitation_over')
    expect(await codeOf(ask(guest, 'AAAA-AAAA-AAAA-AAAA'))).toBe('invitation_unknown')
    expect(await signInToMatrix(world, `@${guest.name}:${DOMAIN}`)).toBe('M_FORBIDDEN')
    expect(await codeOf(ask(guest, second.code))).toBe('done')
    expect(await rowOf(guest.id)).toMatchObject({ state: 'requested', invitationId: second.id })
    expect([await usesOf(first.id), await usesOf(second.id)]).toEqual([0, 1])
  })

  test('who began without a code before they were required is asked for one, and not for another', async () => {
    const guest = await verified((await make()).code)
    await setRow(guest.id, { invitationId: null })
    expect((await guest.api.registration.current())?.invitation).toBe('needs_code')
    expect(await codeOf(ask(guest))).toBe('invitation_missing')
    expect(await codeOf(ask(guest, (await make()).code))).toBe('done')
  })

  test('who is denied hears that a new request takes an invitation', async () => {
    for (const mode of ['required', 'optional', 'off'] as const) {
      await reopen(mode)
      const guest = await came((await make()).code)
      await decideOn(world, guest.id, 'deny')
      const { byInvitation } = world.mailbox.last(guest.email, 'denied')
      expect([mode, byInvitation]).toEqual([mode, mode === 'required'])
    }
  })
})

test('where they are off, codes are neither looked at nor counted, and open nothing', async () => {
  await reopen('off')
  const { id, code } = await make({ skipReview: true })
  const guest = await came(code)
  expect(await rowOf(guest.id)).toMatchObject({ state: 'requested', invitationId: null })
  // As a registration of before they were switched off.
  const other = await verified('AAAA-AAAA-AAAA-AAAA')
  await setRow(other.id, { invitationId: id })
  await ask(other)
  expect(await rowOf(other.id)).toMatchObject({ state: 'requested', invitationId: null })
  expect(await usesOf(id)).toBe(0)
})

describe('a code that opens without review', () => {
  test('approves in the name of its maker, says so in the audit log, and opens by the same jobs', async () => {
    const { id, code } = await make({ skipReview: true, note: 'Family' })
    const guest = await came(code)
    expect(await rowOf(guest.id)).toMatchObject({ state: 'approved', decidedBy: administrator.id })
    expect(await signInToMatrix(world, `@${guest.name}:${DOMAIN}`)).toBe('M_USER_LOCKED')
    await world.drain()
    expect(await rowOf(guest.id)).toMatchObject({ state: 'completed' })
    expect(await signInToMatrix(world, `@${guest.name}:${DOMAIN}`)).toBe('in')
    expect(world.mailbox.kinds(guest.email)).toEqual(['verification', 'approved'])
    expect(world.mailbox.kinds('moderators@example.test')).toEqual([])
    const approved = (await historyOf(guest.id)).find(({ kind }) => kind === 'approved')
    expect(approved).toMatchObject({
      actor: 'system',
      moderatorId: null,
      detail: { invitation: id, inviter: 'ada' },
    })
    expect((await administrator.api.moderation.registration({ id: guest.id })).decidedBy).toBe('ada')
  })

  test('counts as an approval in the figures, but as no work of a moderator, and as no waiting', async () => {
    const { code } = await make({ skipReview: true })
    const guest = await came(code)
    const counted = async () =>
      Object.fromEntries(
        (await world.database.read((reader) => reader.select().from(tallies))).map((row) => [
          row.what,
          row.count,
        ]),
      )
    expect(await counted()).toMatchObject({ 'decided:approved': 1, 'event:requested': 1 })
    expect(Object.keys(await counted()).filter((what) => /^(?:by|wait):/.test(what))).toEqual([])
    const reviewed = await came('')
    const { version } = await administrator.api.moderation.registration({ id: reviewed.id })
    await administrator.api.moderation.decide({
      id: reviewed.id,
      version,
      decision: 'approve',
      message: '',
      silent: false,
    })
    expect(await counted()).toMatchObject({
      'decided:approved': 2,
      [`by:${administrator.id}`]: 1,
      'wait:0': 1,
    })
    expect(guest.view.state).toBe('approved')
  })

  test('rests as every approval does: until then one press takes it back, and then a moderator decides', async () => {
    const moderation = { ...aConfig().moderation, undoMs: 20_000 }
    await reopen('optional', { moderation })
    const { id, code } = await make({ skipReview: true })
    const guest = await came(code)
    await world.drain()
    expect(guest.view.state).toBe('requested')
    expect(await rowOf(guest.id)).toMatchObject({ state: 'approved' })
    expect(await signInToMatrix(world, `@${guest.name}:${DOMAIN}`)).toBe('M_USER_LOCKED')
    await administrator.api.moderation.undo({ id: guest.id })
    world.pass(HOUR)
    await world.drain()
    expect(await rowOf(guest.id)).toMatchObject({ state: 'requested', decidedBy: null, invitationId: id })
    expect(await signInToMatrix(world, `@${guest.name}:${DOMAIN}`)).toBe('M_USER_LOCKED')
    // Not even where the homeserver forgets the account and the request has to come again.
    await setRow(guest.id, { state: 'verified' })
    await ask(guest)
    expect(await rowOf(guest.id)).toMatchObject({ state: 'requested' })

    const second = await came(code)
    world.pass(20_000)
    await world.drain()
    expect(await rowOf(second.id)).toMatchObject({ state: 'completed' })
  })

  test('sends the link to the password where that comes after the approval', async () => {
    const { registration } = aConfig()
    await reopen('optional', {
      registration: { ...registration, password: 'after_approval', invitations: 'optional' },
    })
    const { code } = await make({ skipReview: true })
    const guest = await came(code)
    await world.drain()
    expect(world.mailbox.kinds(guest.email)).toEqual(['verification', 'set_password'])
    expect(await rowOf(guest.id)).toMatchObject({ state: 'approved' })
  })
})

describe('nobody gets in unapproved', () => {
  /** What a person would have to be for a moderator to be asked: nothing of theirs is open, and it waits. */
  async function waits(guest: { id: string; name: string }): Promise<void> {
    await world.drain()
    expect(await rowOf(guest.id)).toMatchObject({ state: 'requested', decidedBy: null })
    expect(await signInToMatrix(world, `@${guest.name}:${DOMAIN}`)).toBe('M_USER_LOCKED')
    expect((await historyOf(guest.id)).map(({ kind }) => kind)).not.toContain('approved')
    expect(world.mailbox.kinds('moderators@example.test').length).toBeGreaterThan(0)
  }

  test('by a code of the kind that does not skip the review', async () => {
    const { code } = await make()
    await waits(await came(code))
  })

  test('by a code that somebody made up, or by the id or the hash of a real one', async () => {
    const { id } = await make({ skipReview: true })
    const [row] = await world.database.read((reader) => reader.select().from(invitations))
    for (const forged of ['AAAA-AAAA-AAAA-AAAA', id, row?.hash ?? ''])
      expect(
        await codeOf(
          aBrowser(world.services).api.registration.start({
            username: 'forger',
            email: 'forger@mail.test',
            invitation: forged,
          }),
        ),
        forged,
      ).toBe('invitation_unknown')
    // A code typed with the request changes nothing where nobody needs one.
    const guest = await verified('')
    await ask(guest, id)
    await waits(guest)
  })

  test('by an id in a registration that no invitation has', async () => {
    const guest = await verified('')
    await setRow(guest.id, { invitationId: 'made-up' })
    await ask(guest)
    await waits(guest)
    expect(await rowOf(guest.id)).toMatchObject({ invitationId: null })
  })

  const spoiled: [string, (made: { id: string; code: string }, guest: { id: string }) => Promise<unknown>][] =
    [
      ['ended', ({ id }) => administrator.api.invitations.end({ id })],
      ['expired', async () => world.pass(DAY)],
      ['used up', ({ code }) => came(code)],
      ['held by a rule', (_, { id }) => setRow(id, { heldBy: 'some-rule' })],
      ['held for no proof of work', (_, { id }) => setRow(id, { heldFor: ['no_proof'] })],
      ['held for the trap', (_, { id }) => setRow(id, { heldFor: ['trap', 'too_fast'] })],
      [
        'made by somebody who is disabled',
        async () => {
          const eve = await aModerator(world.services, 'eve', 'administrator')
          await eve.api.moderators.setDisabled({ id: administrator.id, disabled: true })
        },
      ],
      [
        'made by somebody who is no administrator any more',
        async () => {
          const eve = await aModerator(world.services, 'eve', 'administrator')
          await eve.api.moderators.setRole({ id: administrator.id, role: 'moderator' })
        },
      ],
    ]
  test.each(spoiled)('by a code that is %s at the request', async (_, spoil) => {
    const made = await make({ skipReview: true, uses: '1', days: '1' })
    const guest = await verified(made.code)
    await spoil(made, guest)
    await ask(guest)
    await waits(guest)
  })

  test.each(['hold', 'block'] as const)('where a rule that came since would %s them', async (effect) => {
    const { code } = await make({ skipReview: true })
    const guest = await verified(code)
    const rule = { subject: 'email', form: 'exact', value: guest.email, effect } as const
    await administrator.api.rules.add({
      ...rule,
      reason: '',
      days: null,
      deny: [],
      message: '',
      category: null,
      silent: false,
    })
    await ask(guest)
    await waits(guest)
  })

  test('where a rule of the configuration would block them, and moderators see why', async () => {
    const { code } = await make({ skipReview: true })
    const guest = await verified(code)
    // As after a restart with another configuration.
    const { registration } = world.config
    Object.assign(world.config, { registration: { ...registration, blockedEmails: ['guest.*@mail\\.test'] } })
    const later = aBrowser(world.another())
    for (const [name, value] of guest.jar) later.jar.set(name, value)
    await ask(later)
    await waits(guest)
    expect(await rowOf(guest.id)).toMatchObject({ heldBy: null, heldFor: ['configuration'] })
  })
})
