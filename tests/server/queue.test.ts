import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isOldestFirst, type QueueFilter } from '$lib/moderation/queue-filter'
import { domainOf, mailboxOf, parseEmail } from '$lib/registration/email'
import type { Registration } from '$lib/registration/registration'
import { reasonSchema } from '$lib/registration/reason'
import { lookOf } from '$lib/registration/username'
import { deskNetwork } from '$lib/network/client-networks'
import { insertJob } from '$lib/server/database/jobs'
import { countTabs, findNeighbours, findPage } from '$lib/server/database/queue'
import { deleteRegistration, insertRegistration, setHeldFor } from '$lib/server/database/registrations'
import { setHeldBy } from '$lib/server/database/rules'
import * as v from 'valibot'
import { aRegistration, email, NOON, username } from '../support/registration'
import { openTestDatabase } from '../support/database'
import { DAY } from '$lib/registration/time'

const STATES = ['requested', 'denied', 'completed', 'started', 'requested', 'withdrawn'] as const
const REASONS = [
  'I know two people from the repair café who are on your server.',
  'Ich suche einen Server, der nicht von einem Konzern betrieben wird.',
  'We offer best services for your website ranking, please approve',
]
let database: Awaited<ReturnType<typeof openTestDatabase>>
let all: (Registration & { trouble: boolean; marked: 'unproved' | 'held' | null })[]

/** Three hundred of them, so that every page has a next one and many share a moment. */
function people(): typeof all {
  return Array.from({ length: 300 }, (_, index) => {
    const state = STATES[index % STATES.length] ?? 'requested'
    const exchange = index % 30 === 4 ? 'answered' : index % 30 === 10 ? 'asked' : 'none'
    return {
      ...aRegistration({
        id: `r-${((index * 7919) % 1000).toString().padStart(4, '0')}-${index}`,
        state,
        exchange: state === 'requested' ? exchange : 'none',
        username: username(index % 50 === 7 ? `river.stone${index}` : `person-${index}`),
        holdsName: false,
        email: email(`person.${index}@${index % 5 === 0 ? 'spam.example' : 'mail.test'}`),
        language: index % 3 === 1 ? 'de' : 'en',
        clientAddress: index % 4 === 0 ? '198.51.100.7' : `203.0.113.${index % 250}`,
        reason: v.parse(reasonSchema, REASONS[index % 3]),
        decidedBy: state === 'denied' ? `m${index % 2}` : null,
        startedAt: NOON - 5000,
        stateSince: NOON - Math.floor(index / 3) * 6 * 60 * 60 * 1000,
      }),
      trouble: index % 25 === 1,
      marked: index % 11 === 0 ? 'unproved' : index % 13 === 0 ? 'held' : null,
    }
  })
}

beforeAll(async () => {
  database = await openTestDatabase()
  all = people()
  await database.database.write(async (tx) => {
    for (const { trouble, marked, ...one } of all) {
      await insertRegistration(tx, one)
      if (marked === 'unproved') await setHeldFor(tx, one.id, ['no_proof'])
      if (marked === 'held') await setHeldBy(tx, one.id, 'a-rule')
      if (!trouble) continue
      await insertJob(
        tx,
        { kind: 'open_account' },
        { id: one.id, registrationId: one.id, now: NOON, rest: 0 },
      )
    }
  })
  const { createClient } = await import('@libsql/client')
  const client = createClient({ url: database.url })
  await client.execute("update jobs set state = 'failed', error = 'No'")
  client.close()
})
afterAll(() => database.dispose())

const read = <T>(task: Parameters<typeof database.database.read<T>>[0]) => database.database.read(task)

