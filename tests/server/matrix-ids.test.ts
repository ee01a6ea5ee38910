import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '$lib/registration/time'
import { createMatrixIds, type MatrixIds } from '$lib/server/auth/matrix-ids'
import { findNewestEvents } from '$lib/server/database/events'
import { findStuck } from '$lib/server/database/jobs'
import { findModeratorByMatrixId } from '$lib/server/database/matrix-ids'
import { jobs, matrixIdClaims } from '$lib/server/database/schema'
import { askMatrixId } from '$lib/server/jobs/kinds/ask-matrix-id'
import { createApi } from '$lib/server/trpc/router'
import { codeOf } from '../support/code-of'
import { aModerator, anAdminRoom, aWorld, DOMAIN, type TestWorld } from '../support/world'

/** Whose reactions in the moderators' room count as whose decisions. */
const ROOM = `#moderators:${DOMAIN}`
const ANNA = `@anna:${DOMAIN}`
const PASSWORD = 'a moderators password'
const contentSchema = v.object({
  body: v.string(),
  'm.mentions': v.object({ user_ids: v.optional(v.array(v.string())) }),
})
const reactionSchema = v.object({ 'm.relates_to': v.object({ event_id: v.string(), key: v.string() }) })

let world: TestWorld
let matrixIds: MatrixIds
let ids = 0
const offering = (offered: boolean) =>
  createMatrixIds({
    database: world.database,
    clock: world.now,
    randomId: () => `claim-${++ids}`,
    domain: DOMAIN,
    limits: world.services.limits,
    offered,
    ownMatrixId: async () => (await world.services.homeserver.identity()).userId,
  })
beforeEach(async () => {
  world = await aWorld({ matrixNotifications: { adminRoom: anAdminRoom(), welcome: null } })
  matrixIds = offering(true)
})
afterEach(() => world.dispose())

/** A moderator whose calls go to a desk where requests are decided in the room. */
async function aDecider(username: string, role: 'moderator' | 'administrator' = 'moderator') {
  const { id, jar } = await aModerator(world.services, username, role)
  const signedIn = (change: { lately?: boolean; mustSetUp?: boolean } = {}) =>
    createApi({
      services: { ...world.services, matrixIds },
      clientAddress: '203.0.113.7',
      language: 'en',
      moderator: { id, username, role, shortcuts: true, lately: true, ...change },
      cookies: {
        get: (name) => jar.get(name),
        set: (name, value) => void jar.set(name, value),
        delete: (name) => void jar.delete(name),
      },
    })
  return { id, api: signedIn(), signedIn }
}

const messages = () =>
  (world.standIn.room(ROOM)?.messages ?? []).map(({ eventId, content }) => ({
    eventId,
    ...v.parse(contentSchema, content),
  }))
/** The event IDs of messages with 🔗 below them. */
const seeded = () =>
  (world.standIn.room(ROOM)?.reactions ?? [])
    .map(({ content }) => v.parse(reactionSchema, content)['m.relates_to'])
    .filter(({ key }) => key === '🔗')
    .map(({ event_id: eventId }) => eventId)

/** Claims, and returns the message in the room that asks. */
async function asked(id: string, typed = ANNA): Promise<string> {
  const claimed = await matrixIds.claim(id, typed)
  expect(claimed.ok).toBe(true)
  await world.drain()
  return messages().at(-1)?.eventId ?? expect.unreachable()
}
const react = (eventId: string, sender = ANNA) =>
  world.database.write((tx) => matrixIds.confirm(tx, { eventId, sender }))
const linked = async (id: string) => (await matrixIds.view(id))?.linked
const owner = async (matrixId = ANNA) =>
  (await world.database.read((reader) => findModeratorByMatrixId(reader, matrixId)))?.username
const claims = () => world.database.read((reader) => reader.$count(matrixIdClaims))
const codeOfClaim = async (id: string, typed: string) => {
  const claimed = await matrixIds.claim(id, typed)
  return claimed.ok ? claimed.value.matrixId : claimed.refusal.code
}
const happened = async () =>
  (await world.database.read((reader) => findNewestEvents(reader, 50)))
    .filter(({ kind }) => kind.startsWith('matrix_id'))
    .map(({ kind, detail, moderatorId }) => ({ kind, detail, moderatorId }))

