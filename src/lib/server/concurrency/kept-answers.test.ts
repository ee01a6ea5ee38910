import { expect, test } from 'vitest'
import { createKeptAnswers } from './kept-answers'

let now = 0
const clock = () => now

test('an answer is kept until its time, and replaced by the next', () => {
  const kept = createKeptAnswers<string, number>({ clock, most: 10 })
  expect(kept.get('a')).toBeNull()
  expect(kept.keep('a', 1, 100)).toBe(1)
  now += 99
  expect(kept.get('a')).toMatchObject({ answer: 1 })
  now += 1
  expect(kept.get('a')).toBeNull()
  kept.keep('a', 2, 100)
  kept.keep('a', 3, 10)
  expect(kept.get('a')).toMatchObject({ answer: 3 })
  kept.forget('a')
  expect(kept.get('a')).toBeNull()
})

test('of too many, the oldest are dropped, and what was kept anew is not old', () => {
  const kept = createKeptAnswers<string, number>({ clock, most: 2 })
  kept.keep('a', 1, 100)
  kept.keep('b', 2, 100)
  kept.keep('a', 3, 100)
  kept.keep('c', 4, 100)
  expect(['a', 'b', 'c'].map((key) => kept.get(key)?.answer)).toEqual([3, undefined, 4])
})

test('an answer is not kept for as long as the clock went back', () => {
  const kept = createKeptAnswers<string, number>({ clock, most: 10 })
  kept.keep('a', 1, 100)
  now -= 50
  expect(kept.get('a')).toMatchObject({ answer: 1 })
  now -= 50
  expect(kept.get('a')).toBeNull()
})