/** What a filter means, said by going through all of them. */
function expected(filter: QueueFilter, moderatorId: string | null): string[] {
  const { tab } = filter
  const isIn = (one: (typeof all)[number]) => {
    if (tab === 'all') return true
    if (tab === 'trouble') return one.trouble
    if (tab === 'asked') return one.state === 'requested' && one.exchange === 'asked'
    if (tab === 'waiting') return one.state === 'requested' && one.exchange !== 'asked'
    return one.state === 'denied' || one.state === 'completed' || one.state === 'withdrawn'
  }
  const at = (one: Registration) => one.stateSince - (one.exchange === 'answered' ? 1e13 : 0)
  const found = all.filter(
    (one) =>
      isIn(one) &&
      (filter.language === undefined || one.language === filter.language) &&
      (filter.domain === undefined || domainOf(one.email) === filter.domain) &&
      (filter.network === undefined || deskNetwork(one.clientAddress) === filter.network) &&
      (filter.name === undefined || lookOf(one.username) === filter.name) &&
      (filter.address === undefined || mailboxOf(one.email) === filter.address) &&
      (filter.like === undefined || one.reason === REASONS[0]) &&
      (moderatorId === null || one.decidedBy === moderatorId) &&
      (filter.marked === undefined || (one.marked !== null) === (filter.marked === 'yes')) &&
      (filter.from === undefined || one.stateSince >= Date.parse(filter.from)) &&
      (filter.to === undefined || one.stateSince < Date.parse(filter.to) + DAY),
  )
  const sign = isOldestFirst(filter) ? 1 : -1
  return found.sort((a, b) => sign * (at(a) - at(b) || (a.id < b.id ? -1 : 1))).map(({ id }) => id)
}

/** All pages of a list, one after the other. */
async function walk(filter: QueueFilter, moderatorId: string | null, limit = 17): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  for (let pages = 0; pages < 100; pages++) {
    const page = await read((reader) => findPage(reader, { ...filter, after }, moderatorId, limit))
    ids.push(...page.ids)
    if (page.next === null) return ids
    after = page.next
  }
  throw new Error('The pages never end')
}

const day = (at: number) => new Date(at).toISOString().slice(0, 10)
const FILTERS: [string, QueueFilter, string | null][] = [
  ['what waits, the answered first', { tab: 'waiting' }, null],
  ['what waits, newest first', { tab: 'waiting', sort: 'newest' }, null],
  ['who has to answer', { tab: 'asked' }, null],
  ['what is in trouble', { tab: 'trouble' }, null],
  ['what is in trouble in one language', { tab: 'trouble', language: 'de' }, null],
  ['what is decided', { tab: 'decided' }, null],
  ['all, oldest first', { tab: 'all', sort: 'oldest' }, null],
  ['one language', { tab: 'all', language: 'de' }, null],
  ['one domain', { tab: 'waiting', domain: 'spam.example' }, null],
  ['one network', { tab: 'all', network: '198.51.100.0/24' }, null],
  [
    'one network and language and domain',
    { tab: 'all', network: '198.51.100.0/24', language: 'de', domain: 'mail.test' },
    null,
  ],
  ['what is marked', { tab: 'all', marked: 'yes' }, null],
  ['what waits and is not marked', { tab: 'waiting', marked: 'no' }, null],
  ['what is marked, of one domain', { tab: 'all', domain: 'mail.test', marked: 'yes' }, null],
  ['what is marked, of one mailbox', { tab: 'all', address: 'person.22@mail.test', marked: 'yes' }, null],
  ['one moderator', { tab: 'decided', moderator: 'ada' }, 'm1'],
  ['a moderator and a domain', { tab: 'decided', moderator: 'ada', domain: 'spam.example' }, 'm1'],
  ['a moderator who decided nothing', { tab: 'decided', moderator: 'nobody' }, ''],
  ['some days', { tab: 'all', from: day(NOON - 9 * DAY), to: day(NOON - 4 * DAY) }, null],
  ['some days of what waits', { tab: 'waiting', from: day(NOON - 9 * DAY), to: day(NOON - 4 * DAY) }, null],
  ['names that look alike', { tab: 'all', name: lookOf(username('river.stone107')) }, null],
  ['reasons that say nearly the same', { tab: 'waiting', like: 'r-0000-0' }, null],
  ['one mailbox', { tab: 'all', address: 'person.12@mail.test' }, null],
]

describe('a list', () => {
  test.each(FILTERS)(
    'of %s has each of them once, in order, over all pages',
    async (_, filter, moderatorId) => {
      const right = expected(filter, moderatorId)
      expect(await walk(filter, moderatorId)).toEqual(right)
      expect(await walk(filter, moderatorId, 1000)).toEqual(right)
      if (filter.moderator !== 'nobody') expect(right).not.toEqual([])
    },
  )

  test('goes on from a registration that is open, before and behind it', async () => {
    const filter: QueueFilter = { tab: 'waiting' }
    const right = expected(filter, null)
    for (const at of [0, 1, 40, right.length - 1])
      expect(await read((reader) => findNeighbours(reader, filter, null, right[at] ?? ''))).toEqual({
        before: right[at - 1] ?? null,
        after: right[at + 1] ?? null,
      })
    expect(await read((reader) => findNeighbours(reader, filter, null, 'nobody'))).toEqual({
      before: null,
      after: null,
    })
  })

  test('counts what each tab has', async () => {
    const counts = await read(countTabs)
    for (const tab of ['waiting', 'asked', 'trouble', 'decided', 'all'] as const)
      expect([tab, counts[tab]]).toEqual([tab, expected({ tab }, null).length])
  })
})

