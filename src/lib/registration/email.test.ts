import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDomain, parseEmail, readEmail } from './email'

describe('what people type as their address', () => {
  test.each([
    ['Person@Example.ORG', 'person@example.org'],
    ['  a.b+tag@sub.example.org\n', 'a.b+tag@sub.example.org'],
    ['me@bücher.example', 'me@xn--bcher-kva.example'],
    ['me@example.org.', 'me@example.org'],
    ["o'neil@example.org", "o'neil@example.org"],
    ['\u200bme@example.org\ufeff', 'me@example.org'],
    ['\u00a0me@example.org\u3000', 'me@example.org'],
    ['\u2066me@example.org\u2069', 'me@example.org'],
    ['me＠example．org', 'me@example.org'],
    ['<me@example.org>', 'me@example.org'],
    ['Me <Me@example.org>', 'me@example.org'],
    ['Me<\u200bme@example.org\u200b>', 'me@example.org'],
    ['"B., Me" <me@example.org>', 'me@example.org'],
    ['B., Me <me@example.org>;', 'me@example.org'],
    ['"you@example.org" <me@example.org>', 'me@example.org'],
    ['me@example.org <me@example.org>', 'me@example.org'],
    ["'me@example.org' <me@example.org>", 'me@example.org'],
    ['Me [mailto:me@example.org]', 'me@example.org'],
    ['me@example.org (Me)', 'me@example.org'],
    ['Me (me@example.org)', 'me@example.org'],
    ['mailto:me@example.org', 'me@example.org'],
    ['MAILTO:me%2Btag@example.org?subject=a%20word&cc=you@example.org', 'me+tag@example.org'],
    ['<mailto:me@example.org?subject=a word>', 'me@example.org'],
    ['"me@example.org"', 'me@example.org'],
    ["'me@example.org'", 'me@example.org'],
    ['„me@example.org“', 'me@example.org'],
    ['me@example.org,', 'me@example.org'],
    ['me@example.org; ', 'me@example.org'],
    ['(me@example.org).', 'me@example.org'],
    ["'o'neil@example.org", "'o'neil@example.org"],
    ['a%40b@example.org', null],
    ['mailto:%E0%A4@example.org', null],
    ['', null],
    ['nobody', null],
    ['@example.org', null],
    ['a@localhost', null],
    ['a@b@example.org', null],
    ['a b@example.org', null],
    ['a..b@example.org', null],
    ['.a@example.org', null],
    ['a@127.0.0.1', null],
    ['a@[::1]', null],
    ['a@example.org\r\nBcc: b@example.org', null],
    ['a@example.org,b@example.org', null],
    ['a@exam_ple.org', null],
    ['a@example.org/x', null],
    [`${'a'.repeat(65)}@example.org`, null],
    [`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.org`, null],
  ])('%j is %j', (typed, expected) => expect(parseEmail(typed)).toBe(expected))

  test.each([
    ['', { code: 'email_missing' }],
    [' \u200b\u00a0\ufeff', { code: 'email_missing' }],
    ['me', { code: 'email_invalid' }],
    ['me you@example.org', { code: 'email_invalid' }],
    ['mailto:', { code: 'email_invalid' }],
    ['Me <me@localhost>', { code: 'email_invalid' }],
    ['m\u200be@example.org', { code: 'email_invisible', after: 'm' }],
    ['me\u200b@example.org', { code: 'email_invisible', after: 'me' }],
    ['me@\u2060example.org', { code: 'email_invisible', after: 'me@' }],
    ['me@exam\u00adple.org', { code: 'email_invisible', after: 'me@exam' }],
    ['me@example\u200f.org', { code: 'email_invisible', after: 'me@example' }],
    ['Me <Me@exam\u200dple.org>', { code: 'email_invisible', after: 'Me@exam' }],
    [`${'m'.repeat(30)}\u034fe@example.org`, { code: 'email_invisible', after: `…${'m'.repeat(20)}` }],
    ['me@example.org, you@example.org', { code: 'email_several' }],
    ['me@example.org;you@example.org', { code: 'email_several' }],
    ['me@example.org you@example.org', { code: 'email_several' }],
    ['Me <me@example.org>, You <you@example.org>', { code: 'email_several' }],
    ['<me@example.org> <you@example.org>', { code: 'email_several' }],
    ['mailto:me@example.org,you@example.org', { code: 'email_several' }],
  ])('%j is refused: %j', (typed, refusal) => expect(readEmail(typed)).toEqual({ ok: false, refusal }))
})

test('a domain is read without what nobody sees at its ends, and is none with such within', () => {
  expect(parseDomain('\u200bBücher.example\u00a0')).toBe('xn--bcher-kva.example')
  expect(parseDomain('exam\u00adple.org')).toBe(null)
})

test('a sign that can begin an address is part of it', () => {
  for (const address of ['!a@mail.test', "'a@mail.test", '+a@mail.test', '`a@mail.test'])
    expect(parseEmail(address)).toBe(address)
  expect(parseEmail('a@mail.test!')).toBe('a@mail.test')
})

describe('properties', () => {
  test('what nobody sees at the ends makes no difference, and within it is never passed over', () => {
    const hidden = fc.constantFrom(...'\u200b\u00ad\u200e\u2060\ufeff\u034f\u3164\ufe0f\u{e0020}\u2800')
    fc.assert(
      fc.property(fc.emailAddress(), hidden, fc.nat(), (text, character, at) => {
        const parsed = parseEmail(text)
        fc.pre(parsed !== null)
        expect(parseEmail(`${character}${text}${character}`)).toBe(parsed)
        const place = 1 + (at % (text.length - 1))
        const within = text.slice(0, place) + character + text.slice(place)
        expect(readEmail(within)).toMatchObject({ refusal: { code: 'email_invisible' } })
      }),
    )
  })

  test('reading an address again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary' })), (text) => {
        const parsed = parseEmail(text)
        if (parsed !== null) expect(parseEmail(parsed)).toBe(parsed)
      }),
      { numRuns: 2000 },
    )
  })

  test('what is taken can break no header and hold no second address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
        const parsed = parseEmail(`${left}@${right}.example`)
        if (parsed !== null) expect(parsed).toMatch(/^[^\s@<>"(),:;\\]+@[a-z0-9.-]+$/)
      }),
      { numRuns: 2000 },
    )
  })
})
