import { describe, expect, it } from 'vitest'
import { isAllowedHost } from './hosts'

describe('a host that is listed', () => {
  it.each([
    ['register.example.org', 'register.example.org'],
    ['register.example.org:8443', 'register.example.org'],
    ['Register.EXAMPLE.org', 'register.example.org'],
    ['register.example.org', 'Register.Example.org'],
    ['register.example.org.', 'register.example.org'],
    ['register.example.org.:443', 'register.example.org'],
    ['example.org', '.example.org'],
    ['a.b.example.org:80', '.example.org'],
    ['localhost:3000', 'localhost'],
    ['192.0.2.1:80', '192.0.2.1'],
    ['[::1]', '[::1]'],
    ['[::1]:3000', '[::1]'],
    ['[0:0::1]', '::1'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['anything.example', '*'],
    ['[2001:db8::1]:80', '*'],
  ])('%s is allowed by %s', (host, pattern) => {
    expect(isAllowedHost(host, ['other.example', pattern])).toBe(true)
  })
})

describe('another host', () => {
  it.each([
    ['evil.example', 'example.org'],
    ['sub.example.org', 'example.org'],
    ['example.org.evil.example', 'example.org'],
    ['example.org.evil.example', '.example.org'],
    ['evilexample.org', '.example.org'],
    ['org', '.example.org'],
    ['example.org', ''],
    ['example.org', '.'],
    ['example.org', '*.example.org'],
    ['sub.example.org', '*.example.org'],
    ['exampleXorg', 'example.org'],
    ['[::2]', '[::1]'],
    ['::1', '[::1]'],
  ])('%s is not allowed by %j', (host, pattern) => {
    expect(isAllowedHost(host, [pattern])).toBe(false)
  })

  it('is not allowed by an empty list', () => {
    expect(isAllowedHost('example.org', [])).toBe(false)
  })
})

describe('garbage', () => {
  it.each([
    null,
    undefined,
    '',
    ' ',
    '.',
    '..',
    ':80',
    'example.org:',
    'example.org:port',
    'example.org:80:80',
    'example.org:123456',
    'example.org..',
    '.example.org',
    'a..example.org',
    '-.example.org',
    'user@example.org',
    'evil.example#example.org',
    'evil.example/example.org',
    'evil.example\\example.org',
    'evil.example?.example.org',
    'evil.example, example.org',
    'evil.example\n.example.org',
    'example.org\n',
    ' example.org',
    'example.org:80@evil.example',
    'ex%61mple.org',
    'exämple.org',
    '[example.org]',
    '[::1',
    '[]',
    '[:::]',
    '[::1]example.org',
    '[::1].example.org',
    `${'a.'.repeat(50_000)}example.org`,
  ])('%j is allowed by nothing', (host) => {
    expect(isAllowedHost(host, ['example.org', '.example.org', '[::1]', '*'])).toBe(false)
  })
})
