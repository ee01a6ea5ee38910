import { expect, test } from 'vitest'
import { ehloName } from './ehlo-name'

test.each([
  ['https://register.example.org', 'example.org', 'register.example.org'],
  ['https://register.example.org:8443', 'example.org', 'register.example.org'],
  ['https://bücher.example', 'example.org', 'xn--bcher-kva.example'],
  ['https://register.example.org.', 'example.org', 'register.example.org'],
  ['http://127.0.0.1:3000', 'example.org', 'example.org'],
  ['http://localhost:3000', 'bücher.example', 'xn--bcher-kva.example'],
  ['http://[2001:db8::1]', 'example.org', 'example.org'],
  ['http://203.0.113.5', '[203.0.113.9]', '[203.0.113.5]'],
  ['http://[2001:db8::1]', '192.0.2.1', '[192.0.2.1]'],
  ['http://[2001:db8::1]', '[IPv6:2001:db8::9]', '[IPv6:2001:db8::1]'],
])('the site %s greets as %s does not say: %s', (url, sender, name) => {
  expect(ehloName(url, sender)).toBe(name)
})
