import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { csvHead, csvLine } from '$lib/moderation/csv'
import { LIST_MAXIMUM, PATTERNS_MAXIMUM, RULE_COLUMNS, ruleCells } from '$lib/moderation/rule-list'
import { events, rules } from '$lib/server/database/schema'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { aBrowser, aModerator, aWorld, requested, type TestWorld } from '../support/world'
import { DAY } from '$lib/registration/time'

let world: TestWorld
let administrator: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  world = await aWorld()
  administrator = await aModerator(world.services, 'ada', 'administrator')
})
afterEach(() => world.dispose())

const blank = { format: 'lines', kind: 'domain', effect: 'block', days: null, reason: '' } as const
type Typed = Parameters<typeof administrator.api.ruleLists.preview>[0]
const list = (text: string, more: Partial<Typed> = {}): Typed => ({ ...blank, text, ...more })
const preview = (text: string, more: Partial<Typed> = {}) =>
  administrator.api.ruleLists.preview(list(text, more))
const add = async (text: string, more: Partial<Typed> = {}) => {
  const { seen } = await preview(text, more)
  return administrator.api.ruleLists.add({ ...list(text, more), seen })
}
const kept = (which = world) => which.database.read((reader) => reader.select().from(rules))
const noted = (kind: 'rules_imported' | 'access_refused' | 'exported') =>
  world.database.read((reader) => reader.select().from(events).where(eq(events.kind, kind)))
let tried = 0
const start = (email: string, clientAddress = '203.0.113.7') =>
  codeOf(
    aBrowser(world.services, { clientAddress }).api.registration.start({
      username: `tries${++tried}`,
      email,
    }),
  )
const domains = (count: number) =>
  Array.from({ length: count }, (_, index) => `spam${index}.example`).join('\n')

/** All of an export, as a table. */
async function exported({ api }: Pick<typeof administrator, 'api'>): Promise<string> {
  let text = csvHead(RULE_COLUMNS)
  for (let before: string | undefined; ;) {
    const { rules, next } = await api.ruleLists.slice({ ...(before && { before }) })
    text += rules.map((rule) => csvLine(ruleCells(rule))).join('')
    if (next === null) return text
    before = next
  }
}

describe('a list that is looked at', () => {
  test('tells what would come of it, and changes nothing', async () => {
    await requested(world, 'river', 'river@sub.spam.example')
    await requested(world, 'brook', 'brook@mail.test')
    const { view } = await requested(world, 'stone', 'stone@good.example')
    await decideOn(world, view.id, 'approve')
    await add('old.example')
    const before = [await kept(), await noted('rules_imported')]

    const text =
      'value,kind,effect\nspam.example,,\nSpam.Example.,,\nold.example,,\nold.example,,hold\ngmail.com,,\nzip,,\n10.0.0.0/8,network,\ngood.example,,allow\nno domain,,'
    const view1 = await preview(text, { format: 'csv' })
    expect(view1).toMatchObject({
      fresh: { count: 6, effects: { block: 4, hold: 1, allow: 1 } },
      there: 1,
      repeated: 1,
      skipped: 0,
      unread: { count: 1, some: [{ line: 10, value: 'no domain', refusal: { code: 'rule_value_invalid' } }] },
      broad: {
        count: 3,
        some: [
          { line: 6, value: 'gmail.com', breadth: 'provider' },
          { line: 7, value: 'zip', breadth: 'top_level' },
          { line: 8, value: '10.0.0.0/8', breadth: 'wide_network' },
        ],
      },
      waiting: { count: 1, looked: 2, more: false },
      approved: { count: 1, looked: 1, more: false },
    })
    expect(view1.fresh.some).toHaveLength(5)
    expect(view1.fresh.some[0]).toEqual({
      subject: 'domain',
      form: 'exact',
      value: 'spam.example',
      effect: 'block',
    })
    expect([await kept(), await noted('rules_imported')]).toEqual(before)
    expect(await start('a@spam.example')).toBe('done')
  })

  test('shows of what cannot be read, and of what is broad, only so much', async () => {
    const wide = Array.from(
      { length: 80 },
      (_, index) => `tld${'abcdefghij'[index % 10]}${'abcdefgh'[Math.floor(index / 10)]}`,
    )
    const view = await preview([...wide, ...Array<string>(90).fill('a b')].join('\n'))
    expect(view).toMatchObject({ unread: { count: 90 }, broad: { count: 80 } })
    expect([view.unread.some.length, view.broad.some.length]).toEqual([50, 50])
  })
})

