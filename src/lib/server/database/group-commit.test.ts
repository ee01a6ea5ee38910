import { LibsqlError } from '@libsql/client'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { OutcomeUnknown } from './commit-once'
import { groupCommit, type Savepoint } from './group-commit'
import type { Transaction } from './open'

const BUSY = new LibsqlError('database is locked', 'SQLITE_BUSY')
const FULL = new LibsqlError('database or disk is full', 'SQLITE_FULL')
const GONE = new LibsqlError('unable to open database file', 'SQLITE_CANTOPEN')
const UNKNOWN = new OutcomeUnknown(new Error('socket hang up'))

type Commit = Parameters<typeof groupCommit>[0]
const transaction = {} as Transaction

/** A statement that did not reach the server, as Drizzle wraps it. */
const unreached = (cause: Error) => new DrizzleQueryError('savepoint sp0', [], cause)
const LOST: [name: string, error: Error][] = [
  ['no connection', unreached(new TypeError('fetch failed'))],
  ['a connection that was dropped', unreached(new LibsqlError('socket hang up', 'HRANA_WEBSOCKET_ERROR'))],
  ['the answer of a proxy', unreached(new LibsqlError('502', 'SERVER_ERROR'))],
]

// All that waits comes together, however slow the machine is.
beforeEach(() => void vi.spyOn(performance, 'now').mockReturnValue(0))
afterEach(() => void vi.restoreAllMocks())

/** Writes of a database whose transactions end as `commit` says, and works within them as `savepoint` does. */
function startWrites(commit: Commit, savepoint: Savepoint = (tx, work) => work(tx)) {
  const broken: { error: unknown; works: number }[] = []
  let commits = 0
  const counted: Commit = (work) => {
    commits++
    return commit(work)
  }
  const write = groupCommit(counted, savepoint, (error, works) => void broken.push({ error, works }))
  return { write, broken, commits: () => commits }
}

const endsOf = async (writes: Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map((end) =>
    end.status === 'fulfilled' ? end.value : (end.reason as unknown),
  )
const KEYS = ['a', 'b', 'c', 'd']

describe.each([
  ['the lock', BUSY],
  ['the file', GONE],
])('a transaction that cannot begin for want of %s', (_, error) => {
  test.each([1, 2, 4])('ends all %d works at once, and is tried once', async (count) => {
    const { write, commits, broken } = startWrites(() => Promise.reject(error))
    const ends = await endsOf(KEYS.slice(0, count).map((key) => write(async () => key)))
    expect(ends).toEqual(KEYS.slice(0, count).map(() => error))
    expect(commits()).toBe(1)
    // Whoever asked hears of it: nothing was taken apart.
    expect(broken).toEqual([])
  })

  test('leaves those that came meanwhile a try of their own', async () => {
    let isOut = true
    const later: Promise<unknown>[] = []
    const { write, commits } = startWrites((work) => {
      if (!isOut) return work(transaction)
      isOut = false
      later.push(...['e', 'f'].map((key) => write(async () => key)))
      return Promise.reject(error)
    })
    expect(await endsOf(KEYS.map((key) => write(async () => key)))).toEqual(KEYS.map(() => error))
    expect(await endsOf(later)).toEqual(['e', 'f'])
    expect(commits()).toBe(2)
  })
})

test.each([
  ['a lock', BUSY, []],
  ['a lost answer', UNKNOWN, [{ error: UNKNOWN, works: KEYS.length }]],
])('%s that is met within a transaction ends all of it at once', async (_, error, told) => {
  const { write, commits, broken } = startWrites(async (work) => {
    await work(transaction)
    throw error
  })
  expect(await endsOf(KEYS.map((key) => write(async () => key)))).toEqual(KEYS.map(() => error))
  expect(commits()).toBe(1)
  expect(broken).toEqual(told)
})

test('what breaks a transaction otherwise ends only what fails alone as well', async () => {
  const { write, commits, broken } = startWrites(async (work) => {
    const written: string[] = []
    const value = await work({ written } as unknown as Transaction)
    if (written.includes('c')) throw FULL
    return value
  })
  const ends = await endsOf(
    KEYS.map((key) =>
      write(async (tx) => {
        ;(tx as unknown as { written: string[] }).written.push(key)
        return key
      }),
    ),
  )
  expect(ends).toEqual(['a', 'b', FULL, 'd'])
  expect(commits()).toBe(1 + KEYS.length)
  expect(broken).toEqual([{ error: FULL, works: 4 }])
})

describe.each(LOST)('a server that is not reached, by %s', (_, error) => {
  /** The transaction begins with its first statement. */
  function startOnServer(isOut: () => boolean) {
    return startWrites(
      (work) => work(transaction),
      (tx, work) => (isOut() ? Promise.reject(error) : work(tx)),
    )
  }

  test('ends all works at once, and is tried once; those that came meanwhile have a try of their own', async () => {
    const later: Promise<unknown>[] = []
    let isOut = true
    const { write, commits, broken } = startOnServer(() => {
      if (!isOut) return false
      isOut = false
      later.push(...['e', 'f'].map((key) => write(async () => key)))
      return true
    })
    expect(await endsOf(KEYS.map((key) => write(async () => key)))).toEqual(KEYS.map(() => error))
    expect(await endsOf(later)).toEqual(['e', 'f'])
    expect([commits(), broken]).toEqual([2, []])
  })

  test.each([
    ['for good', () => false, KEYS.map(() => error), 3],
    ['for a moment', () => true, KEYS, 1 + KEYS.length],
    ['and again', (tries: number) => tries <= 3, ['a', 'b', error, error], 5],
  ] as const)('in the midst, %s', async (_name, isBack, expected, tries) => {
    let calls = 0
    let inBatch = 0
    const { write, commits, broken } = startWrites(
      (work) => (++calls > 1 && !isBack(calls) ? Promise.reject(error) : work(transaction)),
      (tx, work) => (++inBatch > 2 ? Promise.reject(error) : work(tx)),
    )
    expect(await endsOf(KEYS.map((key) => write(async () => key)))).toEqual(expected)
    expect(commits()).toBe(tries)
    expect(broken).toEqual([{ error, works: 3 }])
  })
})

test.each<[name: string, error: Error]>([
  ['a bug', new TypeError('undefined is not a function')],
  ['a value that no column takes', new DrizzleQueryError('insert', [], new TypeError('cannot be bound'))],
  ['a constraint', new DrizzleQueryError('insert', [], new LibsqlError('unique', 'SQLITE_CONSTRAINT'))],
  ['another server', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
])('%s is the own error of the work that meets it', async (_, error) => {
  const { write, commits, broken } = startWrites((work) => work(transaction))
  const ends = await endsOf(
    KEYS.map((key) => write(() => (key === 'b' ? Promise.reject(error) : Promise.resolve(key)))),
  )
  expect(ends).toEqual(['a', error, 'c', 'd'])
  expect([commits(), broken]).toEqual([1, []])
})