test('who claims an ID is asked in the room, mentioned there, and decides once exactly that account has reacted', async () => {
  const { id, api } = await aDecider('anna')
  expect(await api.account.matrixId()).toEqual({ linked: null, asked: null, offered: true })
  const until = world.now() + 10 * MINUTE
  expect(await api.account.claimMatrixId({ matrixId: ANNA })).toEqual({ matrixId: ANNA, expiresAt: until })
  expect((await api.account.matrixId()).asked).toEqual({ matrixId: ANNA, expiresAt: until, sent: false })
  await world.drain()
  const [message] = messages()
  expect(message?.body).toMatch(/^anna says that @anna:example\.test is .* within 10 minutes/)
  expect(message?.['m.mentions']).toEqual({ user_ids: [ANNA] })
  expect(seeded()).toEqual([message?.eventId])
  expect((await api.account.matrixId()).asked).toEqual({ matrixId: ANNA, expiresAt: until, sent: true })
  expect(await owner()).toBeUndefined()
  expect(await react(message?.eventId ?? '')).toBe('linked')
  expect(await api.account.matrixId()).toEqual({ linked: ANNA, asked: null, offered: true })
  expect(await owner()).toBe('anna')
  expect(await claims()).toBe(0)
  expect(await happened()).toEqual([{ kind: 'matrix_id_linked', detail: null, moderatorId: id }])
})

describe('nothing is linked', () => {
  test('by another sender, whoever that is, and the claim stands', async () => {
    const { id } = await aDecider('anna')
    const event = await asked(id)
    for (const sender of [`@ben:${DOMAIN}`, '@anna:other.test', `@Anna:${DOMAIN}`, `@admin:${DOMAIN}`, ''])
      expect(await react(event, sender)).toBe('ignored')
    expect(await linked(id)).toBeNull()
    expect(await react(event)).toBe('linked')
  })

  test('by a reaction to another message', async () => {
    const { id } = await aDecider('anna')
    await asked(id)
    expect(await react('$another')).toBe('ignored')
    expect(await linked(id)).toBeNull()
  })

  test('before the message is known to be in the room', async () => {
    const { id } = await aDecider('anna')
    await matrixIds.claim(id, ANNA)
    for (const event of ['', 'null']) expect(await react(event)).toBe('ignored')
    expect(await linked(id)).toBeNull()
  })

  test('after ten minutes', async () => {
    const { id } = await aDecider('anna')
    const event = await asked(id)
    world.pass(10 * MINUTE)
    expect((await matrixIds.view(id))?.asked).toBeNull()
    expect(await react(event)).toBe('ignored')
    expect([await linked(id), await claims()]).toEqual([null, 0])
  })

  test('but until then', async () => {
    const { id } = await aDecider('anna')
    const event = await asked(id)
    world.pass(10 * MINUTE - 1)
    expect(await react(event)).toBe('linked')
  })

  test('by the same reaction again, once the link was ended', async () => {
    const { id, api } = await aDecider('anna')
    const event = await asked(id)
    expect(await react(event)).toBe('linked')
    expect(await react(event)).toBe('ignored')
    await api.account.unlinkMatrixId()
    expect(await react(event)).toBe('ignored')
    expect(await linked(id)).toBeNull()
  })

  test('by a message of an earlier claim', async () => {
    const { id } = await aDecider('anna')
    const first = await asked(id)
    const second = await asked(id, `@anna.two:${DOMAIN}`)
    expect(second).not.toBe(first)
    expect(await react(first)).toBe('ignored')
    expect(await react(second, `@anna.two:${DOMAIN}`)).toBe('linked')
    expect(await linked(id)).toBe(`@anna.two:${DOMAIN}`)
  })

  test('once the claim is cancelled', async () => {
    const { id, api } = await aDecider('anna')
    const event = await asked(id)
    await api.account.cancelMatrixId()
    expect((await api.account.matrixId()).asked).toBeNull()
    expect(await react(event)).toBe('ignored')
  })

  test('where the transaction is not written', async () => {
    const { id } = await aDecider('anna')
    const event = await asked(id)
    const stopped = world.database.write(async (tx) => {
      expect(await matrixIds.confirm(tx, { eventId: event, sender: ANNA })).toBe('linked')
      throw new Error('Stopped')
    })
    await expect(stopped).rejects.toThrow('Stopped')
    expect(await linked(id)).toBeNull()
    expect(await react(event)).toBe('linked')
  })
})

