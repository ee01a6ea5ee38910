import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { longestUsername, matrixId, parseUsername } from './username'

const DOMAIN = 'example.org'
const read = (typed: string, domain = DOMAIN) => {
  const parsed = parseUsername(typed, domain)
  return parsed.ok ? parsed.value : parsed.refusal.code
}

describe('what people type as their name', () => {
  test.each([
    ['name', 'name'],
    ['@Name', 'name'],
    ['  @name:example.org ', 'name'],
    ['Name:EXAMPLE.org', 'name'],
    ['ｎａｍｅ', 'name'],
    ['a.b_c-d=e/f+g', 'a.b_c-d=e/f+g'],
    ['', 'username_missing'],
    ['@', 'username_missing'],
    ['@:example.org', 'username_missing'],
    ['12345', 'username_digits'],
    ['_name', 'username_underscore'],
    ['two words', 'username_characters'],
    ['naïve', 'username_characters'],
    ['名前', 'username_characters'],
    ['a\u0000b', 'username_characters'],
    ['name\r\nbcc', 'username_characters'],
    ['@name:other.org', 'username_other_server'],
    ['@name:example.org:8448', 'username_other_server'],
  ])('%j is %s', (typed, expected) => expect(read(typed)).toBe(expected))

  test('the limit of 255 holds for the whole Matrix ID', () => {
    const longest = 'a'.repeat(longestUsername(DOMAIN))
    expect(matrixId(parseOk(longest), DOMAIN)).toHaveLength(255)
    expect(read(`${longest}a`)).toBe('username_too_long')
  })
})

function parseOk(typed: string) {
  const parsed = parseUsername(typed, DOMAIN)
  if (!parsed.ok) throw new Error(parsed.refusal.code)
  return parsed.value
}

describe('properties', () => {
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'aZ9._-=/+@: ') }),
  )

  test('reading a name again changes nothing', () => {
    fc.assert(
      fc.property(typed, (text) => {
        const parsed = parseUsername(text, DOMAIN)
        if (!parsed.ok) return
        expect(read(parsed.value)).toBe(parsed.value)
        expect(read(matrixId(parsed.value, DOMAIN))).toBe(parsed.value)
      }),
      { numRuns: 2000 },
    )
  })

  test('whatever is taken is in the grammar of the homeserver', () => {
    fc.assert(
      fc.property(typed, (text) => {
        const parsed = parseUsername(text, DOMAIN)
        if (parsed.ok) expect(parsed.value).toMatch(/^(?![0-9]+$)(?!_)[a-z0-9=_\-./+]{1,242}$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('case and the ways to write a Matrix ID make no difference', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abcxyz0189.-='), minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(name, (text) => {
        const plain = read(text)
        expect(read(text.toUpperCase())).toBe(plain)
        expect(read(`@${text}:${DOMAIN}`)).toBe(plain)
        expect(read(` ${text}\n`)).toBe(plain)
      }),
    )
  })
})
