import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { longestUsername, matrixId, parseNewUsername, parseUsername } from './username'

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
    ['\u200bname\ufeff', 'name'],
    ['\u00a0\u3000name\u2028', 'name'],
    ['\u2067@name:example.org\u2069', 'name'],
    ['＠name：example．org', 'name'],
    ['<@name:example.org>', 'name'],
    ['„@name:example.org“,', 'name'],
    ['@name:example.org.', 'name'],
    ['https://matrix.to/#/@name:example.org', 'name'],
    ['https://matrix.to/#/%40Name%3Aexample.org?via=example.org&via=other.org', 'name'],
    ['<HTTPS://matrix.to/#/@name:example.org>.', 'name'],
    ['matrix.to/#/@a%2Fb:example.org', 'a/b'],
    ['https://matrix.to/#/@a/b:example.org/', 'a/b'],
    ['https://app.element.io/#/user/@name:example.org', 'name'],
    ['matrix:u/name:example.org', 'name'],
    ['matrix:u/a%2Fb:example.org?action=chat', 'a/b'],
    ['MATRIX:user/name:example.org', 'name'],
    ['', 'username_missing'],
    ['\u200b \u00ad', 'username_missing'],
    ['https://matrix.to/#/', 'username_missing'],
    ['@', 'username_missing'],
    ['@:example.org', 'username_missing'],
    ['12345', 'username_digits'],
    ['_name', 'username_underscore'],
    ['two words', 'username_characters'],
    ['naïve', 'username_characters'],
    ['名前', 'username_characters'],
    ['a\u0000b', 'username_invisible'],
    ['a\ud800b', 'username_invisible'],
    ['https://matrix.to/#/#room:example.org', 'username_characters'],
    ['https://matrix.to/#/%E0%A4:example.org', 'username_characters'],
    ['matrix:r/room:example.org', 'username_other_server'],
    ['anna@example.org', 'username_characters'],
    ['name\r\nbcc', 'username_characters'],
    ['@name:other.org', 'username_other_server'],
    ['@name:example.org:8448', 'username_other_server'],
    ['https://matrix.to/#/@name:other.org?via=example.org', 'username_other_server'],
    ['matrix:u/name:other.org', 'username_other_server'],
  ])('%j is %s', (typed, expected) => expect(read(typed)).toBe(expected))

  test('the server can be written in its own letters', () => {
    expect(read('@name:bücher.example', 'xn--bcher-kva.example')).toBe('name')
    expect(read('@name:bücher.example:8448', 'xn--bcher-kva.example:8448')).toBe('name')
    expect(read('@name:büchlein.example', 'xn--bcher-kva.example')).toBe('username_other_server')
    expect(read('@name:[2001:db8::1]', '[2001:db8::1]')).toBe('name')
  })

  test.each([
    ['ann\u200ba', 'ann'],
    ['Ann\u00ada', 'Ann'],
    ['an\u200dna', 'an'],
    ['anna\u2060:example.org', 'anna'],
    ['@anna:exam\u200bple.org', '@anna:exam'],
    ['an\u202ena', 'an'],
    ['an\ufe0fna', 'an'],
    ['an\u3164na', 'an'],
    ['an\u2800na', 'an'],
    ['an\u{e0061}na', 'an'],
    ['an\tna\u200b1', 'an\tna'],
    ['https://matrix.to/#/@an%E2%80%8Bna:example.org', '@an'],
    [`${'a'.repeat(30)}\u200ba`, `…${'a'.repeat(20)}`],
  ])('what nobody sees within %j is named', (typed, after) =>
    expect(parseUsername(typed, DOMAIN)).toEqual({
      ok: false,
      refusal: { code: 'username_invisible', after },
    }),
  )

  test('the limit of 255 holds for the whole Matrix ID', () => {
    const longest = 'a'.repeat(longestUsername(DOMAIN))
    expect(matrixId(parseOk(longest), DOMAIN)).toHaveLength(255)
    expect(read(`${longest}a`)).toBe('username_too_long')
  })
})

describe('a name that somebody picks', () => {
  const pick = (typed: string, characters: 'basic' | 'all') => {
    const parsed = parseNewUsername(typed, DOMAIN, characters)
    return parsed.ok ? parsed.value : parsed.refusal
  }

  test.each(['a', 'a.b_c-d', '0.1', 'a..b', 'a.', '.a', '-a', 'a-', '@a:example.org'])(
    'can be %s',
    (typed) => {
      const name = typed.replace(/^@|:.*/g, '')
      expect(pick(typed, 'basic')).toBe(name)
      expect(pick(typed, 'all')).toBe(name)
    },
  )

  test.each(['a/b', 'a=b', 'a+b', '/a', '=2fa', 'matrix:u/a%2Fb:example.org'])(
    'can only be %s where all characters can stand in it',
    (typed) => {
      expect(pick(typed, 'basic')).toEqual({ code: 'username_characters', characters: 'basic' })
      expect(typeof pick(typed, 'all')).toBe('string')
    },
  )

  test.each(['.', '..', '-', '._.', '.-'])('is never %s alone', (typed) => {
    expect(pick(typed, 'basic')).toEqual({ code: 'username_only_signs' })
    expect(pick(typed, 'all')).toEqual({ code: 'username_only_signs' })
    expect(read(typed)).toBe(typed)
  })

  test.each(['/', '=', '+', '../..'])('is never %s alone, whatever can stand in it', (typed) => {
    expect(pick(typed, 'basic')).toEqual({ code: 'username_characters', characters: 'basic' })
    expect(pick(typed, 'all')).toEqual({ code: 'username_only_signs' })
    expect(read(typed)).toBe(typed)
  })

  test.each(['basic', 'all'] as const)('is told which characters it can have: %s', (characters) => {
    expect(pick('naïve', characters)).toEqual({ code: 'username_characters', characters })
    expect(pick('12', characters)).toEqual({ code: 'username_digits' })
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