describe('a list that is added', () => {
  test('makes the rules that do not count yet, at once, in one go and with one line in the trail', async () => {
    await add('old.example')
    await add('ends.example')
    const [, ending] = await kept()
    await administrator.api.rules.end({ id: ending?.id ?? '' })
    const text = 'old.example\nends.example\nspam.example\nspam.example\na b\n# note'
    expect(await start('a@spam.example')).toBe('done')
    expect(await add(text, { days: 7, reason: 'From a list' })).toEqual({ added: 2, there: 1 })
    expect(await start('a@spam.example')).toBe('email_blocked')
    expect(await start('a@ends.example')).toBe('email_blocked')
    const made = (await kept()).filter(({ reason }) => reason === 'From a list')
    expect(made.map(({ value, madeBy, expiresAt, hits }) => [value, madeBy, expiresAt, hits])).toEqual([
      ['ends.example', administrator.id, world.now() + 7 * DAY, 1],
      ['spam.example', administrator.id, world.now() + 7 * DAY, 1],
    ])
    const [, , line] = await noted('rules_imported')
    expect(line).toMatchObject({ moderatorId: administrator.id, detail: { count: 2, effect: 'block' } })
    expect(JSON.stringify(await noted('rules_imported'))).not.toContain('.example')

    // A second press finds nothing left to do.
    expect(await add(text, { days: 7, reason: 'From a list' })).toEqual({ added: 0, there: 3 })
    expect(await noted('rules_imported')).toHaveLength(3)
  })

  test('prolongs a rule that is there and would end sooner, and the preview counts it', async () => {
    const csv = { format: 'csv' } as const
    const first =
      'value,kind,expires\nends.example,,2026-02-01\nstays.example,,\nsame.example,,2026-02-01\nseo.*,name_pattern,2026-02-01'
    await add(first, csv)
    const second =
      'value,kind,expires\nends.example,,\nstays.example,,2026-03-01\nsame.example,,2026-02-01\nseo.*,name_pattern,2026-03-01\ntwice.example,,2026-03-01\ntwice.example,,'
    expect(await preview(second, csv)).toMatchObject({ fresh: { count: 3 }, there: 2, repeated: 1 })
    const other = world.another()
    expect(await other.rules.verdict({ domain: 'ends.example' })).toMatchObject({ effect: 'block' })
    expect(await add(second, csv)).toEqual({ added: 3, there: 2 })
    expect(await add(second, csv)).toEqual({ added: 0, there: 5 })
    const ends = new Map((await kept()).map(({ value, expiresAt }) => [value, expiresAt]))
    expect(ends).toEqual(
      new Map([
        ['ends.example', null],
        ['stays.example', null],
        ['same.example', Date.parse('2026-02-01')],
        ['seo.*', Date.parse('2026-03-01')],
        ['twice.example', null],
      ]),
    )
    expect(await kept()).toHaveLength(5)
    world.pass(100 * DAY)
    expect(await other.rules.verdict({ domain: 'ends.example' })).toMatchObject({ expiresAt: null })
    expect(await start('a@ends.example')).toBe('email_blocked')
    expect(await start('a@same.example')).toBe('done')
  })

  test('for some days is not longer because it comes again a minute later, but is a day later', async () => {
    await add('spam.example', { days: 7 })
    world.pass(60_000)
    expect(await add('spam.example', { days: 7 })).toEqual({ added: 0, there: 1 })
    world.pass(DAY)
    expect(await add('spam.example', { days: 7 })).toEqual({ added: 1, there: 0 })
    expect(await kept()).toMatchObject([{ expiresAt: world.now() + 7 * DAY }])
  })

  test('keeps its order, on the page and in an export', async () => {
    const order = ['first.example', 'b.example', 'a.example', 'third.example', '0.example', 'last.example']
    await add(order.join('\n'))
    const { items } = await administrator.api.rules.list({ over: false })
    expect(items.map(({ value }) => value)).toEqual(order)
    expect(
      [...(await exported(administrator)).matchAll(/^domain,([^,]+)/gm)].map(([, value]) => value),
    ).toEqual(order)
  })

  test('says the effect in the trail only where all have the same', async () => {
    await add('value,effect\na.example,hold\nb.example,allow', { format: 'csv' })
    expect((await noted('rules_imported'))[0]?.detail).toEqual({ count: 2 })
  })

  test('is only what was looked at', async () => {
    const { seen } = await preview('spam.example')
    const { api } = administrator
    for (const change of [
      { text: 'other.example' },
      { effect: 'allow' },
      { days: 1 },
      { kind: 'name' },
    ] as const)
      expect(await codeOf(api.ruleLists.add({ ...list('spam.example', change), seen }))).toBe('list_changed')
    expect(await codeOf(api.ruleLists.add({ ...list('spam.example'), seen: '' }))).toBe('list_changed')
    expect(await kept()).toEqual([])
    // A page gives back what it got with other ends of lines.
    expect(await api.ruleLists.add({ ...list('spam.example\r\n'), seen })).toEqual({ added: 1, there: 0 })
  })

  test('brings no more patterns than can be tried for everybody', async () => {
    const patterns = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => `seo${from + index}.*`).join('\n')
    const kind = { kind: 'name_pattern' } as const
    await add(patterns(0, PATTERNS_MAXIMUM - 1), kind)
    const { seen } = await preview(patterns(500, 1), kind)
    expect(await codeOf(preview(patterns(600, 2), kind))).toBe('list_patterns')
    await add(patterns(700, 1), kind)
    expect(await codeOf(administrator.api.ruleLists.add({ ...list(patterns(500, 1), kind), seen }))).toBe(
      'list_patterns',
    )
    expect(await add(domains(3))).toEqual({ added: 3, there: 0 })
    expect(await kept()).toHaveLength(PATTERNS_MAXIMUM + 3)
  })

  test('comes whole or not at all, in one statement, and others have a turn before and after it', async () => {
    const text = domains(LIST_MAXIMUM)
    const { seen } = await preview(text)
    let turns = 0
    const beat = () => {
      turns++
      if (!done) setImmediate(beat)
    }
    const seenCounts = new Set<number>()
    const adding = administrator.api.ruleLists.add({ ...list(text), seen })
    let done = false
    setImmediate(beat)
    void adding.finally(() => (done = true))
    while (!done) {
      seenCounts.add((await kept()).length)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(await adding).toEqual({ added: LIST_MAXIMUM, there: 0 })
    seenCounts.add((await kept()).length)
    expect([...seenCounts].sort((a, b) => a - b)).toEqual([0, LIST_MAXIMUM])
    expect(turns).toBeGreaterThan(1)
    expect(await start('a@spam4999.example')).toBe('email_blocked')
  })
})

