import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHealth } from '$lib/server/http/health'
import type { Reader } from '$lib/server/database/open'
import { HomeserverError, type Homeserver } from '$lib/server/homeserver/homeserver'
import { createIntake } from '$lib/server/intake/intake'
import { codeOf } from '../support/code-of'
import { username } from '../support/registration'
import { aBrowser, aModerator, aWorld, requested, type TestWorld } from '../support/world'

/** A homeserver that answers when the test lets it; `calls`: what it was asked, `under`: how many at once. */
let world: TestWorld
let calls: string[]
let hanging: { answer: () => void; fail: () => void }[]
let hangs: boolean
const OUT = new HomeserverError('unreachable', 'It does not answer', { permanent: false, outage: false })

beforeEach(async () => {
  calls = []
  hanging = []
  hangs = false
  world = await aWorld({}, (homeserver: Homeserver) => {
    return new Proxy(homeserver, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...given: unknown[]): Promise<unknown> => {
          calls.push(String(name))
          if (hangs)
            await new Promise<void>((resolve, reject) =>
              hanging.push({ answer: resolve, fail: () => reject(OUT) }),
            )
          const answer: unknown = await Reflect.apply(value, target, given)
          return answer
        }
      },
    })
  })
})
afterEach(async () => {
  hangs = false
  for (const { answer } of hanging) answer()
  await world.dispose()
  vi.restoreAllMocks()
})

const asked = (name: string) => calls.filter((call) => call === name).length
const many = (count: number, call: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, index) => codeOf(call(index))))
const from = (index: number) =>
  aBrowser(world.services, { clientAddress: `10.${index >> 8}.${index & 255}.1` }).api.registration
const settle = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('the homeserver hears a question once of all who ask it at a time', () => {
  test('what passwords need, of 600 while it hangs; and is not asked anew at once when it failed', async () => {
    hangs = true
    const all = many(600, (index) => from(index).passwordRules())
    while (hanging.length === 0) await settle()
    await settle()
    expect(asked('passwordPolicy')).toBe(1)
    for (const { fail } of hanging.splice(0)) fail()
    expect(new Set(await all)).toEqual(new Set(['homeserver_unavailable']))
    expect(await codeOf(from(0).passwordRules())).toBe('homeserver_unavailable')
    expect(asked('passwordPolicy')).toBe(1)
    hangs = false
    world.pass(5_000)
    expect(new Set(await many(50, (index) => from(index).passwordRules()))).toEqual(new Set(['done']))
    expect(asked('passwordPolicy')).toBe(2)
  })

  test('and what passwords needed last counts on while it hangs or fails', async () => {
    const before = await from(0).passwordRules()
    world.pass(5 * 60_000)
    hangs = true
    const rules = await Promise.all(Array.from({ length: 100 }, (_, index) => from(index).passwordRules()))
    expect(rules).toEqual(Array.from({ length: 100 }, () => before))
    expect(asked('passwordPolicy')).toBe(2)
    for (const { fail } of hanging.splice(0)) fail()
    expect(await from(0).passwordRules()).toEqual(before)
    await settle()
    expect(await from(0).passwordRules()).toEqual(before)
    expect(asked('passwordPolicy')).toBe(2)
  })

  test('whether a name is free', async () => {
    hangs = true
    const all = many(60, () => world.services.applicant.checkUsername('river').then(() => undefined))
    while (hanging.length === 0) await settle()
    await settle()
    expect(asked('nameAnswer')).toBe(1)
    hangs = false
    for (const { answer } of hanging.splice(0)) answer()
    expect(new Set(await all)).toEqual(new Set(['done']))
  })

  test('whose an address is, and what it has of a doubtful account', async () => {
    const { view } = await requested(world, 'river')
    await world.services.accountLedger.recordAccount(
      null,
      { localpart: username(view.username), state: 'doubtful' },
      [],
    )
    const { api } = await aModerator(world.services)
    calls.length = 0
    hangs = true
    const all = Promise.all([
      many(20, () => api.signals.about({ id: view.id })),
      many(20, () => api.moderation.doubts()),
    ])
    while (hanging.length < 2) await settle()
    await settle()
    expect([asked('addressOwner'), asked('account')]).toEqual([1, 1])
    for (const { answer } of hanging.splice(0)) answer()
    expect(new Set((await all).flat())).toEqual(new Set(['done']))
  })

  test('whether it is the right one, of monitors that ask again and again', async () => {
    const now = vi.spyOn(Date, 'now')
    const log = { warn: () => undefined, info: () => undefined }
    const health = createHealth({ database: world.database, outages: world.services.outages, log })
    hangs = true
    const at = Date.UTC(2026, 0, 1)
    now.mockReturnValue(at)
    const all = [health('/readyz'), health('/readyz')]
    while (hanging.length === 0) await settle()
    now.mockReturnValue(at + 60_000)
    const reads = vi.spyOn(world.database, 'read')
    all.push(...Array.from({ length: 50 }, () => health('/readyz')))
    await settle()
    expect([asked('accountsManagedBy'), reads.mock.calls.length]).toEqual([1, 0])
    hangs = false
    for (const { answer } of hanging.splice(0)) answer()
    expect(new Set((await Promise.all(all)).map((answer) => answer?.status))).toEqual(new Set([200]))
  })
})

test('the database hears once whether registration is open, of all who ask at a time', async () => {
  await world.services.intake.look()
  world.pass(60_000)
  const reads = vi.spyOn(world.database, 'read')
  const all = await Promise.all(Array.from({ length: 200 }, () => world.services.intake.look()))
  expect(all).toEqual(Array.from({ length: 200 }, () => ({ open: true })))
  expect(reads).toHaveBeenCalledTimes(1)
})

test('what was read before registration was closed is not kept after it', async () => {
  const { id } = await aModerator(world.services)
  let arrive = () => {}
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const slow = {
    ...world.database,
    read: async <T>(task: (reader: Reader) => Promise<T>): Promise<T> => {
      const found = await world.database.read(task)
      await arrived
      return found
    },
  }
  const opening = createIntake({
    database: slow,
    limits: { waiting: null, perDay: null },
    needsOperator: () => false,
    hasRoom: false,
    clock: world.now,
    log: { warn: () => undefined },
  })
  const before = opening.look()
  await settle()
  await opening.close({ message: { en: '', de: '' }, until: '' }, id)
  arrive()
  expect(await before).toEqual({ open: true })
  expect(await opening.look()).toMatchObject({ open: false })
})
