import { expect, test } from 'vitest'
import { createAdmissionControl } from './admission-control'

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

test('people are let in a few at a time, in the order in which they came', async () => {
  const { enter } = createAdmissionControl()
  const order: string[] = []
  const timer = new Promise<void>((resolve) =>
    setTimeout(() => {
      order.push('timer')
      resolve()
    }, 5),
  )
  await Promise.all([
    timer,
    ...times(20).map(async (index) => {
      expect(await enter(false)).toBe(true)
      const begun = performance.now()
      while (performance.now() - begun < 2);
      order.push(String(index))
    }),
  ])
  expect(order.filter((name) => name !== 'timer')).toEqual(times(20).map(String))
  expect(order.indexOf('timer'), 'a timer is not held up by the crowd').toBeLessThan(10)
})

test('who comes when too many wait is sent away at once, and moderators later than others', async () => {
  const { enter } = createAdmissionControl({ mostWaiting: 3, mostWaitingStaff: 5 })
  const applicants = times(6).map(() => enter(false))
  const staff = times(6).map(() => enter(true))
  expect(await Promise.all(applicants)).toEqual([true, true, true, false, false, false])
  expect(await Promise.all(staff)).toEqual([true, true, false, false, false, false])
  expect(await enter(false), 'there is room again').toBe(true)
})

test('who is in and waits for something takes nobody’s turn', async () => {
  const { enter } = createAdmissionControl({ mostWaiting: 2 })
  for (const _ of times(50)) {
    expect(await enter(false)).toBe(true)
    void new Promise(() => undefined)
  }
})
