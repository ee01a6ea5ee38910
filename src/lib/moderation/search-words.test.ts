import { expect, test } from 'vitest'
import { searchWords } from './search-words'

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
  ['matrix:u/anna:example.org', ['anna']],
  ['note:this', ['note:this']],
  ['a\0b', ['a', 'b']],
  ['… — !', []],
])('%j looks for %j', (typed, words) => expect(searchWords(typed)).toEqual(words))
