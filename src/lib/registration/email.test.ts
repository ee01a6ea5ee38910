import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEmail } from './email'

describe('what people type as their address', () => {
  test.each([
    ['Person@Example.ORG', 'person@example.org'],
    ['  a.b+tag@sub.example.org\n', 'a.b+tag@sub.example.org'],
    ['me@bücher.example', 'me@xn--bcher-kva.example'],
    ['me@example.org.', 'me@example.org'],
    ["o'neil@example.org", "o'neil@example.org"],
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
    ['Name <a@example.org>', null],
    ['a@example.org,b@example.org', null],
    ['a@exam_ple.org', null],
    ['a@example.org/x', null],
    [`${'a'.repeat(65)}@example.org`, null],
    [`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.org`, null],
  ])('%j is %j', (typed, expected) => expect(parseEmail(typed)).toBe(expected))
})

describe('properties', () => {
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