describe('a search', () => {
  const ids = async (q: string, filter: Partial<QueueFilter> = {}) => walk({ tab: 'all', q, ...filter }, null)

  test.each([
    ['a name', 'person-17', (one: Registration) => /^person-17/.test(one.username)],
    ['the beginning of a name', 'riv', (one: Registration) => one.username.startsWith('river')],
    ['an address', 'person.12@mail.test', (one: Registration) => one.email === 'person.12@mail.test'],
    [
      'words in the reason, in any order and case',
      'SERVER repair',
      (one: Registration) => one.reason === REASONS[0],
    ],
    ['letters without their accents', 'cafe', (one: Registration) => one.reason === REASONS[0]],
    [
      'words of two places',
      'ranking person-2',
      (one: Registration) => one.reason === REASONS[2] && one.email.startsWith('person.2'),
    ],
  ])('finds %s', async (_, q, fits) => {
    const right = all.filter(fits).map(({ id }) => id)
    expect(right).not.toEqual([])
    expect((await ids(q)).sort()).toEqual(right.sort())
  })

  test('keeps to the tab and the other conditions', async () => {
    const found = await ids('cafe', { tab: 'waiting', domain: 'spam.example' })
    const right = all.filter(
      (one) =>
        one.reason === REASONS[0] &&
        one.state === 'requested' &&
        one.exchange !== 'asked' &&
        domainOf(one.email) === 'spam.example',
    )
    expect(found.sort()).toEqual(right.map(({ id }) => id).sort())
    expect(right).not.toEqual([])
    expect(await ids('cafe', { tab: 'trouble' })).toEqual(
      all
        .filter((one) => one.trouble && one.reason === REASONS[0])
        .map(({ id }) => id)
        .reverse(),
    )
  })

  test.each([
    ['an emoji', '🦩', (one: Registration) => one.id === 'bird'],
    ['an emoji beside a word', '🦩 cafe', () => false],
    ['an emoji within a word', 'flamingo🦩', (one: Registration) => one.id === 'bird'],
    ['a word without its emoji', 'flamingo🍆', () => false],
    ['punctuation', '—', (one: Registration) => one.id === 'bird'],
    ['a sign that nobody wrote', '§', () => false],
  ])('for %s finds what has it, and not everything', async (_, q, fits) => {
    const bird = aRegistration({
      id: 'bird',
      state: 'requested',
      username: username('one.legged'),
      email: email('f@mail.test'),
      reason: v.parse(reasonSchema, 'Flamingo🦩 — standing in the water for an hour'),
      holdsName: false,
    })
    await database.database.write((tx) => insertRegistration(tx, bird))
    try {
      const right = [...all, bird].filter(fits).map(({ id }) => id)
      expect(await ids(q)).toEqual(right)
      expect(await ids(q, { tab: 'waiting', domain: 'mail.test' })).toEqual(right)
    } finally {
      await database.database.write((tx) => deleteRegistration(tx, 'bird'))
    }
  })

  test.each([
    'bücher.example',
    'BÜCHER.example',
    '@bücher.example',
    'xn--bcher-kva.example',
    'a@bücher.example',
  ])(
    'of the domain %s finds it in addresses, which are stored in ASCII, and where it was written',
    async (q) => {
      const reader = aRegistration({
        id: 'reader',
        state: 'requested',
        username: username('one.reader'),
        email: parseEmail('a@bücher.example') ?? email(''),
        reason: v.parse(reasonSchema, 'I read a lot, and write about it here and there.'),
        holdsName: false,
      })
      const writer = {
        ...reader,
        id: 'writer',
        email: email('w@mail.test'),
        reason: v.parse(reasonSchema, 'My books are at bücher.example, all of them.'),
      }
      expect(reader.email).toBe('a@xn--bcher-kva.example')
      await database.database.write((tx) => insertRegistration(tx, reader))
      await database.database.write((tx) => insertRegistration(tx, writer))
      try {
        const right = /^a@|^xn/.test(q) ? ['reader'] : ['reader', 'writer']
        expect((await ids(q)).sort()).toEqual(right)
      } finally {
        await database.database.write((tx) => deleteRegistration(tx, 'reader'))
        await database.database.write((tx) => deleteRegistration(tx, 'writer'))
      }
    },
  )

  test.each(['"', "' or 1=1 --", 'a" OR "b', '* NEAR(x)', '(', 'NOT', '-', '\u0000', '🦩', ':::'])(
    'of %j is no instruction to the database',
    async (q) => {
      await expect(ids(q)).resolves.toBeInstanceOf(Array)
    },
  )

  test.each(['waiting', 'decided', 'all'] as const)(
    'means the same days in the tab %s as the list without words',
    async (tab) => {
      const filter = { tab, from: day(NOON - 9 * DAY), to: day(NOON - 4 * DAY) }
      const right = expected(filter, null)
      expect(right).not.toEqual([])
      expect((await ids('mail.test', { ...filter, domain: 'mail.test' })).sort()).toEqual(
        expected({ ...filter, domain: 'mail.test' }, null).sort(),
      )
      expect((await ids('@', filter)).sort()).toEqual(right.sort())
    },
  )

  test('forgets the words of who is gone', async () => {
    const gone = aRegistration({
      id: 'gone',
      username: username('quagga.noticeable'),
      email: email('q@mail.test'),
      holdsName: false,
    })
    await database.database.write((tx) => insertRegistration(tx, gone))
    expect(await ids('quagga')).toEqual(['gone'])
    await database.database.write((tx) => deleteRegistration(tx, 'gone'))
    expect(await ids('quagga')).toEqual([])
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: database.url, intMode: 'bigint' })
    await client.execute("create virtual table words using fts5vocab(search, 'row')")
    const { rows } = await client.execute(
      "select term from words where term like 'qua%' or term like 'noti%'",
    )
    await client.execute('drop table words')
    client.close()
    expect(rows).toEqual([])
  })
})

