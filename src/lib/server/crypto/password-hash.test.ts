import { parseOptions, verify } from '@node-rs/argon2'
import { expect, it, vi } from 'vitest'
import { hashPassword, verifyPassword } from './password-hash'

vi.mock('@node-rs/argon2', { spy: true })

const PASSWORD = 'correct horse battery'

it('hashes with argon2id, at least as hard as OWASP asks', async () => {
  const text = await hashPassword(PASSWORD)
  expect(text).toMatch(/^\$argon2id\$v=19\$/)
  const { memoryCost, timeCost, parallelism, saltLen } = parseOptions(text)
  expect(memoryCost).toBeGreaterThanOrEqual(19456)
  expect(timeCost).toBeGreaterThanOrEqual(2)
  expect(parallelism).toBeGreaterThanOrEqual(1)
  expect(saltLen).toBeGreaterThanOrEqual(16)
})

it('salts, so that equal passwords have different hashes', async () => {
  expect(await hashPassword(PASSWORD)).not.toBe(await hashPassword(PASSWORD))
})

it('tells the right password from others', async () => {
  const text = await hashPassword(PASSWORD)
  expect(await verifyPassword(text, PASSWORD)).toBe(true)
  expect(await verifyPassword(text, `${PASSWORD} `)).toBe(false)
  expect(await verifyPassword(text, '')).toBe(false)
})

it('takes composed and decomposed letters for the same', async () => {
  const text = await hashPassword('gr\u00fcne Wiese im Tal')
  expect(await verifyPassword(text, 'gru\u0308ne Wiese im Tal')).toBe(true)
})

it('refuses every password for an account that does not exist, at the cost of a real one', async () => {
  const real = parseOptions(await hashPassword(PASSWORD))
  vi.mocked(verify).mockClear()
  expect(await verifyPassword(null, PASSWORD)).toBe(false)
  const [verified, password] = vi.mocked(verify).mock.calls[0] ?? []
  expect(password).toBe(PASSWORD)
  expect(parseOptions(verified ?? '')).toEqual(real)
})

it('refuses an account that does not exist even where the password would fit the decoy', async () => {
  vi.mocked(verify).mockResolvedValueOnce(true)
  expect(await verifyPassword(null, PASSWORD)).toBe(false)
})

it('throws on what is not a hash, in place of calling the password wrong', async () => {
  await expect(verifyPassword('not a hash', PASSWORD)).rejects.toThrow()
})
