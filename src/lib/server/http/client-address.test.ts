import { describe, expect, it } from 'vitest'
import { clientAddress } from './client-address'

const PROXY = '10.0.0.1'
const CLIENT = '203.0.113.9'
const ask = (
  forwardedFor: string | null | undefined,
  trustProxy: boolean | string[],
  socketAddress = PROXY,
) => clientAddress({ socketAddress, forwardedFor, trustProxy })

describe('without a trusted proxy', () => {
  it('nobody can claim an address', () => {
    expect(ask(CLIENT, false)).toBe(PROXY)
    expect(ask(CLIENT, [])).toBe(PROXY)
    expect(ask(CLIENT, ['192.0.2.0/24'])).toBe(PROXY)
  })
})

describe('behind the one connected proxy', () => {
  it('the client is whom the proxy saw: the entry furthest right', () => {
    expect(ask(CLIENT, true)).toBe(CLIENT)
    expect(ask(`1.1.1.1, ${CLIENT}`, true)).toBe(CLIENT)
  })

  it('what a client writes before it counts for nothing, though it names the proxy itself', () => {
    expect(ask(`127.0.0.1, ${PROXY}, ${CLIENT}`, true)).toBe(CLIENT)
    expect(ask(`1.1.1.1, ${PROXY}`, true)).toBe(PROXY)
  })

  it('a unix socket, which has no address, is the proxy', () => {
    expect(clientAddress({ socketAddress: undefined, forwardedFor: CLIENT, trustProxy: true })).toBe(CLIENT)
    expect(clientAddress({ socketAddress: undefined, forwardedFor: null, trustProxy: true })).toBe('::')
  })
})

describe('behind listed proxies', () => {
  const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48']

  it('the client is the first from the right that is none of them', () => {
    expect(ask(`${CLIENT}, 10.0.0.3, 2001:db8:ffff::7, 10.0.0.2`, proxies)).toBe(CLIENT)
  })

  it('a forged prefix is not reached', () => {
    expect(ask(`10.9.9.9, 1.1.1.1, ${CLIENT}, 10.0.0.2`, proxies)).toBe(CLIENT)
  })

  it('a stranger who connects past them is taken for themself', () => {
    expect(ask('1.1.1.1, 10.0.0.2', proxies, CLIENT)).toBe(CLIENT)
  })

  it('where all are proxies, the furthest one is the answer', () => {
    expect(ask('10.0.0.3, 10.0.0.2', proxies)).toBe('10.0.0.3')
  })

  it('an IPv4-mapped socket is recognised', () => {
    expect(ask(CLIENT, proxies, '::ffff:10.0.0.1')).toBe(CLIENT)
  })

  it('names of ranges can stand in the list', () => {
    expect(ask(CLIENT, ['loopback'], '127.0.0.1')).toBe(CLIENT)
    expect(ask(CLIENT, ['loopback'], '::1')).toBe(CLIENT)
    expect(ask(CLIENT, ['loopback'], '10.0.0.1')).toBe('10.0.0.1')
  })

  it('a list with something else in it is refused', () => {
    expect(() => ask(CLIENT, ['proxy.example.org'])).toThrow(TypeError)
  })
})

describe('garbage', () => {
  it.each([
    null,
    undefined,
    '',
    ' ',
    ',',
    ',,,,',
    'unknown',
    '_hidden',
    '1',
    '2130706433',
    '127.1',
    '0x7f000001',
    '1.2.3.4.5',
    '1.2.3.4:port',
    '1.2.3.4:999999',
    '[1.2.3.4',
    '[]',
    '[::1',
    '::1]:80',
    'for=1.2.3.4',
    '1.2.3.4\u0000',
    '<script>',
    `${CLIENT}, `,
    `${CLIENT}, unknown`,
    '1'.repeat(100_000),
    ','.repeat(100_000),
  ])('%# never wins: the proxy is the answer', (header) => {
    expect(ask(header, true)).toBe(PROXY)
    expect(ask(header, ['10.0.0.0/8'])).toBe(PROXY)
  })

  it('between proxies ends at the last hop that was seen', () => {
    expect(ask(`${CLIENT}, garbage, 10.0.0.2`, ['10.0.0.0/8'])).toBe('10.0.0.2')
  })

  it('in place of the socket address trusts nobody from a list', () => {
    expect(ask(CLIENT, ['10.0.0.0/8'], 'garbage')).toBe('::')
  })
})

describe('spelling', () => {
  it.each([
    [`${CLIENT}:4711`, CLIENT],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    [`::ffff:${CLIENT}`, CLIENT],
    [`[::ffff:${CLIENT}]:80`, CLIENT],
    ['fe80::1%eth0', 'fe80::1'],
    [`\t ${CLIENT} `, CLIENT],
  ])('%s is %s', (header, address) => {
    expect(ask(header, true)).toBe(address)
  })

  it('of the socket address is made the same', () => {
    expect(ask(null, false, `::ffff:${CLIENT}`)).toBe(CLIENT)
    expect(ask(null, false, '2001:DB8::0:1')).toBe('2001:db8::1')
  })
})
