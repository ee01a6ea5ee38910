import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Account } from '$lib/registration/signs'
import type { Username } from '$lib/registration/username'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import {
  aPolicy,
  anAccount,
  aRegistration,
  email,
  NOON,
  username,
} from '../../../../tests/support/registration'
import { putAccount } from '../database/accounts'
import { insertRegistration } from '../database/registrations'
import type { Homeserver } from '../homeserver/homeserver'
import { createSynapse } from '../homeserver/synapse'
import { createReconciliation } from './reconcile'
import type { AccountLedger, Standing } from './account-ledger'
import type { Registrar } from './registrar'
import { createRegistrations } from './registrations'

/** What is looked at, how often, and in which order, with a homeserver that says what a test wants. */
const DOMAIN = 'example.test'
let kept: TestDatabase
let accountLedger: AccountLedger
let registrar: Registrar
/** The accounts of the homeserver; a name without one is free there. */
let accounts: Map<Username, Account>
let lockedThere: Username[][]
/** The names that the homeserver was asked about. */
let asked: Username[]
let admin: boolean

beforeEach(async () => {
  kept = await openTestDatabase()
  accounts = new Map()
  lockedThere = [[]]
  asked = []
  admin = true
  const { now: _, ...policy } = aPolicy()
  let ids = 0
  ;({ accountLedger, registrar } = createRegistrations({
    log: { info: () => undefined },
    decided: () => undefined,
    database: kept.database,
    clock: () => NOON,
    randomId: () => `id-${++ids}`,
    policy,
    intake: { settle: () => Promise.resolve([]), admit: () => Promise.resolve({ ok: true, value: null }) },
    memory: { remember: () => Promise.resolve() },
    linkHours: 24,
  }))
})
afterEach(() => kept.dispose())

function reconciliation(standing: AccountLedger['standing'] = accountLedger.standing) {
  const real = createSynapse({ url: 'http://127.0.0.1:1', domain: DOMAIN, token: '', verifyCert: true })
  const homeserver: Homeserver = {
    ...real,
    accountsManagedBy: () => Promise.resolve(''),
    identity: () => Promise.resolve({ userId: `@root:${DOMAIN}`, admin, version: '1' }),
    lockedAccounts(from) {
      const page = Number(from ?? 0)
      const next = page + 1 < lockedThere.length ? String(page + 1) : null
      return Promise.resolve({ names: lockedThere[page] ?? [], next })
    },
    account(name) {
      asked.push(name)
      return Promise.resolve(accounts.get(name) ?? null)
    },
  }
  return createReconciliation({
    database: kept.database,
    accountLedger: { ...accountLedger, standing },
    registrar,
    homeserver,
    randomId: () => 'adopted',
    language: 'en',
  })
}
const locked = (...names: string[]) => {
  for (const name of names) accounts.set(username(name), anAccount({ displayName: name }))
  return names.map(username)
}
const codes = (found: { username: Username; code: string }[]) => found.map((one) => [one.username, one.code])
const nothing: Standing = { registration: null, ledger: null, pending: [] }

test('each name is asked for once: those held here, those of the ledger, those locked there, and told in order', async () => {
  await kept.database.write(async (tx) => {
    for (const [name, state] of [
      ['held', 'verified'],
      ['both', 'verified'],
      ['over', 'denied'],
    ] as const)
      await insertRegistration(
        tx,
        aRegistration({
          id: name,
          state,
          username: username(name),
          holdsName: state === 'verified',
          email: email(`${name}@mail.test`),
        }),
      )
    await putAccount(tx, username('both'), { state: 'filled', registrationId: 'both' }, NOON)
    await putAccount(tx, username('ledger'), { state: 'filled', registrationId: null }, NOON)
    await putAccount(tx, username('opened'), { state: 'open', openedAt: NOON, registrationId: null }, NOON)
  })
  locked('both', 'ledger')
  accounts.set(username('held'), anAccount({ displayName: 'held', locked: false }))
  lockedThere = [locked('there', 'both'), [], locked('away')]
  const found = await reconciliation().list()
  expect(codes(found)).toEqual([
    ['away', 'unknown_lock'],
    ['held', 'name_taken'],
    ['ledger', 'not_removed'],
    ['there', 'unknown_lock'],
  ])
  expect([...asked].sort()).toEqual(['away', 'both', 'held', 'ledger', 'there'])
})

test('names are read page by page, up to the last', async () => {
  const names = Array.from({ length: 201 }, (_, index) => username(`river${index}`))
  await kept.database.write(async (tx) => {
    for (const name of names) await putAccount(tx, name, { state: 'filled', registrationId: null }, NOON)
  })
  expect((await reconciliation().list()).map((one) => one.username)).toEqual([...names].sort())
})

test('a name by itself is told with its difference, or not at all', async () => {
  const [away = username('away')] = locked('away')
  expect(codes(await reconciliation().list(away))).toEqual([['away', 'unknown_lock']])
  expect(await reconciliation().list(username('nobody'))).toEqual([])
  expect(asked).toEqual(['away', 'nobody'])
})

test('what changes under the look is looked at again, three times, and then somebody is at work on it', async () => {
  const [away = username('away')] = locked('away')
  let looks = 0
  const moving = () => Promise.resolve({ ...nothing, pending: looks++ % 2 === 0 ? [] : ['mail' as const] })
  expect(await reconciliation(moving).list(away)).toEqual([])
  expect([looks, asked.length]).toEqual([4, 3])

  looks = 0
  const still = () => Promise.resolve({ ...nothing, pending: looks++ === 0 ? ['mail' as const] : [] })
  expect(codes(await reconciliation(still).list(away))).toEqual([['away', 'unknown_lock']])
  expect(looks).toBe(3)
})

test('nothing is believed of a homeserver whose token is no administrator’s', async () => {
  admin = false
  await expect(reconciliation().list()).rejects.toThrow('synapse.admin_token')
  expect(asked).toEqual([])
})

test('a difference is mended that is still the same, and no other', async () => {
  const [away = username('away')] = locked('away')
  const [difference] = await reconciliation().list(away)
  if (difference === undefined) throw new Error('Nothing was listed')
  const { mend } = reconciliation()
  expect(await mend({ ...difference, code: 'back_locked' })).toBe(false)
  let looks = 0
  const moving = () => Promise.resolve({ ...nothing, pending: looks++ % 2 === 0 ? [] : ['mail' as const] })
  expect(await reconciliation(moving).mend(difference)).toBe(false)
  expect(await accountLedger.account(away)).toBeNull()
  expect(await mend(difference)).toBe(true)
  expect(await accountLedger.account(away)).not.toBeNull()
  expect(await mend(difference)).toBe(false)
})

test('what only an operator can mend, and what is otherwise by now, is not mended', async () => {
  const river = username('river')
  await kept.database.write(async (tx) => {
    await insertRegistration(tx, aRegistration({ id: 'r1', state: 'completed', username: river }))
    await putAccount(tx, river, { state: 'open', openedAt: NOON, registrationId: 'r1' }, NOON)
  })
  locked('river')
  const { list, mend } = reconciliation()
  const [difference] = await list(river)
  expect(difference?.code).toBe('locked_again')
  expect(difference && (await mend(difference))).toBe(false)
  // Listed by what the database said before.
  const before = reconciliation(() => Promise.resolve(nothing))
  const [stale] = await before.list(river)
  expect(stale?.code).toBe('unknown_lock')
  expect(stale && (await before.mend(stale))).toBe(false)
})
