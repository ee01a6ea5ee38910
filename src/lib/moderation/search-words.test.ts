import { expect, test } from 'vitest'
import { searchTerms } from './search-words'

test.each([
  ['anna bert', ['anna', 'bert']],
  ['anna@example.org', ['anna@example.org']],
  ['Anna <Anna@Example.org>', ['anna@example.org']],
  ['mailto:anna@example.org?subject=Hi', ['anna@example.org']],
  ['anna@bücher.example', ['anna@xn--bcher-kva.example']],
  ['anna@exam', ['anna@exam']],
  ['\u200banna\ufeff', ['anna']],
  ['@anna:example.org', ['anna']],
  ['@anna', ['@anna']],
  ['(@anna:example.org),', ['anna']],
  ['anna/@bert:x', ['anna/@bert:x']],
  ['https://matrix.to/#/@anna:example.org?via=example.org', ['anna']],
  ['https://matrix.to/#/', ['https://matrix.to/#/']],
  ['matrix:u/anna:example.org', ['anna']],
  ['note:this', ['note:this']],
  ['a\0b', ['a', 'b']],
])('%j looks for the words %j', (typed, words) => expect(searchTerms(typed)).toEqual({ words, signs: [] }))

test.each([
  ['… — !', [], ['…', '—', '!']],
  ['🍆 casino', ['casino'], ['🍆']],
  ['🍆casino❤️‍🔥!', ['🍆casino❤️‍🔥!'], ['🍆', '❤️‍🔥']],
  ['❤️', [], ['❤']],
  ['#/', [], ['#/']],
])('%j looks for the words %j and the signs %j', (typed, words, signs) =>
  expect(searchTerms(typed)).toEqual({ words, signs }),
)
