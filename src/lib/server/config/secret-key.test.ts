import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { secretKeyOf } from './secret-key'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-key-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const within = (directory: string) => ({
  secretKey: null,
  database: { url: 'file:x', authToken: undefined, directory },
})

test('a configured key is taken, and nothing is written', () => {
  expect(secretKeyOf({ ...within(folder), secretKey: 'configured' })).toBe('configured')
  expect(readdirSync(folder)).toEqual([])
})

test('a key is made once, with 32 random bytes, for this user alone', () => {
  const directory = join(folder, 'not', 'yet')
  const key = secretKeyOf(within(directory), (bytes) => Buffer.alloc(bytes, 7))
  expect(key).toBe(Buffer.alloc(32, 7).toString('base64url'))
  expect(secretKeyOf(within(directory))).toBe(key)
  expect(readdirSync(directory)).toEqual(['secret_key'])
  expect(statSync(join(directory, 'secret_key')).mode & 0o777).toBe(0o600)
})

test('two processes that start at once get the same key', () => {
  let other = ''
  const mine = secretKeyOf(within(folder), (bytes) => {
    other = secretKeyOf(within(folder), () => Buffer.alloc(bytes, 1))
    return Buffer.alloc(bytes, 2)
  })
  expect(mine).toBe(other)
  expect(readFileSync(join(folder, 'secret_key'), 'utf8').trim()).toBe(other)
  expect(readdirSync(folder)).toEqual(['secret_key'])
})

test('a damaged key is told and never replaced', () => {
  writeFileSync(join(folder, 'secret_key'), 'half a ke')
  expect(() => secretKeyOf(within(folder))).toThrow(/does not contain a secret key: restore it, or delete it/)
  expect(readFileSync(join(folder, 'secret_key'), 'utf8')).toBe('half a ke')
})

test('a key that cannot be kept is told, with another way', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  chmodSync(file, 0o600)
  expect(() => secretKeyOf(within(join(file, 'below')))).toThrow(/secret key.*cannot be/)
})
