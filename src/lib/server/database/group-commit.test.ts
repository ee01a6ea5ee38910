import { LibsqlError } from '@libsql/client'
import { describe, expect, test } from 'vitest'
import { OutcomeUnknown } from './commit-once'
import { groupCommit } from './group-commit'
import type { Transaction } from './open'

const BUSY = new LibsqlError('database is locked', 'SQLITE_BUSY')
const FULL = new LibsqlError('database or disk is full', 'SQLITE_FULL')
const GONE = new LibsqlError('unable to open database file', 'SQLITE_CANTOPEN')
const UNKNOWN = new OutcomeUnknown(new Error('socket hang up'))

type Commit = Parameters<typeof groupCommit>[0]
const transaction = {} as Transaction

/** Writes of a database whose transactions end as `commit` says. */
function startWrites(commit: Commit) {
  const broken: { error: unknown; works: number }[] = []
  let commits = 0
  const counted: Commit = (work) => {
    commits++
    return commit(work)
  }
  const write = groupCommit(
    counted,
    (tx, work) => work(tx),
    (error, works) => void broken.push({ error, works }),
  )
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
