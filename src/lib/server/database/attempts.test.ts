import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY, LONGEST_AHEAD_MS } from '$lib/registration/time'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import {
  countAttempts,
  deleteAttempts,
  deleteAttemptsUntil,
  deleteOneAttempt,
  findStandings,
  insertAttempts,
} from './attempts'
import type { Reader, Transaction } from './open'
import { attempts } from './schema'

/** Many tries share a row, and each query asks for those of one key and one time. */
const WINDOW = 6_400
const PART = WINDOW / 64
let kept: TestDatabase
const write = <T>(work: (tx: Transaction) => Promise<T>) => kept.database.write(work)
const read = <T>(work: (reader: Reader) => Promise<T>) => kept.database.read(work)
const put = (rows: { key: string; at: number; count?: number }[]) =>
  write((tx) => tx.insert(attempts).values(rows))
/** The rows of a key as time and count, in their order. */
const rowsOf = async (key: string) =>
  (await read((reader) => reader.select().from(attempts)))
    .filter((row) => row.key === key)
    .map(({ at, count }) => [at, count])
const many = (key: string, at: number, count = 32) => Array.from({ length: count }, () => ({ key, at }))

beforeEach(async () => {
  kept = await openTestDatabase()
})
afterEach(() => kept.dispose())

describe('a try is counted', () => {
  const count = (at: number, keys = ['a']) =>
    write(async (tx) => {
      const asked = keys.map((key) => ({ key, windowMs: WINDOW, nth: Infinity }))
      await insertAttempts(tx, await findStandings(tx, asked, at), at)
    })

  test('in a row of its own as long as there are few within the window', async () => {
    const at = 100_000
    await put([
      ...many('a', at - WINDOW),
      ...many('a', at + 1),
      ...many('b', at - 1),
      ...many('a', at - WINDOW + 1, 30),
      { key: 'a', at: at - 1 },
    ])
    await count(at)
    expect((await rowsOf('a')).at(-1)).toEqual([at, 1])
  })

  test('with the newest of many, which is of the same part of the window, and with no other', async () => {
    const at = 100_000
    await put([...many('b', at), ...many('a', at - WINDOW + 9, 31), { key: 'a', at: at - PART + 1 }])
    await count(at)
    expect((await rowsOf('a')).at(-1)).toEqual([at - PART + 1, 2])
    expect((await rowsOf('b')).every(([, many]) => many === 1)).toBe(true)
    await count(at + 1)
    expect((await rowsOf('a')).at(-1)).toEqual([at + 1, 1])
    await count(at + 1)
    expect((await rowsOf('a')).at(-1)).toEqual([at + 1, 2])
  })

  test('of several keys at once, each as it stands', async () => {
    await put([...many('a', 100_000), ...many('b', 99_000, 2)])
    await count(100_000, ['b', 'a', 'c'])
    expect((await rowsOf('a')).filter(([, many]) => many === 2)).toHaveLength(1)
    expect(await rowsOf('b')).toEqual([
      [99_000, 1],
      [99_000, 1],
      [100_000, 1],
    ])
    expect(await rowsOf('c')).toEqual([[100_000, 1]])
  })

  test('in rows that are there at the very moment', async () => {
    await put(many('a', 100_000))
    await count(100_000)
    expect((await rowsOf('a')).filter(([, many]) => many === 2)).toHaveLength(1)
  })
})

test('the nth newest is found within the time and of the key, whichever row it shares', async () => {
  await put([
    { key: 'a', at: 10 },
    { key: 'b', at: 25 },
    { key: 'a', at: 20, count: 3 },
    { key: 'a', at: 30 },
  ])
  const nth = async (...asked: [nth: number, since: number][]) => {
    const keys = asked.map(([nth, since]) => ({ key: 'a', windowMs: 100 - since, nth }))
    return (await read((reader) => findStandings(reader, keys, 100))).map(({ nthAt }) => nthAt)
  }
  expect(await nth([1, 0], [2, 0], [4, 0], [5, 0], [6, 0])).toEqual([30, 20, 20, 10, null])
  expect(await nth([4, 19], [4, 20], [5, 10])).toEqual([20, null, null])
  expect(await nth()).toEqual([])
})

test('tries are counted by steps back from now, and those to come with the newest', async () => {
  await put([
    { key: 'a', at: 70 },
    { key: 'a', at: 80, count: 2 },
    { key: 'a', at: 81 },
    { key: 'b', at: 95 },
    { key: 'a', at: 95 },
    { key: 'a', at: 130 },
  ])
  expect(await read((reader) => countAttempts(reader, 'a', 100, 10, 5))).toEqual([2, 1, 2, 1, 0])
  expect(await read((reader) => countAttempts(reader, 'a', 100, 10, 2))).toEqual([2, 1])
})

describe('tries from a time when the clock was far ahead', () => {
  const now = 10 * DAY
  const edge = now + LONGEST_AHEAD_MS
  beforeEach(() =>
    put([
      { key: 'a', at: edge },
      { key: 'a', at: edge + 1 },
    ]),
  )

  test('count in no window, however long', async () => {
    const asked = [1, 2].map((nth) => ({ key: 'a', windowMs: 2 * DAY, nth }))
    const found = await read((reader) => findStandings(reader, asked, now))
    expect(found.map(({ nthAt }) => nthAt)).toEqual([edge, null])
  })

  test('and in no step', async () => {
    expect(await read((reader) => countAttempts(reader, 'a', now, DAY, 2))).toEqual([1, 0])
  })

  test('and are the only ones that are forgotten early', async () => {
    expect(await write((tx) => deleteAttemptsUntil(tx, 0, now, 10))).toBe(1)
    expect(await rowsOf('a')).toEqual([[edge, 1]])
  })
})

describe('tries are forgotten', () => {
  const rows = [
    { key: 'a', at: 10, count: 2 },
    { key: 'b', at: 19 },
    { key: 'a', at: 20 },
    { key: 'b', at: 30 },
  ]
  beforeEach(() => put(rows))

  test('all of a key, each with its time', async () => {
    expect(await write((tx) => deleteAttempts(tx, 'a'))).toEqual([10, 10, 20])
    expect([await rowsOf('a'), (await rowsOf('b')).length]).toEqual([[], 2])
  })

  test('one of a key, the nearest to a time', async () => {
    await write((tx) => deleteOneAttempt(tx, 'a', 18))
    expect(await rowsOf('a')).toEqual([[10, 2]])
    await write((tx) => deleteOneAttempt(tx, 'a', 18))
    expect(await rowsOf('a')).toEqual([[10, 1]])
    await write((tx) => deleteOneAttempt(tx, 'a', 18))
    await write((tx) => deleteOneAttempt(tx, 'a', 18))
    expect([await rowsOf('a'), await rowsOf('b')]).toEqual([
      [],
      [
        [19, 1],
        [30, 1],
      ],
    ])
  })

  test('up to a time, so many rows at once', async () => {
    expect(await write((tx) => deleteAttemptsUntil(tx, 20, 30, 2))).toBe(2)
    expect(await write((tx) => deleteAttemptsUntil(tx, 20, 30, 2))).toBe(1)
    expect([await rowsOf('a'), await rowsOf('b')]).toEqual([[], [[30, 1]]])
  })
})
