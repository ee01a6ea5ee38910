import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventKind } from '$lib/registration/registration'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { aBrowser, aModerator, aWorld, requested, type TestWorld } from '../support/world'
import { DAY } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const run = async (sql: string) => {
  const client = createClient({ url: world.url })
  try {
    return await client.execute(sql)
  } finally {
    client.close()
  }
}

describe('the audit trail', () => {
  test('refuses to be changed or shortened, by the database itself', async () => {
    await requested(world, 'river')
    const before = (await run('select * from events order by seq')).rows.map((row) => ({ ...row }))
    expect(before.length).toBeGreaterThan(3)
    for (const sql of [
      "update events set kind = 'denied'",
      'update events set at = at where seq = 1',
      'delete from events',
      'delete from events where seq = 1',
      "insert or replace into events (seq, at, kind, actor) values (1, 1, 'denied', 'system')",
    ])
      await expect(run(sql), sql).rejects.toThrow('the audit trail cannot be changed')
    expect((await run('select * from events order by seq')).rows.map((row) => ({ ...row }))).toEqual(before)
  })

  test('lets go what is older than its boundary and 30 days, and nothing of a registration that is there', async () => {
    const { view } = await requested(world, 'river')
    const days = (count: number) => Date.now() - count * DAY
    await run(`insert into events (seq, registration_id, at, kind, actor) values
      (1001, null, ${days(400)}, 'gone', 'system'), (1002, '${view.id}', ${days(400)}, 'started', 'applicant'),
      (1003, null, ${days(29)}, 'gone', 'system'), (1004, null, ${days(200)}, 'gone', 'system')`)
    await expect(run('delete from events where seq = 1001')).rejects.toThrow('cannot be changed')
    await run(`update history_boundary set before = ${days(365)}`)
    for (const sql of [
      'update history_boundary set before = before - 1',
      `update history_boundary set before = ${days(29)}`,
      `update history_boundary set id = 2`,
      'delete from history_boundary',
      'insert into history_boundary (id, before) values (2, 1)',
      `insert or replace into history_boundary (id, before) values (1, ${days(-1)})`,
    ])
      await expect(run(sql), sql).rejects.toThrow('boundary')
    for (const seq of [1002, 1003, 1004])
      await expect(run(`delete from events where seq = ${seq}`), `${seq}`).rejects.toThrow(
        'cannot be changed',
      )
    await expect(run('delete from events where seq > 1000')).rejects.toThrow('cannot be changed')
    await run('delete from events where seq = 1001')
    const { rows } = await run('select seq from events where seq > 1000 order by seq')
    expect(rows.map(({ seq }) => seq)).toEqual([1002, 1003, 1004])
  })

  test('stands in the way of nothing: a registration goes with all its data, and its events stay', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'deny')
    world.pass(31 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect((await run('select id from registrations')).rows).toEqual([])
    const { api } = await aModerator(world.services)
    const { events } = await api.auditLog.page({ registration: view.id })
    expect(events[0]).toMatchObject({ kind: 'gone', actor: 'system', matrixId: null })
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['started', 'requested', 'denied']))
  })
})

