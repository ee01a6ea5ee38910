import { describe, expect, it } from 'vitest'
import { canonicalAddress, networkOf, networksOf } from './ip'

describe('canonicalAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:db8::192.0.2.1', '2001:db8::c000:201'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  it.each([
    '',
    ' ',
    '1',
    '127.1',
    '0x7f.0.0.1',
    '192.0.2.256',
    '010.0.0.1',
    '192.0.2.1:80',
    '[::1]',
    ':::',
    'example.org',
    '::1\n',
  ])('takes %j for no address', (text) => {
    expect(canonicalAddress(text)).toBeNull()
  })
})

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  it('keeps networks apart that differ within their first 64 bits', () => {
    expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'))
  })

  it('leaves alone what is no address', () => {
    expect(networkOf('anna@example.org')).toBe('anna@example.org')
  })
})

describe('networksOf', () => {
  it.each([
    ['192.0.2.77', ['192.0.2.77', '192.0.2.0/24']],
    ['::ffff:192.0.2.77', ['192.0.2.77', '192.0.2.0/24']],
    ['2001:db8:1:2345:3::1', ['2001:db8:1:2345::/64', '2001:db8:1:2300::/56', '2001:db8:1::/48']],
    ['2001:db8:ffff:ffff::1', ['2001:db8:ffff:ffff::/64', '2001:db8:ffff:ff00::/56', '2001:db8:ffff::/48']],
    ['::1', ['::/64', '::/56', '::/48']],
  ])('counts %s as each of %j', (address, networks) => {
    expect(networksOf(address).map(({ network }) => network)).toEqual(networks)
  })

  it('gives wider networks more, but far less than all that is in them together', () => {
    expect(networksOf('2001:db8::1').map(({ share }) => share)).toEqual([1, 2, 4])
    expect(networksOf('192.0.2.1').map(({ share }) => share)).toEqual([1, 32])
  })

  it('takes what is no address for one party', () => {
    expect(networksOf('nobody')).toEqual([{ network: 'nobody', share: 1 }])
  })
})
