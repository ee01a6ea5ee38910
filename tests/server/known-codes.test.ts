import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { forgetCodes } from '$lib/server/database/known-codes'
import { events, invitations } from '$lib/server/database/schema'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, type TestWorld } from '../support/world'
import { DAY } from '$lib/registration/time'

let world: TestWorld
let ada: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  world = await aWorld()
  ada = await aModerator(world.services, 'ada', 'administrator')
})
afterEach(() => world.dispose())

type Person = typeof ada
const plain = { uses: '', days: '', note: '', skipReview: false }
const make = async (by: Person, wish: Partial<typeof plain> = {}) =>
  (await by.api.invitations.make({ ...plain, ...wish })).id
const disable = (whom: Person, disabled = true) => ada.api.moderators.setDisabled({ id: whom.id, disabled })
const demote = (whom: Person) => ada.api.moderators.setRole({ id: whom.id, role: 'moderator' })

/** Whom the list names, with the codes of each. */
const known = async () =>
  Object.fromEntries(
    (await ada.api.invitations.known()).map(({ moderator, some }) => [
      moderator.username,
      some.map(({ id }) => id).sort(),
    ]),
  )
const counting = async () =>
  (await ada.api.invitations.list({ over: false })).items.map(({ id }) => id).sort()

/** As a program before this one left a code: readable by all at the desk. */
const keptBefore = (...ids: string[]) =>
  world.database.write(async (tx) => {
    for (const id of ids)
      await tx
        .update(invitations)
        .set({ code: `sealed ${id}` })
        .where(eq(invitations.id, id))
  })
/** Whether a text stands anywhere in the database's file, once all of it is there. */
async function fileHas(text: string): Promise<boolean> {
  const client = createClient({ url: world.url })
  await client.execute('pragma wal_checkpoint(truncate)')
  client.close()
  return (await readFile(fileURLToPath(world.url))).includes(text)
}
const startAgain = () => forgetCodes(world.database, world.now())

describe('codes that programs before kept', () => {
  test('are cleared at the start, and not only marked as free: nothing of them is in the file', async () => {
    const id = await make(ada, { note: 'Kept' })
    await keptBefore(id)
    expect(await fileHas('sealed ')).toBe(true)
    expect(await startAgain()).toBe(1)
    expect(await startAgain()).toBe(0)
    const rows = await world.database.read((reader) => reader.select().from(invitations))
    expect(rows).toMatchObject([{ id, code: '', note: 'Kept' }])
    expect(await fileHas('sealed ')).toBe(false)
  })

  test('and that are sealed text or anything else show nothing, before the start as after', async () => {
    await keptBefore(await make(ada))
    expect(JSON.stringify(await ada.api.invitations.list({ over: false }))).not.toContain('sealed')
  })
})

describe('codes that somebody could know', () => {
  test('are their own, from when they are disabled on; others and what is over are not among them', async () => {
    const bob = await aModerator(world.services, 'bob')
    const [first, second, over] = [await make(bob), await make(bob), await make(bob, { days: '1' })]
    await make(ada)
    world.pass(DAY)
    expect(await known()).toEqual({})
    await disable(bob)
    expect(await known()).toEqual({ bob: [first, second].sort() })
    expect([first, second]).not.toContain(over)
    await disable(bob, false)
    expect(await known()).toEqual({})
  })

  test('are those of an administrator who is one no more, if they skip review', async () => {
    const eve = await aModerator(world.services, 'eve', 'administrator')
    const [skipping] = [await make(eve, { skipReview: true }), await make(eve)]
    expect(await known()).toEqual({})
    await demote(eve)
    expect(await known()).toEqual({ eve: [skipping] })
  })

  test('of the time when all were shown, are everybody’s who was there: to moderators, those that skip review', async () => {
    const bob = await aModerator(world.services, 'bob')
    const gone = await aModerator(world.services, 'gone')
    const [skipping, own] = [await make(ada, { skipReview: true }), await make(ada)]
    await disable(gone)
    world.pass(1000)
    const later = await make(ada, { skipReview: true })
    await keptBefore(skipping, own, later)
    await startAgain()
    world.pass(1000)
    await aModerator(world.services, 'new')
    const after = await make(ada, { skipReview: true })
    // `gone` saw none of what was made after they were disabled; `new` came when nothing was shown any more.
    expect(await known()).toEqual({ bob: [skipping, later].sort(), gone: [skipping, own].sort() })
    await disable(bob)
    expect((await known())['bob']).toEqual([skipping, own, later].sort())
    expect(await known()).not.toMatchObject({ bob: [after] })
  })

  test('are ended with one press, each with its event, and none of the others', async () => {
    const bob = await aModerator(world.services, 'bob')
    const own = [await make(bob), await make(bob)]
    const others = await make(ada)
    await disable(bob)
    expect(await ada.api.invitations.endKnown({ moderator: bob.id })).toBe(2)
    expect(await ada.api.invitations.endKnown({ moderator: bob.id })).toBe(0)
    expect(await ada.api.invitations.endKnown({ moderator: 'nobody' })).toBe(0)
    expect(await known()).toEqual({})
    expect(await counting()).toEqual([others])
    const told = await world.database.read((reader) => reader.select().from(events))
    const ended = told.filter(({ kind }) => kind === 'invitation_code_ended')
    expect(ended.map(({ moderatorId, detail }) => [moderatorId, detail?.['invitation']]).sort()).toEqual(
      own.map((id) => [ada.id, id]).sort(),
    )
  })

  test('are named a few at a time, counted all, and ended all, however many', async () => {
    const bob = await aModerator(world.services, 'bob')
    await make(bob)
    const [row] = await world.database.read((reader) => reader.select().from(invitations))
    if (row === undefined) throw new Error('There is no code')
    const more = Array.from({ length: 1200 }, (_, index) => ({ ...row, id: `${index}`, hash: `${index}` }))
    for (let at = 0; at < more.length; at += 400)
      await world.database.write((tx) => tx.insert(invitations).values(more.slice(at, at + 400)))
    await disable(bob)
    const [one] = await ada.api.invitations.known()
    expect([one?.count, one?.some.length]).toEqual([1201, 10])
    expect(await ada.api.invitations.endKnown({ moderator: bob.id })).toBe(1201)
    expect(await counting()).toEqual([])
  })

  test('are an administrator’s affair', async () => {
    const bob = await aModerator(world.services, 'bob')
    for (const attempt of [
      () => bob.api.invitations.known(),
      () => bob.api.invitations.endKnown({ moderator: ada.id }),
    ])
      expect(await codeOf(attempt())).toBe('role_too_low')
    expect(await codeOf(aBrowser(world.services).api.invitations.known())).toBe('not_signed_in')
  })
})
