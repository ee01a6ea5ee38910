import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '$lib/server/database/open'
import { addTallies, findTallies } from '$lib/server/database/tallies'
import { createTallyCounter } from '$lib/server/statistics/counter'
import { pino } from 'pino'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { runSql, schemaStatements } from '../support/other-process'
import { username as usernameOf } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  PASSWORD,
  requested,
  verified,
  type TestWorld,
} from '../support/world'
import { DAY, HOUR, MINUTE } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const figures = async (days: 7 | 30 | 90 | 365 = 7) =>
  (await aModerator(world.services)).api.statistics.get({ days })

describe('the figures', () => {
  test('tell of requests, decisions, how long they took, and who made them', async () => {
    const ada = await aModerator(world.services, 'ada')
    const decide = async (id: string, decision: 'approve' | 'deny') => {
      const { version } = await ada.api.moderation.registration({ id })
      await ada.api.moderation.decide({ id, version, decision, message: '', silent: false })
      await world.drain()
    }
    const river = await requested(world, 'river')
    const stone = await requested(world, 'stone')
    await requested(world, 'brook')
    world.pass(30 * MINUTE)
    await decide(river.view.id, 'approve')
    world.pass(5 * HOUR)
    await decide(stone.view.id, 'deny')

    const found = await figures()
    expect(found.bars.at(-1)).toMatchObject({ requested: 3, approved: 1, denied: 1 })
    expect(found.waits).toMatchObject({ decisions: 2, median: 30, p90: 330 })
    expect(found.funnel.map(({ step, count }) => [step, count])).toEqual([
      ['looked', 0],
      ['named', 0],
      ['started', 3],
      ['verified', 3],
      ['requested', 3],
      ['approved', 1],
      ['opened', 1],
    ])
    expect(found.moderators).toEqual([{ name: 'ada', count: 2 }])
    expect(found.categories).toEqual([{ category: '', count: 1 }])
    world.pass(8 * DAY)
    expect((await figures()).waits.decisions).toBe(0)
    expect((await figures(30)).waits.decisions).toBe(2)
  })

  test('count an approval on probation as one, and its end as no decision', async () => {
    await world.dispose()
    const { moderation } = (await import('../support/world')).aConfig()
    world = await aWorld({ moderation: { ...moderation, probation: true } })
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation')
    const { api } = await aModerator(world.services, 'ada')
    const { version } = await api.moderation.registration({ id: view.id })
    await api.moderation.endProbation({ id: view.id, version })
    await world.drain()
    const found = await figures()
    expect(found.bars.at(-1)).toMatchObject({ requested: 1, approved: 1, denied: 0 })
    expect(found.waits.decisions).toBe(1)
    expect(found.funnel.slice(-2).map(({ step, count }) => [step, count])).toEqual([
      ['approved', 1],
      ['opened', 1],
    ])
  })

  test('forget a decision that was taken back, also on the day after', async () => {
    await world.dispose()
    const { moderation } = (await import('../support/world')).aConfig()
    world = await aWorld({ moderation: { ...moderation, undoMs: HOUR } })
    // It is decided twenty minutes before midnight.
    world.pass(DAY - (world.now() % DAY) - HOUR - 20 * MINUTE)
    const { view } = await requested(world, 'river')
    world.pass(HOUR)
    const moderator = await aModerator(world.services, 'ada')
    const { version } = await moderator.api.moderation.registration({ id: view.id })
    await moderator.api.moderation.decide({
      id: view.id,
      version,
      decision: 'deny',
      message: '',
      silent: false,
    })
    expect((await figures()).waits).toMatchObject({ decisions: 1, median: 60 })
    world.pass(30 * MINUTE)
    await world.services.registrar.undo(view.id, { kind: 'moderator', id: moderator.id })
    const after = await figures()
    expect(after.waits).toMatchObject({ decisions: 0, median: null })
    expect(after.bars.reduce((sum, { denied }) => sum + denied, 0)).toBe(0)
    expect([after.categories, after.moderators, after.undone]).toEqual([[], [], 1])
  })

  describe('take for a waiting time only how long a request waited', () => {
    type Step = 'approve' | 'probation' | 'deny' | 'reopen' | 'undo' | 'carry out' | 'lose the name'
    const bars = async () => {
      const { bars, waits } = await figures()
      const sum = (of: 'approved' | 'denied') => bars.reduce((all, bar) => all + bar[of], 0)
      return {
        approved: sum('approved'),
        denied: sum('denied'),
        waits: waits.decisions,
        median: waits.median,
      }
    }
    const HALF = { waits: 1, median: 30 }
    const CASES: [name: string, steps: Step[], expected: Awaited<ReturnType<typeof bars>>][] = [
      ['a denial', ['deny'], { approved: 0, denied: 1, ...HALF }],
      [
        'a denial that ends a probation',
        ['probation', 'carry out', 'deny'],
        { approved: 1, denied: 1, ...HALF },
      ],
      [
        'that was taken back, and the approval stands',
        ['probation', 'carry out', 'deny', 'undo'],
        { approved: 1, denied: 0, ...HALF },
      ],
      [
        'that was taken back, and then denied again',
        ['probation', 'carry out', 'deny', 'undo', 'deny'],
        { approved: 1, denied: 1, ...HALF },
      ],
      ['a denial that stops an approval', ['approve', 'deny'], { approved: 1, denied: 1, ...HALF }],
      [
        'that was taken back, so that the request waits',
        ['approve', 'deny', 'undo'],
        { approved: 0, denied: 0, waits: 0, median: null },
      ],
      [
        'that was taken back, and then approved',
        ['approve', 'deny', 'undo', 'approve'],
        { approved: 1, denied: 0, waits: 1, median: 90 },
      ],
      [
        'an approval that was taken back, and then denied',
        ['approve', 'undo', 'deny'],
        { approved: 0, denied: 1, waits: 1, median: 60 },
      ],
      ['a denial that was reversed', ['deny', 'carry out', 'reopen'], { approved: 1, denied: 1, ...HALF }],
      [
        'a reversal that was stopped',
        ['deny', 'carry out', 'reopen', 'deny'],
        { approved: 1, denied: 2, ...HALF },
      ],
      [
        'a reversal that was stopped, which was taken back',
        ['deny', 'carry out', 'reopen', 'deny', 'undo'],
        { approved: 0, denied: 1, ...HALF },
      ],
      [
        'a denial under a name chosen after the approval',
        ['approve', 'lose the name', 'deny'],
        { approved: 1, denied: 1, waits: 2, median: 30 },
      ],
      [
        'that was taken back',
        ['approve', 'lose the name', 'deny', 'undo'],
        { approved: 1, denied: 0, ...HALF },
      ],
      [
        'that stops a second approval',
        ['approve', 'lose the name', 'approve', 'deny'],
        { approved: 2, denied: 1, waits: 2, median: 30 },
      ],
      [
        'that stopped a second approval, and was taken back',
        ['approve', 'lose the name', 'approve', 'deny', 'undo'],
        { approved: 1, denied: 0, ...HALF },
      ],
      [
        'a denial under a name chosen after a reversal',
        ['deny', 'carry out', 'reopen', 'lose the name', 'deny'],
        { approved: 1, denied: 2, waits: 2, median: 30 },
      ],
    ]
    const loseName = async (id: string, username: string) => {
      const { registrar } = world.services
      const lost = await registrar.act(id, { type: 'lose_name' }, { kind: 'system' })
      expect(lost).toMatchObject({ ok: true })
      expect(await registrar.chooseName(id, usernameOf(username))).toMatchObject({
        ok: true,
        value: { state: 'requested' },
      })
    }

    test.each(CASES)('%s', async (_, steps, expected) => {
      await world.dispose()
      const { moderation, registration } = aConfig()
      const isToCome = steps.includes('lose the name')
      world = await aWorld({
        moderation: { ...moderation, probation: true, undoMs: 10 * MINUTE },
        registration: { ...registration, password: isToCome ? 'after_approval' : registration.password },
      })
      const ada = await aModerator(world.services, 'ada')
      const { id } = (await requested(world, 'river')).view
      // Somebody else's decisions are none of this request.
      await requested(world, 'brook')
      for (const step of steps) {
        if (step === 'carry out') {
          await world.drain()
          world.pass(10 * MINUTE)
          await world.drain()
          continue
        }
        if (step === 'lose the name') {
          await loseName(id, 'stone')
          continue
        }
        if (step !== 'undo') world.pass(30 * MINUTE)
        const { version } = await ada.api.moderation.registration({ id })
        if (step === 'undo') await world.services.registrar.undo(id, { kind: 'moderator', id: ada.id })
        else if (step === 'reopen') await ada.api.conversation.reopen({ id, version, message: '' })
        else await ada.api.moderation.decide({ id, version, decision: step, message: '', silent: false })
      }
      expect(await bars()).toEqual(expected)
    })
  })

  test('count why applicants could not go on, but not each letter of an unfinished name', async () => {
    const { api } = aBrowser(world.services)
    await api.registration.checkUsername({ username: 'admin', typing: true })
    await api.registration.checkUsername({ username: 'admin' })
    expect(await codeOf(api.registration.start({ username: 'river', email: 'nowhere' }))).toBe(
      'email_invalid',
    )
    const applicant = await verified(world, 'river')
    await codeOf(applicant.api.registration.request({ password: 'short', reason: '', legal: true }))
    await codeOf(applicant.api.registration.request({ password: PASSWORD, reason: '', legal: true }))
    await world.services.tallyCounter.flush()
    const { refusals } = await figures()
    expect(refusals).toEqual(
      expect.arrayContaining([
        { step: 'account', code: 'reason_too_short', count: 2 },
        { step: 'account', code: 'password_too_short', count: 1 },
        { step: 'email', code: 'email_invalid', count: 1 },
        { step: 'name', code: 'username_reserved', count: 1 },
      ]),
    )
    expect(refusals).toHaveLength(4)
  })

  test('say where people stopped when their time ran out', async () => {
    await aBrowser(world.services).api.registration.start({ username: 'river', email: 'river@mail.test' })
    await verified(world, 'stone')
    world.pass(3 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect((await figures()).ends).toEqual([
      { end: 'started', count: 1 },
      { end: 'verified', count: 1 },
    ])
  })

  test('are for moderators, and for periods that there are', async () => {
    expect(await codeOf(aBrowser(world.services).api.statistics.get({ days: 7 }))).toBe('not_signed_in')
  })
})

describe('what is counted in memory', () => {
  const log = pino({ level: 'silent' })

  test('belongs to the day on which it was, is written together, and once', async () => {
    let now = Date.UTC(2026, 0, 31, 23, 59)
    const { database } = world
    const counter = createTallyCounter({ database, clock: () => now, log })
    counter.count('view:name')
    counter.count('view:name')
    now += 2 * MINUTE
    counter.count('view:name')
    await counter.flush()
    await counter.flush()
    counter.count('view:name')
    await counter.stop()
    expect(await database.read((reader) => findTallies(reader, '2026-01-31', '2026-02-01'))).toEqual([
      { day: '2026-01-31', what: 'view:name', count: 2 },
      { day: '2026-02-01', what: 'view:name', count: 2 },
    ])
  })

  test('is kept while the database does not take it, and nobody is told no for it', async () => {
    let broken = true
    const database = {
      ...world.database,
      write: <T>(work: Parameters<typeof world.database.write<T>>[0]) =>
        broken ? Promise.reject<T>(new Error('The disk is full')) : world.database.write(work),
    }
    const counter = createTallyCounter({ database, clock: world.now, log })
    counter.count('view:name')
    await counter.flush()
    counter.count('view:name')
    broken = false
    await counter.flush()
    const day = new Date(world.now()).toISOString().slice(0, 10)
    const counted = await world.database.read((reader) => findTallies(reader, day, day))
    expect(counted).toContainEqual({ day, what: 'view:name', count: 2 })
  })
})

test('a database from before has its figures counted once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registration-'))
  try {
    const at = Date.UTC(2026, 0, 10, 12)
    const event = (kind: string, minutes: number, detail = 'null') =>
      `insert into events (registration_id, at, kind, actor, moderator_id, detail) values ('r1', ${at + minutes * MINUTE}, '${kind}', 'moderator', ${kind === 'denied' ? "'m1'" : 'null'}, ${detail})`
    await runSql(join(folder, 'test.db'), [
      ...schemaStatements(2),
      event('requested', 0),
      event('denied', 1234, `'{"silent":false}'`),
      event('gone', 3000, `'{"state":"denied"}'`),
    ])
    const database = await openDatabase({ url: `file:${join(folder, 'test.db')}` })
    await database.migrate()
    const counted = await database.read((reader) => findTallies(reader, '2026-01-01', '2026-01-31'))
    database.close()
    expect(counted.map(({ day, what, count }) => `${day} ${what} ${count}`)).toEqual([
      '2026-01-10 event:requested 1',
      '2026-01-11 by:m1 1',
      '2026-01-11 category: 1',
      '2026-01-11 decided:denied 1',
      '2026-01-11 event:denied 1',
      '2026-01-11 wait:1230 1',
      '2026-01-12 event:gone 1',
      '2026-01-12 gone:denied 1',
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('counts of one thing add up', async () => {
  const one = { day: '2026-01-01', what: 'view:name', count: 3 }
  await world.database.write((tx) => addTallies(tx, [one]))
  await world.database.write((tx) => addTallies(tx, [one]))
  expect(await world.database.read((reader) => findTallies(reader, '2026-01-01', '2026-01-01'))).toEqual([
    { ...one, count: 6 },
  ])
})
