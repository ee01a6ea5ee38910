import * as v from 'valibot'
import { expect, test } from 'vitest'
import { backPathSchema, linkIn } from './back-path'

test.each(['/', '/register', '/register/email?sent=again', '/register/status/abc_-123'])(
  '%j is a way back',
  (path) => expect(v.parse(backPathSchema, path)).toBe(path),
)

test.each([
  '//evil.test',
  '/\\evil.test',
  'https://evil.test/',
  'javascript:alert(1)',
  'register',
  '/a\\b',
  '/\t/evil.test',
  '/a\r\nset-cookie: x=1',
  '',
  `/${'a'.repeat(3000)}`,
  undefined,
  7,
])('%j leads to the start page', (path) => expect(v.parse(backPathSchema, path)).toBe('/'))

test.each([
  ['/ꛨ▚', '/%EA%9B%A8%E2%96%9A'],
  ['/register?a=ö b', '/register?a=%C3%B6%20b'],
  ['/%C3%B6?a=%20#ü', '/%C3%B6?a=%20#%C3%BC'],
  ['/\u202e/\ud800', '/%E2%80%AE/%EF%BF%BD'],
])('%j leads to %j, as a header can carry it', (path, led) => {
  expect(v.parse(backPathSchema, path)).toBe(led)
  expect(() => new Headers({ location: led })).not.toThrow()
})

test('a form that does not say where it was leads to the start page', () => {
  expect(v.parse(v.object({ back: backPathSchema }), {})).toEqual({ back: '/' })
})

test.each([
  ['/register/status/abc_-123', 'abc_-123'],
  ['/register/status/abc_-123?earlier', 'abc_-123'],
  ['/register/verify/abc_-123?in', 'abc_-123'],
  ['/register/status', undefined],
  ['/register/status?x=/register/status/abc', undefined],
  ['/register/status/abc/in', undefined],
  ['/register/status/%61bc', undefined],
  ['/admin/join/abc', undefined],
  ['/', undefined],
])('the page %j is behind the link %j', (path, token) => expect(linkIn(path)).toBe(token))
