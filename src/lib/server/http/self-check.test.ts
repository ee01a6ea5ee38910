import { expect, test } from 'vitest'
import { createSeal } from '../crypto/sealed'
import { createSelfCheck, SELF_CHECK_HEADER, SELF_CHECK_PURPOSE, selfCheckHeader } from './self-check'

const NOW = Date.UTC(2026, 0, 15, 12)
const sealOf = (secret: string) => createSeal(secret, SELF_CHECK_PURPOSE)

function ask(header: string | null, { query = '', forwardedFor = '' } = {}): Response | null {
  const selfCheck = createSelfCheck({
    seal: sealOf('secret'),
    trustProxy: true,
    settings: 'f',
    clock: () => NOW,
  })
  const headers = new Headers({
    host: 'register.example.test',
    ...(header === null ? {} : { [SELF_CHECK_HEADER]: header }),
    ...(forwardedFor === '' ? {} : { 'x-forwarded-for': forwardedFor }),
  })
  const url = new URL(`https://register.example.test/healthz${query}`)
  return selfCheck({ url, headers, socketAddress: () => '127.0.0.1' })
}

test('who knows the secret key hears what was seen of the request', async () => {
  const header = selfCheckHeader(sealOf('secret'), NOW - 59_000)
  expect(await ask(header, { forwardedFor: '203.0.113.7, 198.51.100.9' })?.json()).toEqual({
    host: 'register.example.test',
    forwardedFor: '203.0.113.7, 198.51.100.9',
    client: '198.51.100.9',
    trusted: true,
    settings: 'f',
  })
})

test('as a stream, it comes in two pieces', async () => {
  const answer = ask(selfCheckHeader(sealOf('secret'), NOW), { query: '?stream' })
  const reader = answer?.body?.getReader()
  const first = await reader?.read()
  expect(new TextDecoder().decode(first?.value)).toBe(': here\n\n')
  const second = await reader?.read()
  expect(new TextDecoder().decode(second?.value)).toMatch(/^data: \{.*\}\n\n$/)
})

test.each([
  ['without the header', null],
  ['under another key', selfCheckHeader(sealOf('other'), NOW)],
  ['for another purpose', createSeal('secret', 'draft').seal(String(NOW), SELF_CHECK_PURPOSE)],
  ['of more than a minute ago', selfCheckHeader(sealOf('secret'), NOW - 61_000)],
  ['of more than a minute ahead', selfCheckHeader(sealOf('secret'), NOW + 61_000)],
  ['that holds no time', sealOf('secret').seal('', SELF_CHECK_PURPOSE)],
  ['that is no seal', 'A'.repeat(80)],
])('a request %s is any other', (_, header) => {
  expect(ask(header)).toBeNull()
})
