import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Logger } from 'pino'
import { findBrought } from '$lib/server/database/invitations'
import { findPasskeysOf } from '$lib/server/database/passkeys'
import { findRegistration } from '$lib/server/database/registrations'
import { logUnreadable } from '$lib/server/database/unreadable-log'
import { aBrowser, aForm, aModerator, aWorld, requested, tokenIn, type TestWorld } from '../support/world'

/** What another version, another program or a damaged disk leaves where JSON of this version is expected. */
const GARBAGE = [
  '',
  '{',
  'null',
  '7',
  '"text"',
  'true',
  '[]',
  '[1,{}]',
  '{}',
  '{"a":{"b":[]},"since":"x"}',
  'x"y',
]

let world: TestWorld
let lines: unknown[]
let end: () => void
beforeEach(async () => {
  world = await aWorld()
  lines = []
  const error: Logger['error'] = (entry: unknown) => void lines.push(entry)
  end = logUnreadable({ error })
})
afterEach(async () => {
  end()
  await world.dispose()
})

const run = (statement: ReturnType<typeof sql>) => world.database.write((tx) => tx.run(statement))
const setting = (key: string, value: string) =>
  run(sql`insert into settings (key, value, changed_at) values (${key}, ${value}, 1)
    on conflict (key) do update set value = excluded.value`)
const administrator = () => aModerator(world.services, 'boss', 'administrator')

test('a denial that cannot be read is none, and the request can be looked at', async () => {
  const { view } = await requested(world, 'river')
  const { api } = await administrator()
  for (const garbage of GARBAGE) {
    await run(sql`update registrations set denial = ${garbage}`)
    expect(await world.database.read((reader) => findRegistration(reader, view.id))).toMatchObject({
      denial: null,
    })
    expect(await api.moderation.registration({ id: view.id })).toMatchObject({ state: 'requested' })
  }
  expect(lines).toEqual([{ where: 'registrations.denial' }])
  await run(sql`update registrations set denial = '{"since":5,"silent":"so","message":7,"new":1}'`)
  expect(await world.database.read((reader) => findRegistration(reader, view.id))).toMatchObject({
    denial: { since: 5, silent: false, message: null, category: null, decidedBy: null },
  })
})

test('marks that cannot be read count as marks', async () => {
  const { view } = await requested(world, 'river')
  const { api } = await administrator()
  for (const garbage of GARBAGE.filter((value) => value !== '[]')) {
    await run(sql`update registrations set held_for = ${garbage}`)
    const { items } = await api.moderation.queue({ tab: 'all' })
    expect(items.map(({ heldFor }) => heldFor)).toEqual([['unknown']])
    expect(await api.signals.about({ id: view.id })).toMatchObject({ heldFor: ['unknown'] })
  }
  await run(sql`update registrations set held_for = '["trap","smells","odd","trap"]'`)
  const { items } = await api.moderation.queue({ tab: 'all' })
  expect(items.map(({ heldFor }) => heldFor)).toEqual([['trap', 'unknown']])
})

test('an invitation that skips review skips none where a mark cannot be read', async () => {
  const { api } = await administrator()
  const { id } = await api.invitations.make({ note: '', uses: '1', days: '1', skipReview: true })
  const { view } = await requested(world, 'river')
  await run(sql`update registrations set invitation_id = ${id}, held_for = '["smells"]'`)
  expect(await world.database.read((reader) => findBrought(reader, view.id, world.now()))).toMatchObject({
    held: true,
  })
})

test('what an event told and cannot be read is left out, of the page and of the export', async () => {
  const { view } = await requested(world, 'river')
  const { api } = await administrator()
  for (const garbage of GARBAGE)
    for (const kind of ['name_lost', 'requested', 'rang_a_bell'])
      await run(sql`insert into events (registration_id, at, kind, actor, detail)
        values (${view.id}, ${world.now()}, ${kind}, 'applicant', ${garbage})`)
  const added = GARBAGE.length * 3
  const { events } = await api.auditLog.page({})
  const told = events.slice(0, added).flatMap(({ detail }) => Object.values(detail ?? {}))
  expect(new Set(told)).toEqual(new Set(['x', 1]))
  const { before } = await api.auditLog.beginExport({ format: 'json' })
  expect((await api.auditLog.slice({ before })).events.length).toBeGreaterThan(added)
  expect((await api.moderation.registration({ id: view.id })).events.length).toBeGreaterThan(added)
  await api.signals.about({ id: view.id })
  await api.statistics.get({ days: 30 })
  expect(lines).toEqual([{ where: 'events.detail' }])
  const { version } = await api.moderation.registration({ id: view.id })
  await api.moderation.decide({ id: view.id, version, decision: 'approve', message: '', silent: false })
  await world.drain()
  expect(await api.moderation.registration({ id: view.id })).toMatchObject({ state: 'completed' })
})