test('lists are for administrators: who is none changes and sees nothing, and stands in the log once a try', async () => {
  const moderator = await aModerator(world.services, 'mo')
  const stranger = aBrowser(world.services)
  const { seen } = await preview('spam.example')
  const by = ({ api }: Pick<typeof moderator, 'api'>) => [
    () => api.ruleLists.limits(),
    () => api.ruleLists.preview(list('spam.example')),
    () => api.ruleLists.add({ ...list('spam.example'), seen }),
  ]
  for (const call of by(moderator)) expect(await codeOf(call())).toBe('role_too_low')
  for (const call of by(stranger)) expect(await codeOf(call())).toBe('not_signed_in')
  expect(
    (await noted('access_refused')).map(({ moderatorId, detail }) => [moderatorId, detail?.['path']]),
  ).toEqual([
    [moderator.id, 'ruleLists.limits'],
    [moderator.id, 'ruleLists.preview'],
    [moderator.id, 'ruleLists.add'],
  ])
  expect(await kept()).toEqual([])
})

describe('an export', () => {
  test('read again elsewhere is the same rules, but for those that count no more', async () => {
    await add(domains(700), { days: 30, reason: '=HYPERLINK("http://evil.example")' })
    await add(
      'value,kind,effect,reason,expires\nseo-.*,name_pattern,hold,"a, ""b""\nc",\n-x@mail.test,address,allow,,2031-01-31\n2001:db8::/32,network,block,\'-,',
      { format: 'csv' },
    )
    await add('ends.example')
    const ending = (await kept()).find(({ value }) => value === 'ends.example')
    await administrator.api.rules.end({ id: ending?.id ?? '' })
    const text = await exported(administrator)
    expect(text).not.toMatch(/(?:^|,|\n)[=+@-]/)
    expect(text).not.toContain('ends.example')

    const other = await aWorld()
    const ben = await aModerator(other.services, 'ben', 'administrator')
    const typed = { ...list(text), format: 'csv', kind: 'name', effect: 'allow', days: 1 } as const
    const { seen } = await ben.api.ruleLists.preview(typed)
    expect(await ben.api.ruleLists.add({ ...typed, seen })).toEqual({ added: 703, there: 0 })
    const same = (found: Awaited<ReturnType<typeof kept>>) =>
      found
        .filter(({ endedAt }) => endedAt === null)
        .map(({ subject, form, value, effect, reason, expiresAt }) => ({
          subject,
          form,
          value,
          effect,
          reason,
          expiresAt,
        }))
        .sort((one, two) => (one.value < two.value ? -1 : 1))
    expect(same(await kept(other))).toEqual(same(await kept()))
    await other.dispose()

    // And here nothing would come of it.
    expect(await preview(text, { format: 'csv' })).toMatchObject({
      fresh: { count: 0 },
      there: 703,
      unread: { count: 0 },
    })
  })

  test('is for who may see the list, by kind and effect, and noted with what was taken', async () => {
    await add('value,kind,effect\na.example,,\nb.example,,allow\nriver,name,', { format: 'csv' })
    const moderator = await aModerator(world.services, 'mo')
    await moderator.api.ruleLists.beginExport({ format: 'txt', kind: 'domain', effect: 'allow' })
    const values = async (filter: Parameters<typeof moderator.api.ruleLists.slice>[0]) =>
      (await moderator.api.ruleLists.slice(filter)).rules.map(({ value }) => value).sort()
    expect(await values({})).toEqual(['a.example', 'b.example', 'river'])
    expect(await values({ kind: 'domain' })).toEqual(['a.example', 'b.example'])
    expect(await values({ kind: 'domain', effect: 'allow' })).toEqual(['b.example'])
    expect((await noted('exported')).map(({ moderatorId, detail }) => [moderatorId, detail])).toEqual([
      [moderator.id, { what: 'rules', format: 'txt', kind: 'domain', effect: 'allow' }],
    ])
    const stranger = aBrowser(world.services)
    expect(await codeOf(stranger.api.ruleLists.slice({}))).toBe('not_signed_in')
    expect(await codeOf(stranger.api.ruleLists.beginExport({ format: 'csv' }))).toBe('not_signed_in')
  })
})

test('ten thousand rules count as a few do, and one that is added counts at once', async () => {
  for (const part of ['a', 'b'])
    await add(Array.from({ length: LIST_MAXIMUM }, (_, index) => `${part}${index}.example`).join('\n'))
  const outcomes = Promise.all(Array.from({ length: 20 }, (_, index) => start(`x@b${index}.example`)))
  await add('late.example')
  expect(await start('x@late.example')).toBe('email_blocked')
  expect(new Set(await outcomes)).toEqual(new Set(['email_blocked']))
  expect(await start('x@sub.a4999.example')).toBe('email_blocked')
  expect(await start('x@c1.example')).toBe('done')
})
