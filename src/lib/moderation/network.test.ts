import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networkKey, networkText, parseNetwork } from './network'

const canonical = (typed: string) => {
  const network = parseNetwork(typed)
  return network === null ? null : networkText(network)
}

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

  test('is written so that it reads as the same, and every address of it has its key', () => {
    const bits = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })
    fc.assert(
      fc.property(bits, fc.nat(128), bits, (first, prefix, second) => {
        const address = { family: 6, bits: first, prefix: 128 } as const
        const network = parseNetwork(`${networkText(address)}/${prefix}`)
        // One in an IPv4 coat has another family.
        fc.pre(network !== null && network.family === 6)
        expect(parseNetwork(networkText(network))).toEqual(network)
        const inside = {
          family: 6,
          bits: network.bits | (second & ((1n << BigInt(128 - prefix)) - 1n)),
          prefix: 128,
        } as const
        expect(networkKey(inside, prefix)).toBe(networkKey(network, prefix))
      }),
    )
  })
})