test('a reply whose texts cannot be read is listed, and can be written anew', async () => {
  const { api } = await administrator()
  for (const garbage of GARBAGE)
    await run(
      sql`insert into replies (id, purpose, title, texts, changed_at) values (${`r${garbage}`}, 'deny', ${garbage}, ${garbage}, 1)`,
    )
  const listed = await api.replies.list()
  expect(listed.filter(({ id }) => id.startsWith('r')).map(({ texts }) => texts)).toEqual(
    GARBAGE.map(() => ({})),
  )
  await run(
    sql`insert into replies (id, purpose, title, texts, changed_at) values ('x', 'deny', 'x', '{"en":"No","tlh":"ghobe","de":5}', 1)`,
  )
  expect((await api.replies.list()).find(({ id }) => id === 'x')?.texts).toEqual({ en: 'No' })
  await api.replies.save({ id: 'r{', purpose: 'deny', title: 'Mended', texts: { en: 'No', de: '' } })
  expect((await api.replies.list()).find(({ id }) => id === 'r{')?.texts).toEqual({ en: 'No' })
  expect(lines).toEqual([{ where: 'replies.texts' }])
})

test('a passkey whose transports cannot be read is listed, and asked for by any', async () => {
  const { id, api } = await administrator()
  for (const garbage of GARBAGE)
    await run(sql`insert into passkeys (id, moderator_id, public_key, counter, transports, name, created_at)
      values (${`p${garbage}`}, ${id}, 'AA', 0, ${garbage}, 'Key', 1)`)
  const found = await world.database.read((reader) => findPasskeysOf(reader, id))
  expect(found.map(({ transports }) => transports)).toEqual(GARBAGE.map(() => []))
  await api.account.view()
  await api.factors.view()
  expect(lines).toEqual([{ where: 'passkeys.transports' }])
})

test('settings that cannot be read are as safe as they can be', async () => {
  const { api } = await administrator()
  for (const garbage of GARBAGE.filter((value) => value !== 'true')) {
    await setting('second_factor_required', garbage)
    expect(await api.factors.view()).toMatchObject({ required: true })
    await setting('invitation_codes_readable_until', garbage)
    await world.services.knownCodes.list()
    await setting('opening', garbage)
    expect(await api.intake.state()).toMatchObject({ opening: { open: true } })
    await world.services.intake.look()
  }
  expect(lines.map((line) => Object(line).where).sort()).toEqual([
    'settings.invitation_codes_readable_until',
    'settings.opening',
    'settings.second_factor_required',
  ])
})

test('what was closed by hand stays closed, whatever else a version says of it', async () => {
  const { api } = await administrator()
  for (const hand of [
    { says: 'closed' },
    { says: 'closed', message: { en: 'Later', fr: 'Plus tard', de: 5 }, until: 'friday', by: 7, at: null },
  ]) {
    await setting('opening', JSON.stringify({ hand, shut: 'yes', new: true }))
    expect(await api.intake.state()).toMatchObject({ opening: { open: false, why: 'by_hand', until: null } })
  }
  expect(await api.intake.state()).toMatchObject({ opening: { message: { en: 'Later' } } })
})

test('what came with a link and cannot be read is told by its registration', async () => {
  const { api } = aBrowser(world.services)
  await api.registration.start({ username: 'river', email: 'river@mail.test', proof: await aForm(world) })
  await world.drain()
  const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
  for (const garbage of GARBAGE) {
    await run(sql`update tokens set brought = ${garbage}`)
    expect(await api.verification.look({ token })).toMatchObject({ matrixId: '@river:example.test' })
  }
  expect(await api.verification.confirm({ token })).toMatchObject({ state: 'verified', username: 'river' })
  expect(lines).toEqual([{ where: 'tokens.brought' }])
})

test('a mail of a link whose row is damaged keeps nobody from asking for another', async () => {
  const { api } = aBrowser(world.services)
  await api.registration.start({ username: 'river', email: 'river@mail.test', proof: await aForm(world) })
  await world.drain()
  await run(sql`update jobs set payload = '{'`)
  for (const step of [() => api.registration.current(), () => api.registration.links(), () => world.drain()])
    await step()
  await api.registration.start({ username: 'stream', email: 'river@mail.test', proof: await aForm(world) })
  await world.drain()
  expect(world.mailbox.kinds('river@mail.test')).toEqual(['verification', 'verification'])
})
