import { expect, test } from 'vitest'
import { spansOf } from './spans'

const shown = (text: string, literals: string[]) =>
  spansOf(text, literals)
    .map(({ text: piece, literal }) => (literal ? `[${piece}]` : piece))
    .join('')

test('each place of a literal is marked, and nothing is lost', () => {
  expect(shown('@a:b wants @a:b.', ['@a:b'])).toBe('[@a:b] wants [@a:b].')
})

test('of two literals the longer one wins where it holds the other', () => {
  expect(shown('auto_join_rooms to auto_join', ['auto_join', 'auto_join_rooms'])).toBe(
    '[auto_join_rooms] to [auto_join]',
  )
})

test('a text without literals is one span, and an empty one is none', () => {
  expect(spansOf('plain', ['', '@a:b'])).toEqual([{ text: 'plain', literal: false }])
  expect(spansOf('', ['@a:b'])).toEqual([])
})
