import { expect, test } from 'vitest'
import { languageOf } from './reason-language'

test.each([
  ['en', 'I know two people from the repair café who are on your server.'],
  ['de', 'Ich suche einen Server, der nicht von einem Konzern betrieben wird.'],
  ['fr', 'Je connais deux personnes de votre communauté'],
  ['ru', 'Меня пригласил друг, мы вместе чиним велосипеды'],
  ['tr', 'Arkadaşlarımla konuşmak istiyorum'],
])('knows %s', (language, reason) => {
  expect(languageOf(reason)).toBe(language)
})

test.each([
  '',
  'hi',
  'buy my pills',
  '42 42 42 42 42 42 42 42',
  '我想加入',
  'x'.repeat(15),
  'a b c d e f g h i j k l m n o',
])('does not guess: %s', (reason) => {
  expect(languageOf(reason)).toBeNull()
})

test('reads no more than the beginning of a long one', () => {
  expect(languageOf('Ich suche einen Server ohne Konzern. '.repeat(20_000))).toBe('de')
})
