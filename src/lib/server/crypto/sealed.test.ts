import { expect, test } from 'vitest'
import { createSeal } from './sealed'

const seal = createSeal('a secret key', 'totp')

test('what is sealed opens for its owner, under its key and purpose alone', () => {
  const sealed = seal.seal('JBSWY3DPEHPK3PXP', 'm1')
  expect(sealed).not.toContain('JBSWY3DPEHPK3PXP')
  expect(seal.seal('JBSWY3DPEHPK3PXP', 'm1')).not.toBe(sealed)
  expect(seal.open(sealed, 'm1')).toBe('JBSWY3DPEHPK3PXP')
  expect(seal.open(sealed, 'm2')).toBeNull()
  expect(createSeal('another key', 'totp').open(sealed, 'm1')).toBeNull()
  expect(createSeal('a secret key', 'something else').open(sealed, 'm1')).toBeNull()
})

test.each(['', 'x', 'A'.repeat(100)])('damaged bytes open nothing: %j', (bytes) => {
  expect(seal.open(bytes, 'm1')).toBeNull()
})
