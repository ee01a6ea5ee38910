import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalAddress, networkText, parseNetwork, wider } from './ip'

const canonical = (typed: string) => {
  const network = parseNetwork(typed)
  return network === null ? null : networkText(network)
}

describe('canonicalAddress', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    // The deprecated form (RFC 4291, 2.5.5.1) is an IPv6 address.
    ['::192.0.2.1', '::c000:201'],
    ['::1', '::1'],
    ['2001:db8::192.0.2.1', '2001:db8::c000:201'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  test.each([
    '',
    ' ',
    '1',
    '127.1',
    '0x7f.0.0.1',
    '192.0.2.256',
    '010.0.0.1',
    '::ffff:010.0.0.1',
    '192.0.2.1%eth0',
    '::%',
    '192.0.2.1:80',
    '[::1]',
    ':::',
    'example.org',
    '::1\n',
  ])('takes %j for no address', (text) => {
    expect(canonicalAddress(text)).toBeNull()
  })
})

describe('a network', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7/32 ', '203.0.113.7'],
    ['203.0.113.77/24', '203.0.113.0/24'],
    ['10.1.2.3/0', '0.0.0.0/0'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107/120', '203.0.113.0/24'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8:ffff::/32', '2001:db8::/32'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::/0', '::/0'],
    ['::ffff:0:0/95', '::fffe:0:0/95'],
  ])('%s is %s', (typed, written) => expect(canonical(typed)).toBe(written))

  test.each([
    '',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.07',
    '0x7f.1',
    '203.0.113.0/33',
    '203.0.113.0/-1',
    '203.0.113.0/',
    '2001:db8::/129',
    '2001:db8',
    ':::',
    '1::2::3',
    '[::1]',
    'spam.example',
  ])('%s is none', (typed) => expect(parseNetwork(typed)).toBeNull())

  test('is written so that it reads as the same, and every address of it leads to it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (address, length) => {
        const alone = parseNetwork(address)
        if (alone === null) throw new Error(address)
        const network = wider(alone, Math.min(length, alone.prefix))
        expect(parseNetwork(networkText(network))).toEqual(network)
        expect(parseNetwork(`${alone.address}/${network.prefix}`)).toEqual(network)
        expect(wider(network, network.prefix)).toEqual(network)
      }),
    )
  })
})

describe('the network of the first bits', () => {
  test.each([
    ['203.0.113.77', 24, '203.0.113.0/24'],
    ['203.0.113.77', 31, '203.0.113.76/31'],
    ['203.0.113.77', 32, '203.0.113.77'],
    ['203.0.113.77', 0, '0.0.0.0/0'],
    ['2001:db8:ffff:ffff::1', 56, '2001:db8:ffff:ff00::/56'],
    ['2001:db8::7', 127, '2001:db8::6/127'],
    ['ffff:ffff::', 17, 'ffff:8000::/17'],
  ])('of %s, %i: %s', (address, prefix, network) => {
    const alone = parseNetwork(address)
    expect(alone === null ? null : networkText(wider(alone, prefix))).toBe(network)
  })
})