test('two who claim one ID: the first reaction counts, and the other claim ends', async () => {
  const [anna, eve] = [await aDecider('anna'), await aDecider('eve')]
  const hers = await asked(anna.id)
  const others = await asked(eve.id)
  expect(messages().map(({ body }) => body.split(' ')[0])).toEqual(['anna', 'eve'])
  expect(await Promise.all([react(hers), react(others)])).toEqual(['linked', 'ignored'])
  expect([await linked(anna.id), await linked(eve.id), await claims()]).toEqual([ANNA, null, 0])
  expect(await owner()).toBe('anna')
})

test.each<[string, string]>([
  ['@anna', ANNA],
  ['anna', ANNA],
  [` ${ANNA}. `, ANNA],
  [`https://matrix.to/#/${ANNA}`, ANNA],
  [`@anna:${DOMAIN.toUpperCase()}`, ANNA],
  [`@Anna_1:${DOMAIN}`, `@Anna_1:${DOMAIN}`],
  [`@_irc|a!b:${DOMAIN}`, `@_irc|a!b:${DOMAIN}`],
  ['', 'matrix_id_invalid'],
  [`@:${DOMAIN}`, 'matrix_id_invalid'],
  [`@änna:${DOMAIN}`, 'matrix_id_invalid'],
  [`@an na:${DOMAIN}`, 'matrix_id_invalid'],
  [`@an\u200bna:${DOMAIN}`, 'matrix_id_invalid'],
  [`@${'a'.repeat(300)}:${DOMAIN}`, 'matrix_id_invalid'],
  ['anna@mail.test', 'matrix_id_invalid'],
  ['@anna:other.test', 'matrix_id_foreign'],
  [`@anna:${DOMAIN}.other.test`, 'matrix_id_foreign'],
  [`@anna:${DOMAIN}:8448`, 'matrix_id_foreign'],
  [`@admin:${DOMAIN}`, 'matrix_id_own'],
])('%j as a Matrix ID: %s', async (typed, expected) => {
  const { id } = await aDecider('anna')
  expect(await codeOfClaim(id, typed)).toBe(expected)
  expect(await claims()).toBe(expected.startsWith('@') ? 1 : 0)
})

test('an ID that is linked to somebody else cannot be claimed, and can once they have removed it', async () => {
  const [anna, eve] = [await aDecider('anna'), await aDecider('eve')]
  await react(await asked(anna.id))
  expect(await codeOfClaim(eve.id, ANNA)).toBe('matrix_id_taken')
  expect(messages()).toHaveLength(1)
  await anna.api.account.unlinkMatrixId()
  expect(await codeOfClaim(eve.id, ANNA)).toBe(ANNA)
})

test('nobody is asked more often than five times an hour', async () => {
  const [anna, eve] = [await aDecider('anna'), await aDecider('eve')]
  for (let count = 0; count < 5; count++) expect(await codeOfClaim(anna.id, ANNA)).toBe(ANNA)
  expect(await matrixIds.claim(anna.id, ANNA)).toEqual({
    ok: false,
    refusal: { code: 'too_many_tries', minutes: 60 },
  })
  expect(await codeOfClaim(eve.id, ANNA)).toBe(ANNA)
  world.pass(HOUR)
  expect(await codeOfClaim(anna.id, ANNA)).toBe(ANNA)
})

test('a claim takes a sign-in of lately, and the second factor where one is needed', async () => {
  const { signedIn } = await aDecider('anna')
  const claim = { matrixId: ANNA }
  expect(await codeOf(signedIn({ lately: false }).account.claimMatrixId(claim))).toBe('sign_in_again')
  expect(await codeOf(signedIn({ mustSetUp: true }).account.claimMatrixId(claim))).toBe(
    'second_factor_needed',
  )
  expect(await claims()).toBe(0)
  expect(await codeOf(signedIn().account.claimMatrixId(claim))).toBe('done')
  expect(await codeOf(signedIn({ lately: false }).account.cancelMatrixId())).toBe('done')
})

test('where nothing is decided in the room nobody is asked, and a link of before can be removed', async () => {
  const { id, api } = await aDecider('anna')
  await react(await asked(id))
  matrixIds = offering(false)
  expect(await codeOfClaim(id, ANNA)).toBe('not_found')
  expect(await matrixIds.view(id)).toEqual({ linked: ANNA, asked: null, offered: false })
  await api.account.unlinkMatrixId()
  expect(await linked(id)).toBeNull()
})

