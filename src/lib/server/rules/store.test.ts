import { afterEach, beforeEach, expect, test } from 'vitest'
import { DAY, MINUTE } from '$lib/registration/time'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import type { Database } from '../database/open'
import { rules } from '../database/schema'
import { createRuleStore, type RuleStore } from './store'

const BY = { kind: 'moderator', id: 'ada' } as const
const MANY = 2_500
const NOW = 1_800_000_000_000

let opened: TestDatabase
beforeEach(async () => {
  opened = await openTestDatabase()
})
afterEach(() => opened.dispose())

/** A book whose database counts what is read, and answers the first reader when it is let go. */
function aBook({ held = false } = {}) {
  const { database } = opened
  let letGo: () => void = () => undefined
  const gate = held ? new Promise<void>((resolve) => (letGo = resolve)) : undefined
  let reads = 0
  const read: Database['read'] = async (work) => {
    const mine = ++reads
    const found = await database.read(work)
    // The first reads the version, and the second the rules.
    if (mine === 2) await gate
    return found
  }
  let ids = 0
  const book = createRuleStore({
    database: { ...database, read },
    configured: [],
    clock: () => NOW,
    randomId: () => `added-${++ids}`,
  })
  return { book, letGo, reads: () => reads }
}

const rule = (value: string) => ({ subject: 'domain', form: 'exact', value, effect: 'block' }) as const
const make = async (count: number) => {
  for (let from = 0; from < count; from += 500)
    await opened.database.write(
      async (tx) =>
        void (await tx.insert(rules).values(
          Array.from({ length: 500 }, (_, index) => ({
            id: `${(from + index) % 7}-${from + index}`,
            ...rule(`spam${from + index}.example`),
            madeAt: NOW,
          })),
        )),
    )
}
const valuesFor = async (book: RuleStore, domain: string) =>
  (await book.matches({ domain })).map(({ value }) => value)

test('many rules are read in slices, each once, and once however many ask', async () => {
  await make(MANY)
  const { book, reads } = aBook()
  const found = await Promise.all(
    Array.from({ length: MANY }, (_, index) => valuesFor(book, `sub.spam${index}.example`)),
  )
  expect(found).toEqual(Array.from({ length: MANY }, (_, index) => [`spam${index}.example`]))
  expect(reads()).toBe(1 + Math.ceil(MANY / 1_000))
})

test('what is added while the rules are being read counts at once, and stays', async () => {
  const { book, letGo } = aBook({ held: true })
  const early = valuesFor(book, 'spam.example')
  // It has read the rules, as they were, and waits for the answer.
  await new Promise((resolve) => setTimeout(resolve, 50))
  await book.add({ ...rule('spam.example'), reason: null, days: null }, BY)
  expect(await valuesFor(book, 'spam.example')).toEqual(['spam.example'])
  letGo()
  expect(await early).toEqual([])
  expect(await valuesFor(book, 'spam.example')).toEqual(['spam.example'])
})

test('a database that is out is asked again the next time', async () => {
  const { database } = opened
  let out = true
  const read: Database['read'] = (work) =>
    out ? Promise.reject(new Error('The database is out')) : database.read(work)
  const book = createRuleStore({
    database: { ...database, read },
    configured: [],
    clock: () => NOW,
    randomId: () => 'added',
  })
  await book.add({ ...rule('spam.example'), reason: null, days: null }, BY)
  await expect(valuesFor(book, 'spam.example')).rejects.toThrow('out')
  out = false
  expect(await valuesFor(book, 'spam.example')).toEqual(['spam.example'])
})

test('a rule that was over by a clock that was ahead counts again once the clock is right', async () => {
  let now = NOW
  const book = createRuleStore({
    database: opened.database,
    configured: [],
    clock: () => now,
    randomId: () => 'added',
  })
  await book.add({ ...rule('spam.example'), reason: null, days: 1 }, BY)
  for (const ahead of [3 * DAY, 3 * DAY + MINUTE]) {
    now = NOW + ahead
    expect(await valuesFor(book, 'spam.example')).toEqual([])
  }
  now = NOW
  expect(await valuesFor(book, 'spam.example')).toEqual(['spam.example'])
})
