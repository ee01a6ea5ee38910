import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CHECK_MS, createReport, problemIn } from './finding'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const subject = { check: 'a.check', key: 'a.key', remedy: 'Do something' }

test('what a check tells is found once it has ended', async () => {
  const report = createReport()
  expect(await report.look(subject, async (told) => told.ok('a.check', null, 'Well'))).toBe(true)
  expect(report.findings).toEqual([{ check: 'a.check', level: 'ok', key: null, found: 'Well', remedy: null }])
})

test('a check that takes too long is one error, and nothing that it tells later', async () => {
  const report = createReport()
  const looked = report.look(subject, async (told) => {
    told.ok('a.check', null, 'Half of it')
    await new Promise((resolve) => setTimeout(resolve, CHECK_MS * 2))
    told.ok('a.check', null, 'Too late')
  })
  await vi.advanceTimersByTimeAsync(CHECK_MS)
  expect(await looked).toBe(false)
  await vi.advanceTimersByTimeAsync(CHECK_MS * 2)
  expect(report.findings).toEqual([
    {
      check: 'a.check',
      level: 'error',
      key: 'a.key',
      found: 'There was no answer within 5 s',
      remedy: 'Do something',
    },
  ])
})

test.each([
  ['It is away: check a.key (ECONNREFUSED)', 'It is away (ECONNREFUSED)', 'Check a.key'],
  ['Could not do it: no. Set a.key to b.', 'Could not do it: no', 'Set a.key to b'],
  ['a: it sent a page; check a.key and the proxy', 'a: it sent a page', 'Check a.key and the proxy'],
  ['Could not do it: the check failed.', 'Could not do it: the check failed', null],
])('%s', (message, found, remedy) => {
  expect(problemIn(new Error(message))).toEqual({ found, remedy })
})
