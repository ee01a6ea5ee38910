import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { registrations, tokens } from '../database/schema'
import {
  deleteExpiredTokens,
  findToken,
  hasLiveLink,
  insertToken,
  type TokenPurpose,
} from '../database/tokens'
import { parseEmail } from '$lib/registration/email'
import { parseUsername } from '$lib/registration/username'
import { hashToken, mintToken, parseToken } from './tokens'

describe('a token', () => {
  it('is 256 bits of the given randomness in base64url, hashed with SHA-256', () => {
    const asked: number[] = []
    const { plain, hash } = mintToken((bytes) => {
      asked.push(bytes)
      return new Uint8Array(bytes).fill(255)
    })
    expect(asked).toEqual([32])
    expect(plain).toBe(`${'_'.repeat(42)}8`)
    expect(hash).toBe(createHash('sha256').update(plain).digest('hex'))
    expect(hashToken(plain)).toBe(hash)
  })

  it('never comes twice', () => {
    const minted = Array.from({ length: 1000 }, () => mintToken().plain)
    expect(new Set(minted).size).toBe(1000)
  })

  it('is read back as it was minted', () => {
    for (let round = 0; round < 200; round++) {
      const { plain } = mintToken()
      expect(parseToken(plain)).toBe(plain)
    }
  })

  const whole = mintToken().plain
  it.each([
    '',
    undefined,
    null,
    42,
    whole.slice(1),
    `${whole}A`,
    `${whole}\n`,
    ` ${whole}`,
    `${whole.slice(0, -1)}=`,
    `+${whole.slice(1)}`,
    `/${whole.slice(1)}`,
    `ä${whole.slice(1)}`,
    `${'A'.repeat(42)}B`,
    [whole],
    'A'.repeat(1_000_000),
  ])('is not read from %j', (text) => {
    expect(parseToken(text)).toBeNull()
  })
})

describe('tokens in the database', () => {
  let test: TestDatabase
  beforeEach(async () => {
    test = await openTestDatabase()
    const username = parseUsername('anna', 'example.org')
    const email = parseEmail('anna@example.org')
    if (!username.ok || email === null) throw new Error('The test needs a name and an address')
    await test.database.write((tx) =>
      tx.insert(registrations).values({
        id: 'r1',
        version: 1,
        state: 'started',
        username: username.value,
        holdsName: false,
        email,
        language: 'en',
        clientAddress: '192.0.2.1',
        silent: false,
        startedAt: 0,
        stateSince: 0,
      }),
    )
  })
  afterEach(() => test.dispose())

  async function insert(expiresAt = 1000, purpose: TokenPurpose = 'status') {
    const minted = mintToken()
    const { hash } = minted
    await test.database.write((tx) =>
      insertToken(tx, { hash, purpose, registrationId: 'r1', createdAt: 0, expiresAt }),
    )
    return minted
  }

  it('stand there as hashes alone', async () => {
    const { plain, hash } = await insert()
    const rows = await test.database.read((reader) => reader.select().from(tokens))
    expect(rows.map((row) => row.hash)).toEqual([hash])
    expect(JSON.stringify(rows)).not.toContain(plain)
  })

  it('are found for their purpose and no other', async () => {
    const { hash } = await insert()
    const find = (purpose: 'status' | 'applicant' | 'verification') =>
      test.database.read((reader) => findToken(reader, hash, purpose))
    expect(await find('status')).toMatchObject({ registrationId: 'r1', username: null })
    expect(await find('applicant')).toBeNull()
    expect(await find('verification')).toBeNull()
  })

  it('go once they expired, and not before', async () => {
    const early = await insert(1000)
    const late = await insert(1001)
    await test.database.write((tx) => deleteExpiredTokens(tx, 1000, 10))
    expect(await test.database.read((reader) => findToken(reader, early.hash, 'status'))).toBeNull()
    expect(await test.database.read((reader) => findToken(reader, late.hash, 'status'))).not.toBeNull()
  })
  it('go in portions', async () => {
    for (const expiresAt of [1, 2, 3]) await insert(expiresAt)
    const remove = () => test.database.write((tx) => deleteExpiredTokens(tx, 1000, 2))
    expect([await remove(), await remove(), await remove()]).toEqual([2, 1, 0])
  })

  it('show whether a link to confirm an address still works: of this registration, and until its time is over', async () => {
    const isLive = (id: string, now: number) => test.database.read((reader) => hasLiveLink(reader, id, now))
    await insert(5000, 'status')
    await insert(5000, 'applicant')
    expect(await isLive('r1', 999)).toBe(false)
    await insert(1000, 'verification')
    expect(await isLive('r1', 999)).toBe(true)
    expect(await isLive('r1', 1000)).toBe(false)
    expect(await isLive('r2', 999)).toBe(false)
  })
})