describe('a page', () => {
  test('shows the newest first, page by page, each event once', async () => {
    const { api, id } = await aModerator(world.services)
    for (let number = 0; number < 120; number++)
      await world.services.auditLog.note([{ kind: 'rule_added', detail: { number } }], {
        kind: 'moderator',
        id,
      })
    const seen: unknown[] = []
    let before: number | undefined
    for (;;) {
      const page = await api.auditLog.page({ what: 'rules', ...(before === undefined ? {} : { before }) })
      seen.push(...page.events.map(({ detail }) => detail?.['number']))
      if (page.next === null) break
      before = page.next
    }
    expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => 119 - index))
  })

  test('is filtered by who, what, registration and days', async () => {
    const river = await requested(world, 'river')
    world.pass(3 * DAY)
    const stone = await requested(world, 'stone')
    await decideOn(world, stone.view.id, 'approve')
    const ada = await aModerator(world.services, 'ada')
    await world.services.auditLog.note([{ kind: 'rule_added' }], { kind: 'moderator', id: ada.id })
    const kinds = async (filter: Parameters<typeof ada.api.auditLog.page>[0]) =>
      (await ada.api.auditLog.page(filter)).events.map(({ kind }) => kind)

    expect(await kinds({ who: ada.id })).toEqual(['rule_added'])
    expect(await kinds({ who: 'moderators' })).toEqual(['rule_added', 'approved'])
    expect(await kinds({ who: ada.id, what: 'decisions' })).toEqual([])
    expect(await kinds({ what: 'decisions' })).toEqual(['approved'])
    expect(await kinds({ what: 'requested' })).toEqual(['requested', 'requested'])
    expect(await kinds({ what: 'requested', registration: river.view.id })).toEqual(['requested'])
    expect(new Set(await kinds({ who: 'applicants' }))).toEqual(new Set(['requested', 'verified', 'started']))
    const today = new Date(world.now()).toISOString().slice(0, 10)
    const first = new Date(world.now() - 3 * DAY).toISOString().slice(0, 10)
    expect(await kinds({ what: 'requested', from: today })).toEqual(['requested'])
    expect(await kinds({ what: 'requested', to: first })).toEqual(['requested'])
    expect(await kinds({ what: 'requested', from: first, to: today })).toHaveLength(2)
    expect(await kinds({ to: '2020-01-01' })).toEqual([])
    expect(await kinds({ from: '2099-01-01' })).toEqual([])
    const { events } = await ada.api.auditLog.page({ registration: stone.view.id })
    expect(events.map(({ matrixId }) => matrixId)).toEqual(events.map(() => '@stone:example.test'))
  })

  test('shows sign-ins and what concerns people to administrators, and to others what they did themselves', async () => {
    const [ada, bob] = [
      await aModerator(world.services, 'ada', 'administrator'),
      await aModerator(world.services, 'bob'),
    ]
    const note = (id: string, ...kinds: EventKind[]) =>
      world.services.auditLog.note(
        kinds.map((kind) => ({ kind })),
        { kind: 'moderator', id },
      )
    await note(ada.id, 'rule_added', 'signed_in', 'second_factor_off', 'moderator_invited', 'exported')
    await note(bob.id, 'signed_in', 'access_refused', 'rule_ended')
    const seen = async (by: typeof ada, filter: Parameters<typeof ada.api.auditLog.page>[0] = {}) =>
      (await by.api.auditLog.page(filter)).events.map(({ kind, moderator }) => [moderator, kind])
    const of = (name: string, ...kinds: EventKind[]) => kinds.map((kind) => [name, kind])
    expect(await seen(bob)).toEqual([
      ...of('bob', 'rule_ended', 'access_refused', 'signed_in'),
      ...of('ada', 'rule_added'),
    ])
    expect(await seen(bob, { who: ada.id })).toEqual(of('ada', 'rule_added'))
    expect(await seen(bob, { what: 'sign_ins' })).toEqual(of('bob', 'signed_in'))
    expect(await seen(bob, { what: 'second_factor_off' })).toEqual([])
    expect(await seen(bob, { who: ada.id, what: 'people' })).toEqual([])
    expect(await seen(bob, { who: 'moderators' })).toEqual(await seen(bob))
    expect(await seen(ada, { who: bob.id })).toEqual(of('bob', 'rule_ended', 'access_refused', 'signed_in'))
    expect((await seen(ada, { what: 'people' })).length).toBeGreaterThan(3)
  })

  test('is for moderators, and for filters that can be meant', async () => {
    const stranger = aBrowser(world.services)
    expect(await codeOf(stranger.api.auditLog.page({}))).toBe('not_signed_in')
    expect(await codeOf(stranger.api.auditLog.people())).toBe('not_signed_in')
    const { api } = await aModerator(world.services)
    await expect(api.auditLog.page({ from: '2026-02-31' })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    await expect(api.auditLog.page({ before: 0 })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    await expect(api.auditLog.page({ registration: 'x'.repeat(1_000_000) })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    })
  })
})

describe('an export', () => {
  test('is for administrators: who is none gets nothing, and stands in the log', async () => {
    const { api, id } = await aModerator(world.services)
    expect(await codeOf(api.auditLog.beginExport({ format: 'csv' }))).toBe('role_too_low')
    expect(await codeOf(api.auditLog.slice({ before: 100 }))).toBe('role_too_low')
    const { events } = await api.auditLog.page({ what: 'access_refused' })
    expect(events.map(({ kind, moderatorId, detail }) => [kind, moderatorId, detail?.['path']])).toEqual([
      ['access_refused', id, 'auditLog.slice'],
      ['access_refused', id, 'auditLog.beginExport'],
    ])
  })

  test('is noted with what was taken, and holds what was there before', async () => {
    await requested(world, 'river')
    const { api, id } = await aModerator(world.services, 'ada', 'administrator')
    const { before } = await api.auditLog.beginExport({ format: 'json', what: 'requested', from: '' })
    await requested(world, 'stone')
    const { events, next } = await api.auditLog.slice({ what: 'requested', before })
    expect(events.map(({ kind }) => kind)).toEqual(['requested'])
    expect(JSON.stringify(events)).not.toContain('river')
    expect(next).toBeNull()
    const [noted] = (await api.auditLog.page({ what: 'exported' })).events
    expect(noted).toMatchObject({ moderatorId: id, detail: { format: 'json', what: 'requested' } })
  })
})
