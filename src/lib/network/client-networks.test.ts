import { describe, expect, it } from 'vitest'
import { networkOf, networksOf } from './client-networks'

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
