import { describe, expect, test } from 'vitest'
import { createProxyWatch } from './proxy-check'

function watch(trustProxy: boolean | string[]) {
  const lines: string[] = []
  const log = { warn: (_: object, words: string) => void lines.push(words), info: () => undefined }
  const { see, problem } = createProxyWatch({ trustProxy, log })
  return {
    lines,
    problem,
    see: (socketAddress: string | undefined, headers: Record<string, string> = {}) =>
      see({ socketAddress, headers: new Headers(headers) }),
  }
}

describe('nobody is trusted', () => {
  test.each([
    ['127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }],
    ['::1', { 'x-real-ip': '192.0.2.1' }],
    ['::ffff:172.17.0.1', { forwarded: 'for=192.0.2.1' }],
    ['10.0.0.3', { 'X-Forwarded-For': '192.0.2.1, 10.0.0.2' }],
    ['fd00::2', { 'x-forwarded-for': '2001:db8::1' }],
    [undefined, { 'x-forwarded-for': '192.0.2.1' }],
  ])('and a proxy at %s says for whom it asks: once', (peer, headers) => {
    const { see, problem, lines } = watch(false)
    for (let count = 0; count < 3; count++) see(peer, headers)
    expect(problem()).toMatchObject({ code: 'proxy_not_trusted' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('trust_proxy')
  })

  test('what a stranger claims from elsewhere tells nothing, and without a proxy all is well', () => {
    const { see, problem } = watch(false)
    see('192.0.2.7', { 'x-forwarded-for': '198.51.100.1' })
    for (let count = 0; count < 100; count++) see('127.0.0.1')
    expect(problem()).toBeNull()
  })
})

describe('a proxy is trusted', () => {
  test('and says for whom it asks: all is well, whoever else looks in from this machine', () => {
    const { see, problem } = watch(true)
    for (let count = 0; count < 50; count++) {
      see('127.0.0.1')
      see('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' })
    }
    expect(problem()).toBeNull()
  })

  test('and none of many requests says for whom: told once, until one does', () => {
    const { see, problem, lines } = watch(['10.0.0.0/8'])
    for (let count = 0; count < 100; count++) see('10.0.0.2')
    expect(problem()).toMatchObject({ code: 'proxy_silent', peer: '10.0.0.2' })
    expect(lines).toHaveLength(1)
    see('10.0.0.2', { 'x-forwarded-for': '192.0.2.1' })
    expect(problem()).toBeNull()
  })

  test('and somebody from outside comes without it: the port is open to all', () => {
    const { see, problem } = watch(true)
    see('192.0.2.7')
    expect(problem()).toMatchObject({ code: 'proxy_silent', peer: '192.0.2.7' })
  })

  test('but a Unix socket, which has no address, is in no list', () => {
    const { see, problem } = watch(['loopback'])
    see(undefined, { 'x-forwarded-for': '192.0.2.1' })
    expect(problem()).toMatchObject({ code: 'proxy_not_trusted', peer: 'socket' })
  })

  test('but the one that asks is another', () => {
    const { see, problem } = watch(['10.0.0.2'])
    see('10.0.0.3', { 'x-forwarded-for': '192.0.2.1' })
    expect(problem()).toEqual({ code: 'proxy_not_trusted', peer: '10.0.0.3', header: 'x-forwarded-for' })
  })
})
