import { expect, test } from 'vitest'
import { WAVE_STEPS, waveAfter } from './wave'
import { MINUTE } from '../registration/time'

/** So many in the newest step, after a day with the same in each. */
const day = (recent: number, usual = 0) => [recent, ...Array<number>(WAVE_STEPS - 1).fill(usual)]

test('thirty starts in ten minutes are no wave, one more is', () => {
  expect(waveAfter(null, day(30), 0)).toBeNull()
  expect(waveAfter(null, day(31), 7)).toEqual({ since: 7, usual: 0 })
  expect(waveAfter(null, [], 0)).toBeNull()
})

test('where many come every day, five times as many are a wave', () => {
  expect(waveAfter(null, day(100, 20), 0)).toBeNull()
  expect(waveAfter(null, day(101, 20), 0)).toEqual({ since: 0, usual: 20 })
})

test('neither quiet hours nor half a day of a wave change what is usual', () => {
  const night = [31, ...Array<number>(48).fill(0), ...Array<number>(95).fill(4)]
  expect(waveAfter(null, night, 0)?.usual).toBe(4)
  const afterRestart = [200, ...Array<number>(70).fill(200), ...Array<number>(73).fill(2)]
  expect(waveAfter(null, afterRestart, 0)?.usual).toBe(2)
})

test('a wave does not become the usual, however long it lasts', () => {
  const begun = waveAfter(null, day(200), 0)
  expect(waveAfter(begun, day(200, 200), 30 * 60 * MINUTE)).toEqual(begun)
})

test('a wave ends once, well below where it began and not at once', () => {
  const begun = waveAfter(null, day(31), 0)
  expect(waveAfter(begun, day(0), 29 * MINUTE)).toEqual(begun)
  expect(waveAfter(begun, day(15), 31 * MINUTE)).toEqual(begun)
  expect(waveAfter(begun, day(14), 31 * MINUTE)).toBeNull()
})

test('starts that swing about the threshold do not make it come and go', () => {
  let wave = waveAfter(null, day(31), 0)
  const seen = Array.from({ length: 50 }, (_, step) => {
    wave = waveAfter(wave, day(step % 2 === 0 ? 29 : 32), (step + 1) * 10 * MINUTE)
    return wave !== null
  })
  expect(new Set(seen)).toEqual(new Set([true]))
})
