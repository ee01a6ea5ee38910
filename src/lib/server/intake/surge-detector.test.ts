import { LibsqlError } from '@libsql/client'
import { pino } from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { createSurgeDetector } from './surge-detector'
import { SECOND } from '$lib/registration/time'

let now: number
let asked: number
let recent: number
let fault: Error | null
beforeEach(() => {
  now = 1_000_000_000
  asked = 0
  recent = 0
  fault = null
})

const watch = () =>
  createSurgeDetector({
    limits: {
      takeAll: () => Promise.resolve({ ok: true }),
      tally: () => {
        asked++
        return fault === null ? Promise.resolve([recent]) : Promise.reject(fault)
      },
    },
    clock: () => now,
    log: pino({ level: 'silent' }),
  })

test('however many ask, the database is asked once in five seconds', async () => {
  const { isSeen } = watch()
  await Promise.all(Array.from({ length: 50 }, () => isSeen()))
  now += 5 * SECOND - 1
  await isSeen()
  expect(asked).toBe(1)
  recent = 1_000
  now += 1
  expect(await isSeen()).toBe(true)
  expect(asked).toBe(2)
})

test('while the database is out, it is as it was', async () => {
  const { isSeen } = watch()
  fault = new LibsqlError('fetch failed', 'ECONNREFUSED')
  expect(await isSeen()).toBe(false)
  fault = null
  recent = 1_000
  now += 5 * SECOND
  expect(await isSeen()).toBe(true)
  fault = new LibsqlError('fetch failed', 'ECONNREFUSED')
  now += 60 * SECOND
  expect(await isSeen()).toBe(true)
})

test('a bug is no outage', async () => {
  fault = new TypeError('no such thing')
  await expect(watch().isSeen()).rejects.toThrow(TypeError)
})