test.each<[string, QueueFilter]>([
  ['beside another one', { tab: 'decided', domain: 'mail.test', language: 'de' }],
  ['alone', { tab: 'decided', marked: 'yes' }],
])(
  'a condition without an index of its own, %s, is asked of a bounded number of rows, and the list goes on',
  async (_, filter) => {
    const many = await openTestDatabase()
    try {
      await many.database.write(async (tx) => {
        for (let index = 0; index < 2500; index++)
          await insertRegistration(
            tx,
            aRegistration({
              id: `n${index}`,
              username: username(`n${index}x`),
              email: email(`n${index}@mail.test`),
              holdsName: false,
              state: 'denied',
              language: index === 10 ? 'de' : 'en',
              stateSince: NOON + index,
            }),
          )
      })
      await many.database.write((tx) => setHeldFor(tx, 'n10', ['trap']))
      const pages: string[][] = []
      for (let after: string | null | undefined; after !== null;) {
        const page = await many.database.read((reader) =>
          findPage(reader, { ...filter, after: after ?? undefined }, null, 10),
        )
        pages.push(page.ids)
        after = page.next
      }
      expect(pages).toEqual([[], [], ['n10']])
    } finally {
      await many.dispose()
    }
  },
)

test('what waits is found by what it shares, however many that share it are decided', async () => {
  const { database, dispose } = await openTestDatabase()
  try {
    await database.write(async (tx) => {
      for (let index = 0; index < 1203; index++)
        await insertRegistration(
          tx,
          aRegistration({
            id: `n${index}`,
            holdsName: false,
            state: index >= 600 && index < 603 ? 'requested' : 'denied',
            exchange: index === 602 ? 'answered' : 'none',
            email: email(`wave+${index}@mail.test`),
            stateSince: NOON + index,
          }),
        )
    })
    const waiting = async (filter: Partial<QueueFilter>) =>
      (await database.read((reader) => findPage(reader, { tab: 'waiting', ...filter }, null, 10))).ids
    const right = ['n602', 'n600', 'n601']
    expect(await waiting({})).toEqual(right)
    expect(await waiting({ name: lookOf(username('river.stone')) })).toEqual(right)
    expect(await waiting({ address: 'wave@mail.test' })).toEqual(right)
    expect(await waiting({ like: 'n600' })).toEqual(right)
    expect(await waiting({ like: 'n0', q: 'repair' })).toEqual(['n600', 'n601', 'n602'])
  } finally {
    await dispose()
  }
})
