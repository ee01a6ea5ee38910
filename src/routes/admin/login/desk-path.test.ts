import { expect, test } from 'vitest'
import { afterSignIn, deskPath } from './desk-path'

test.each([
  ['/admin', '/admin'],
  ['/admin/rules?over&q=%C3%B6#x', '/admin/rules?over&q=%C3%B6#x'],
  ['/admin?q=ö', '/admin?q=%C3%B6'],
  ['/admin/ꛨ\u0001\ud800', '/admin/%EA%9B%A8%01%EF%BF%BD'],
  ['/administrators', '/admin'],
  ['//evil.test', '/admin'],
  ['/admin/\\evil.test', '/admin'],
  ['/admin/a\r\nset-cookie: x=1', '/admin'],
  [`/admin/${'ö'.repeat(600)}`, '/admin'],
  [null, '/admin'],
])('%j leads to %j', (next, led) => {
  expect(deskPath(next)).toBe(led)
  expect(() => new Headers({ location: deskPath(next) })).not.toThrow()
  const query = next === null ? '' : new URLSearchParams({ next }).toString()
  const through = new URL(afterSignIn(new URL(`https://a.test/?${query}`)), 'https://a.test')
  expect(through.searchParams.get('next')).toBe(led)
})
