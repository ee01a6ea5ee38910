import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseEmail } from '$lib/registration/email'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { hashToken, mintToken } from '../crypto/tokens'
import {
  countRecoveryCodes,
  isFactorRequired,
  replaceRecoveryCodes,
  setFactorRequired,
  spendRecoveryCode,
} from './factors'
import {
  deleteModeratorTokens,
  findInvitations,
  findModeratorToken,
  insertModeratorToken,
  insertSpent,
  renewModeratorToken,
  spendInvitationsBy,
  spendInvitationsTo,
  spendModeratorToken,
  spendTokensOf,
  type ModeratorTokenRow,
} from './moderator-tokens'
import type { Reader, Transaction } from './open'
import { moderators, moderatorTokens, settings } from './schema'

/** What works once, works once: whoever comes second, too late, or with somebody else's, gets nothing. */
let kept: TestDatabase
const NOW = 1_000
const write = <T>(work: (tx: Transaction) => Promise<T>) => kept.database.write(work)
const read = <T>(work: (reader: Reader) => Promise<T>) => kept.database.read(work)

beforeEach(async () => {
  kept = await openTestDatabase()
  await write((tx) =>
    tx.insert(moderators).values(
      ['ada', 'ben'].map((id) => ({
        id,
        username: id,
        email: `${id}@example.test`,
        passwordHash: '',
        createdAt: 0,
      })),
    ),
  )
})
afterEach(() => kept.dispose())

async function insert(id: string, change: Partial<ModeratorTokenRow> = {}): Promise<void> {
  const purpose = 'invitation' as const
  await write((tx) =>
    insertModeratorToken(tx, {
      id,
      hash: `hash of ${id}`,
      purpose,
      createdAt: 0,
      expiresAt: NOW + 1,
      ...change,
    }),
  )
}
const rows = async () => {
  const all = await read((reader) => reader.select().from(moderatorTokens))
  return Object.fromEntries(all.map((row) => [row.id, row]))
}

describe('a token is used up', () => {
  test('once, and no other with it', async () => {
    await insert('a')
    await insert('b')
    expect(await write((tx) => spendModeratorToken(tx, 'hash of a', NOW))).toBe(true)
    expect(await write((tx) => spendModeratorToken(tx, 'hash of a', NOW + 5))).toBe(false)
    expect(await write((tx) => spendModeratorToken(tx, 'hash of c', NOW))).toBe(false)
    expect(await rows()).toMatchObject({ a: { spentAt: NOW }, b: { spentAt: null } })
  })

  test('by one of many at once', async () => {
    await insert('a')
    const tries = Array.from({ length: 20 }, () => write((tx) => spendModeratorToken(tx, 'hash of a', NOW)))
    expect((await Promise.all(tries)).filter(Boolean)).toEqual([true])
  })

  test('also where nobody kept it before', async () => {
    const row = {
      hash: 'h',
      purpose: 'passkey' as const,
      moderatorId: 'ada',
      createdAt: 0,
      expiresAt: NOW,
      spentAt: NOW,
    }
    expect(await write((tx) => insertSpent(tx, row))).toBe(true)
    expect(await write((tx) => insertSpent(tx, { ...row, moderatorId: 'ben' }))).toBe(false)
  })

  test('with all that waits for its moderator, and nothing of others', async () => {
    await insert('half', { purpose: 'second_factor', moderatorId: 'ada' })
    await insert('address', { purpose: 'address', moderatorId: 'ada' })
    await insert('used', { purpose: 'address', moderatorId: 'ada', spentAt: 7 })
    await insert('other', { purpose: 'address', moderatorId: 'ben' })
    await write((tx) => spendTokensOf(tx, 'ada', NOW))
    expect(await rows()).toMatchObject({
      half: { spentAt: NOW },
      address: { spentAt: NOW },
      used: { spentAt: 7 },
      other: { spentAt: null },
    })
  })

  test('with all of one purpose that waits for its moderator', async () => {
    await insert('half', { purpose: 'second_factor', moderatorId: 'ada' })
    await insert('address', { purpose: 'address', moderatorId: 'ada' })
    await insert('other', { purpose: 'address', moderatorId: 'ben' })
    await write((tx) => spendTokensOf(tx, 'ada', NOW, 'address'))
    expect(await rows()).toMatchObject({
      half: { spentAt: null },
      address: { spentAt: NOW },
      other: { spentAt: null },
    })
  })

  test('as an invitation that was not used, expired or not, by who made it', async () => {
    const createdBy = 'ada'
    await insert('first', { createdBy })
    await insert('second', { createdBy })
    await insert('used', { createdBy, spentAt: 7 })
    await insert('late', { createdBy, expiresAt: NOW })
    await insert('address', { createdBy, purpose: 'address' })
    await insert('other', { createdBy: 'ben' })
    expect(await write((tx) => spendInvitationsBy(tx, createdBy, NOW))).toBe(3)
    expect(await rows()).toMatchObject({
      first: { spentAt: NOW },
      second: { spentAt: NOW },
      used: { spentAt: 7 },
      late: { spentAt: NOW },
      address: { spentAt: null },
      other: { spentAt: null },
    })
  })

  test('as an invitation that was not used, expired or not, by whom it is for', async () => {
    const email = parseEmail('new@example.test')
    if (email === null) throw new Error('No email address')
    await insert('first', { email })
    await insert('used', { email, spentAt: 7 })
    await insert('late', { email, expiresAt: NOW })
    await insert('address', { email, purpose: 'address' })
    await insert('other', { email: 'other@example.test' })
    expect(await write((tx) => spendInvitationsTo(tx, email, NOW))).toBe(2)
    expect(await rows()).toMatchObject({
      first: { spentAt: NOW },
      used: { spentAt: 7 },
      late: { spentAt: NOW },
      address: { spentAt: null },
      other: { spentAt: null },
    })
  })
})