describe('a link ends', () => {
  test('at the hand of its moderator, which the audit log says, once', async () => {
    const { id, api } = await aDecider('anna')
    await react(await asked(id))
    await api.account.unlinkMatrixId()
    await api.account.unlinkMatrixId()
    expect(await owner()).toBeUndefined()
    const [unlinked, ...before] = await happened()
    expect(unlinked).toEqual({ kind: 'matrix_id_unlinked', detail: null, moderatorId: id })
    expect(before).toHaveLength(1)
  })

  test('at the hand of an administrator, who sees it, and what is claimed ends with it', async () => {
    const ada = await aDecider('ada', 'administrator')
    const { id } = await aDecider('anna')
    await react(await asked(id))
    const shown = async () =>
      (await ada.api.moderators.list()).people.map(({ username, matrixId }) => [username, matrixId])
    expect(await shown()).toEqual([
      ['ada', null],
      ['anna', ANNA],
    ])
    const event = await asked(id, `@anna.two:${DOMAIN}`)
    await ada.api.moderators.unlinkMatrixId({ id })
    expect(await react(event, `@anna.two:${DOMAIN}`)).toBe('ignored')
    expect(await shown()).toEqual([
      ['ada', null],
      ['anna', null],
    ])
    expect((await happened())[0]).toEqual({
      kind: 'matrix_id_unlinked',
      detail: { moderator: 'anna' },
      moderatorId: ada.id,
    })
    expect(await codeOf(ada.api.moderators.unlinkMatrixId({ id: 'nobody' }))).toBe('not_found')
  })

  test('with a moderator who is disabled, and is not back when they are', async () => {
    const ada = await aDecider('ada', 'administrator')
    const { id } = await aDecider('anna')
    await react(await asked(id))
    await ada.api.moderators.setDisabled({ id, disabled: true })
    expect(await owner()).toBeUndefined()
    expect((await happened())[0]).toMatchObject({ kind: 'matrix_id_unlinked', detail: { moderator: 'anna' } })
    await ada.api.moderators.setDisabled({ id, disabled: false })
    expect([await linked(id), await owner()]).toEqual([null, undefined])
  })

  test('with a second factor that the operator resets, as the phone may be in other hands', async () => {
    const { id } = await aDecider('anna')
    await react(await asked(id))
    expect(await linked(id)).toBe(ANNA)
    await world.services.factors.reset('anna')
    expect(await linked(id)).toBeNull()
    expect((await happened()).filter(({ kind }) => kind === 'matrix_id_unlinked')).toEqual([
      { kind: 'matrix_id_unlinked', detail: { moderator: 'anna' }, moderatorId: null },
    ])
  })

  test('with a password that the operator sets, but not with one of their own', async () => {
    const { id, api } = await aDecider('anna')
    await react(await asked(id))
    await api.account.changePassword({ now: PASSWORD, next: 'another fine password' })
    expect(await linked(id)).toBe(ANNA)
    await world.services.moderators.setPassword('anna', PASSWORD)
    expect(await linked(id)).toBeNull()
  })
})

test.each<[string, (anna: Awaited<ReturnType<typeof aDecider>>) => Promise<unknown>]>([
  ['a disabled moderator', () => world.services.moderators.disable('anna')],
  [
    'a new password',
    ({ api }) => api.account.changePassword({ now: PASSWORD, next: 'another fine password' }),
  ],
  [
    'the end of all sessions',
    ({ id }) => world.services.moderatorAccounts.signOut(id, { kind: 'command_line' }),
  ],
  ['a second factor taken off', () => world.services.factors.reset('anna')],
])('a claim ends with %s', async (_, end) => {
  const anna = await aDecider('anna')
  await anna.api.factors.begin()
  const event = await asked(anna.id)
  await end(anna)
  expect(await claims()).toBe(0)
  expect(await react(event)).toBe('ignored')
  expect(await linked(anna.id)).toBeNull()
})

test('a claim of somebody who is disabled links nothing, even if it is still there', async () => {
  const { id } = await aDecider('anna')
  const event = await asked(id)
  const [claim] = await world.database.read((reader) => reader.select().from(matrixIdClaims))
  await world.services.moderators.disable('anna')
  await world.database.write((tx) => tx.insert(matrixIdClaims).values(claim ?? expect.unreachable()))
  expect(await react(event)).toBe('ignored')
  expect([await linked(id), await claims()]).toEqual([null, 0])
  expect(await codeOfClaim(id, ANNA)).toBe('not_found')
})

test('claims that expired are deleted, and others stay', async () => {
  const [anna, eve] = [await aDecider('anna'), await aDecider('eve')]
  await asked(anna.id)
  world.pass(5 * MINUTE)
  await asked(eve.id)
  world.pass(5 * MINUTE)
  await world.services.matrixIds.deleteOld()
  const left = await world.database.read((reader) => reader.select().from(matrixIdClaims))
  expect(left.map(({ moderatorId }) => moderatorId)).toEqual([eve.id])
})

describe('the message in the room', () => {
  /** The next answer to what is sent there is lost, although it is there. */
  function loseAnswer(to: string) {
    let lost = false
    world.standIn.faults = ({ path }) => {
      if (lost || !path.includes(to)) return undefined
      lost = true
      return 'lost'
    }
  }
  const states = async () =>
    (
      await world.database.read((reader) => reader.select().from(jobs).where(eq(jobs.kind, 'ask_matrix_id')))
    ).map(({ state }) => state)

  test.each(['/send/m.room.message/', '/send/m.reaction/'])(
    'is there once after a lost answer to %s',
    async (to) => {
      loseAnswer(to)
      const { id } = await aDecider('anna')
      await matrixIds.claim(id, ANNA)
      await world.drain()
      world.pass(2 * MINUTE)
      await world.drain()
      const [message, ...others] = messages()
      expect([others, seeded(), await states()]).toEqual([[], [message?.eventId], ['done']])
      expect(await react(message?.eventId ?? '')).toBe('linked')
    },
  )

  test('whose answer was lost is not taken for one of the next claim', async () => {
    loseAnswer('/send/m.room.message/')
    const { id } = await aDecider('anna')
    await matrixIds.claim(id, ANNA)
    await world.drain()
    await matrixIds.claim(id, `@anna.two:${DOMAIN}`)
    world.pass(2 * MINUTE)
    await world.drain()
    const [first, second, ...others] = messages()
    expect(others).toEqual([])
    expect(second?.['m.mentions']).toEqual({ user_ids: [`@anna.two:${DOMAIN}`] })
    expect(await react(first?.eventId ?? '')).toBe('ignored')
    expect(await react(first?.eventId ?? '', `@anna.two:${DOMAIN}`)).toBe('ignored')
    expect(await react(second?.eventId ?? '', `@anna.two:${DOMAIN}`)).toBe('linked')
  })

  test('that is on its way while another claim takes its place does not ask about that one', async () => {
    const { id } = await aDecider('anna')
    const other = `@anna.two:${DOMAIN}`
    await matrixIds.claim(id, ANNA)
    const { homeserver, services, database, config } = world
    const sendMessage: typeof homeserver.sendMessage = async (...message) => {
      const event = await homeserver.sendMessage(...message)
      await matrixIds.claim(id, other)
      return event
    }
    await askMatrixId(
      { kind: 'ask_matrix_id', moderator: id },
      {
        database,
        homeserver: { ...homeserver, sendMessage },
        registrar: services.registrar,
        rooms: config.matrixNotifications,
        site: config.site,
      },
    )
    const [first] = messages()
    expect(await react(first?.eventId ?? '', other)).toBe('ignored')
    await world.drain()
    expect(await react(messages()[1]?.eventId ?? '', other)).toBe('linked')
  })

  test.each<[string, (id: string) => unknown]>([
    ['cancelled', (id) => matrixIds.cancelClaim(id)],
    ['expired', () => world.pass(10 * MINUTE)],
  ])('is not sent for a claim that is %s', async (_, end) => {
    const { id } = await aDecider('anna')
    await matrixIds.claim(id, ANNA)
    await end(id)
    await world.drain()
    expect([messages(), await states()]).toEqual([[], ['cancelled']])
    expect(await world.database.read(findStuck)).toEqual([])
  })

  test('is one for claims that follow each other at once, about the last of them', async () => {
    const { id } = await aDecider('anna')
    await matrixIds.claim(id, ANNA)
    await matrixIds.claim(id, `@anna.two:${DOMAIN}`)
    await world.drain()
    expect(messages().map((message) => message['m.mentions'].user_ids)).toEqual([[`@anna.two:${DOMAIN}`]])
  })

  test('holds no link that somebody typed', async () => {
    const { id } = await aDecider('anna')
    await asked(id, `@evil.test/claim:${DOMAIN}`)
    expect(messages()[0]?.body).toContain(`@evil[.]test/claim:${DOMAIN}`)
    expect(messages()[0]?.['m.mentions']).toEqual({ user_ids: [`@evil.test/claim:${DOMAIN}`] })
  })
})