test('a token is found for its purpose and no other', async () => {
  const { plain, hash } = mintToken()
  await insert('a', { hash, purpose: 'address' })
  await insert('b')
  const find = (purpose: ModeratorTokenRow['purpose']) =>
    read((reader) => findModeratorToken(reader, hashToken(plain), purpose))
  expect(await find('address')).toMatchObject({ id: 'a' })
  for (const purpose of ['invitation', 'second_factor', 'passkey'] as const)
    expect(await find(purpose)).toBeNull()
})

test('a link gets a new token as long as it was not used, and no other link does', async () => {
  const { hash } = mintToken()
  await insert('a')
  await insert('b')
  await insert('used', { spentAt: 7 })
  const renew = (id: string) => write((tx) => renewModeratorToken(tx, id, hash, NOW + 50))
  expect(await renew('used')).toBeNull()
  expect(await renew('none')).toBeNull()
  expect(await renew('a')).toMatchObject({ id: 'a', hash, expiresAt: NOW + 50 })
  expect(await rows()).toMatchObject({ b: { hash: 'hash of b' }, used: { hash: 'hash of used' } })
})

test('of the invitations, those are listed that can still be used, the oldest first, with who made them', async () => {
  await insert('newer', { createdAt: 2, createdBy: 'ben', email: 'new@example.test' })
  await insert('older', { createdAt: 1 })
  await insert('used', { spentAt: 7 })
  await insert('late', { expiresAt: NOW })
  await insert('address', { purpose: 'address' })
  const found = await read((reader) => findInvitations(reader, NOW))
  expect(found.map(({ id, by }) => [id, by])).toEqual([
    ['older', null],
    ['newer', 'ben'],
  ])
})

test('tokens go that ran out by then, so many at a time, and others stay', async () => {
  await insert('a', { expiresAt: NOW - 1 })
  await insert('b', { expiresAt: NOW })
  await insert('c', { expiresAt: NOW + 1 })
  expect(await write((tx) => deleteModeratorTokens(tx, NOW, 1))).toBe(1)
  expect(await write((tx) => deleteModeratorTokens(tx, NOW, 5))).toBe(1)
  expect(Object.keys(await rows())).toEqual(['c'])
})

describe('a recovery code', () => {
  const spend = (id: string, hash: string) => write((tx) => spendRecoveryCode(tx, id, hash, NOW))
  const count = (id: string) => read((reader) => countRecoveryCodes(reader, id))
  beforeEach(() =>
    write(async (tx) => {
      await replaceRecoveryCodes(tx, 'ada', ['a1', 'a2'])
      await replaceRecoveryCodes(tx, 'ben', ['b1'])
    }),
  )

  test('works once, for its moderator, and uses up no other', async () => {
    expect(await spend('ben', 'a1')).toBe(false)
    expect(await spend('ada', 'none')).toBe(false)
    expect(await spend('ada', 'a1')).toBe(true)
    expect(await spend('ada', 'a1')).toBe(false)
    expect([await count('ada'), await count('ben')]).toEqual([1, 1])
  })

  test('goes with all of its moderator when there are new ones, or none', async () => {
    await write((tx) => replaceRecoveryCodes(tx, 'ada', ['a3']))
    expect(await spend('ada', 'a2')).toBe(false)
    expect(await spend('ada', 'a3')).toBe(true)
    await write((tx) => replaceRecoveryCodes(tx, 'ada', []))
    expect([await count('ada'), await count('ben')]).toEqual([0, 1])
  })
})

test('a second factor is wanted of everybody once that was said, and where it cannot be read', async () => {
  const isRequired = () => read((reader) => isFactorRequired(reader))
  expect(await isRequired()).toBe(false)
  for (const required of [true, false]) {
    await write((tx) => setFactorRequired(tx, required, NOW))
    expect(await isRequired()).toBe(required)
  }
  await write((tx) => tx.update(settings).set({ value: 'perhaps' }))
  expect(await isRequired()).toBe(true)
})
