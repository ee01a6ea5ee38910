import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Homeserver } from '$lib/server/homeserver/homeserver'
import { renderMail } from '$lib/server/mail/render'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { email, username } from '../support/registration'
import { copyDatabase, copyHomeserver } from '../support/restore'
import {
  aBrowser,
  aConfig,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const AFTER_APPROVAL = { registration: { ...aConfig().registration, password: 'after_approval' as const } }
const SITE = { name: 'Example', url: 'https://register.example.test', accent: '#138a5b', logoUrl: null }
const NEW_PASSWORD = 'another pass phrase of some length'

const list = () => world.services.reconciliation.list()
const listed = async () => {
  const found = await list()
  expect(new Set(found.map(({ username }) => username)).size).toBe(found.length)
  return Object.fromEntries(found.map(({ username, code }) => [username, code]))
}

/** As `reconcile --mend` does it, and the work that follows; answers the names that were mended. */
async function mend(only: string | null = null): Promise<string[]> {
  const { reconciliation } = world.services
  const mended: string[] = []
  for (const difference of await reconciliation.list(only === null ? null : username(only)))
    if (only !== null || !difference.byNameOnly)
      if (await reconciliation.mend(difference)) mended.push(difference.username)
  await world.drain()
  return mended
}

const reopen = async (
  change: Parameters<typeof aWorld>[0],
  wrap?: (homeserver: Homeserver) => Homeserver,
) => {
  await world.dispose()
  world = await aWorld(change, wrap)
}
const id = (name: string) => `@${name}:example.test`
const account = (name: string) => world.homeserver.account(username(name))
const ledger = (name: string) => world.services.accountLedger.account(username(name))
const isFree = async (name: string) =>
  (await aBrowser(world.services).api.registration.checkUsername({ username: name })).ok
const mails = () => world.mailbox.letters.map(({ to, mail }) => `${mail.kind} ${to.join()}`)

/** A moderator decides, and the work that follows is not done yet. */
async function decideOnly(registrationId: string, decision: 'approve' | 'deny') {
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id: registrationId })
  await api.moderation.decide({ id: registrationId, version, decision, message: '', silent: false })
}

describe('an older copy of this database', () => {
  test('takes over what was decided since, mails nothing twice, and leaves alone what it does not know', async () => {
    const [river, stone, lake] = [
      await requested(world, 'river'),
      await requested(world, 'stone'),
      await requested(world, 'lake'),
    ]
    const copy = await copyDatabase(world)
    await decideOn(world, river.view.id, 'approve')
    await decideOn(world, stone.view.id, 'deny')
    await requested(world, 'brook')
    world = await copy.putBack()
    await world.drain()
    const sent = mails()

    const differences = { brook: 'unknown_lock', river: 'found_open', stone: 'found_removed' }
    expect(await listed()).toEqual(differences)
    expect(await listed()).toEqual(differences)
    expect(await mend()).toEqual(['river', 'stone'])
    expect(await listed()).toEqual({ brook: 'unknown_lock' })
    expect(await mend()).toEqual([])

    expect(mails()).toEqual(sent)
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(await signInToMatrix(world, 'stone')).toBe('M_FORBIDDEN')
    expect(await signInToMatrix(world, 'brook')).toBe('M_USER_LOCKED')
    const { registrar } = world.services
    expect(await registrar.find(river.view.id)).toMatchObject({ state: 'completed', account: 'open' })
    expect(await registrar.find(stone.view.id)).toMatchObject({
      state: 'denied',
      holdsName: false,
    })
    expect(await ledger('river')).toMatchObject({ state: 'open', openedAt: world.now() })
    expect(await isFree('river')).toBe(false)
    expect(await isFree('stone')).toBe(true)
    await decideOn(world, lake.view.id, 'approve')
    expect(await signInToMatrix(world, 'lake')).toBe('in')
  })

  test('what is unknown here and locked there becomes a doubt once it is named, and its name can serve again', async () => {
    const copy = await copyDatabase(world)
    await requested(world, 'brook')
    await world.homeserver.claim(username('spam'))
    await world.homeserver.lock(username('spam'))
    world = await copy.putBack()
    expect(await mend()).toEqual([])
    expect(await mend('brook')).toEqual(['brook'])
    expect(await listed()).toEqual({ spam: 'unknown_lock' })
    expect(await account('brook')).toMatchObject({ locked: true, deactivated: false })
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toMatchObject([{ username: 'brook' }])
    await world.services.ambiguousAccounts.settle(username('brook'), 'adopt', { kind: 'system' })
    await world.drain()
    const next = await requested(world, 'brook', 'next@mail.test')
    await decideOn(world, next.view.id, 'approve')
    expect(await signInToMatrix(world, 'brook')).toBe('in')
    expect(await listed()).toEqual({ spam: 'unknown_lock' })
  })

  test('an account that was opened and left since stays left, and its name is nobody else’s', async () => {
    const river = await requested(world, 'river')
    const copy = await copyDatabase(world)
    await decideOn(world, river.view.id, 'approve')
    await asAdmin(world, 'PUT', id('river'), { deactivated: true })
    world = await copy.putBack()
    expect(await mend()).toEqual(['river'])
    expect(await listed()).toEqual({})
    expect(await account('river')).toMatchObject({ deactivated: true })
    expect(await isFree('river')).toBe(false)
  })

  test('a password that was set since is kept where the address proves whose account it is', async () => {
    await reopen(AFTER_APPROVAL)
    const river = await verified(world, 'river')
    await river.api.registration.request({ password: '', reason: REASON, legal: false })
    const copy = await copyDatabase(world)
    await decideOn(world, river.view.id, 'approve')
    await river.api.registration.setPassword({ password: PASSWORD })
    await world.drain()
    world = await copy.putBack()
    await world.drain()
    const sent = mails()
    expect(await listed()).toEqual({ river: 'found_open' })
    expect(await mend()).toEqual(['river'])
    expect(await listed()).toEqual({})
    expect(mails()).toEqual(sent)
    expect(await ledger('river')).toMatchObject({ state: 'open', registrationId: river.view.id })
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('a name that somebody else has by now is given up, and their account stays as it is', async () => {
    await reopen(AFTER_APPROVAL)
    const [river, stone] = [await verified(world, 'river'), await verified(world, 'stone')]
    await stone.api.registration.request({ password: '', reason: REASON, legal: false })
    for (const name of ['river', 'stone']) await asAdmin(world, 'PUT', id(name), { password: NEW_PASSWORD })
    expect(await listed()).toEqual({ river: 'name_taken', stone: 'name_taken' })
    expect(await mend()).toEqual(['river', 'stone'])
    expect(await listed()).toEqual({})
    for (const name of ['river', 'stone']) expect(await signInToMatrix(world, name, NEW_PASSWORD)).toBe('in')
    expect(await river.api.registration.chooseUsername({ username: 'brook' })).toMatchObject({
      holdsName: true,
    })
    await decideOn(world, stone.view.id, 'approve')
    expect(await stone.api.registration.chooseUsername({ username: 'lake' })).toMatchObject({
      state: 'requested',
    })
  })
})

describe('an older copy of the homeserver', () => {
  test('a request goes back to where its password is given, with a link, and its words kept', async () => {
    const river = await requested(world, 'river')
    world.standIn.users.delete(id('river'))
    expect(await listed()).toEqual({ river: 'account_missing' })
    const sent = mails()
    expect(await mend()).toEqual(['river'])
    expect(await listed()).toEqual({})
    expect(await mend()).toEqual([])
    expect(mails()).toEqual([...sent, 'known_address river@mail.test'])

    const phone = aBrowser(world.services)
    const mail = world.mailbox.last(river.email, 'known_address')
    const { subject, text } = renderMail(mail, 'en', SITE)
    expect(subject).toBe('Your request at Example is no longer complete')
    expect(text).toContain('Follow the link to see what is missing.')
    expect(text).not.toMatch(/someone using this email|If this wasn’t you/)
    const { link } = mail
    expect(await phone.api.registration.resume({ token: tokenIn(link) })).toMatchObject({
      state: 'verified',
      reason: REASON,
    })
    await phone.api.registration.request({ password: NEW_PASSWORD, reason: REASON, legal: true })
    await decideOn(world, river.view.id, 'approve')
    expect(await signInToMatrix(world, 'river', NEW_PASSWORD)).toBe('in')
  })

  for (const moment of ['before', 'after'])
    test(`an approval stands where the account went ${moment} it was opened: only the password is asked again`, async () => {
      const river = await requested(world, 'river')
      if (moment === 'before') await decideOnly(river.view.id, 'approve')
      else await decideOn(world, river.view.id, 'approve')
      world.standIn.users.delete(id('river'))
      await world.drain()
      expect(await listed()).toEqual({ river: 'account_missing' })
      expect(await mend()).toEqual(['river'])
      expect(await listed()).toEqual({})
      const phone = aBrowser(world.services)
      const { link } = world.mailbox.last(river.email, 'set_password')
      expect(await phone.api.registration.resume({ token: tokenIn(link) })).toMatchObject({
        awaitsPassword: true,
      })
      await phone.api.registration.setPassword({ password: NEW_PASSWORD })
      await world.drain()
      expect(await signInToMatrix(world, 'river', NEW_PASSWORD)).toBe('in')
      expect(mails().filter((mail) => mail.startsWith('set_password'))).toHaveLength(1)
      expect(await listed()).toEqual({})
    })

  test('what was removed here and stands there again is removed again', async () => {
    const river = await requested(world, 'river')
    const copy = copyHomeserver(world)
    await decideOn(world, river.view.id, 'deny')
    copy.putBack()
    const sent = mails()
    expect(await listed()).toEqual({ river: 'back_locked' })
    expect(await mend()).toEqual(['river'])
    expect(await account('river')).toMatchObject({ deactivated: true })
    expect(await ledger('river')).toMatchObject({ state: 'removed', registrationId: null })
    expect(await listed()).toEqual({})
    expect(await isFree('river')).toBe(true)
    expect(mails()).toEqual(sent)
  })

  test('what was opened here and is locked there is told, and left to the operator', async () => {
    const river = await requested(world, 'river')
    const copy = copyHomeserver(world)
    await decideOn(world, river.view.id, 'approve')
    await asAdmin(world, 'PUT', id('river'), { locked: true })
    expect(await listed()).toEqual({})
    copy.putBack()
    expect(await listed()).toEqual({ river: 'locked_again' })
    expect(await mend('river')).toEqual([])
    expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
    await world.homeserver.open(username('river'))
    expect(await listed()).toEqual({})
  })
})

describe('an account that somebody opened by hand', () => {
  test('is not removed by a denial, which says so; a moderator sees it, and the name stays theirs', async () => {
    const river = await requested(world, 'river')
    await asAdmin(world, 'PUT', id('river'), { locked: false })
    const view = await decideOn(world, river.view.id, 'deny')
    expect(view.jobs).toContainEqual(
      expect.objectContaining({
        kind: 'remove_account',
        state: 'cancelled',
        error: expect.stringMatching('Somebody else has'),
      }),
    )
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(await listed()).toEqual({})
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toMatchObject([{ username: 'river' }])
    await api.moderation.settleDoubt({ username: username('river'), verdict: 'leave' })
    expect(await listed()).toEqual({})
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(await isFree('river')).toBe(false)
  })

  test('is never given to somebody else, where it was removed before', async () => {
    const river = await requested(world, 'river')
    await decideOn(world, river.view.id, 'deny')
    await asAdmin(world, 'PUT', id('river'), { deactivated: false, password: NEW_PASSWORD })
    await asAdmin(world, 'PUT', id('river'), { locked: false })
    expect(await listed()).toEqual({ river: 'back_open' })
    expect(await isFree('river')).toBe(true)
    expect(await mend()).toEqual(['river'])
    expect(await listed()).toEqual({})
    expect(await isFree('river')).toBe(false)
    expect(await signInToMatrix(world, 'river', NEW_PASSWORD)).toBe('in')
  })
})

test('work that got lost is done', async () => {
  const [river, stone, lake] = [
    await requested(world, 'river'),
    await requested(world, 'stone'),
    await requested(world, 'lake'),
  ]
  await decideOnly(river.view.id, 'approve')
  await decideOnly(stone.view.id, 'deny')
  await decideOnly(lake.view.id, 'deny')
  expect(await listed()).toEqual({})
  await world.database.write((tx) =>
    tx.run(sql`delete from jobs where kind in ('open_account', 'remove_account')`),
  )
  world.standIn.users.delete(id('lake'))
  expect(await listed()).toEqual({ river: 'not_opened', stone: 'not_removed', lake: 'nothing_there' })
  expect(await mend()).toEqual(['lake', 'river', 'stone'])
  expect(await listed()).toEqual({})
  expect(await signInToMatrix(world, 'river')).toBe('in')
  expect(world.mailbox.kinds(river.email)).toEqual(['verification', 'requested', 'approved'])
  expect(await account('stone')).toMatchObject({ deactivated: true })
  expect(await isFree('lake')).toBe(true)
})

describe('while the server runs', () => {
  test.each(['before', 'after'])(
    'what is opened the moment %s the homeserver answers is no difference',
    async (moment) => {
      let meanwhile: (() => Promise<unknown>) | null = null
      const pass = async () => {
        const task = meanwhile
        meanwhile = null
        await task?.()
      }
      await reopen({}, (homeserver) => ({
        ...homeserver,
        async account(name) {
          if (moment === 'before') await pass()
          const answer = await homeserver.account(name)
          await pass()
          return answer
        },
      }))
      const river = await requested(world, 'river')
      meanwhile = () => decideOn(world, river.view.id, 'approve')
      expect(await listed()).toEqual({})
      expect(world.mailbox.kinds(river.email)).toContain('approved')
    },
  )

  test.each([
    ['got right', true],
    ['became another difference', false],
  ])('what %s after the list was made is left as it is', async (_, locked) => {
    const river = await requested(world, 'river')
    const user = world.standIn.users.get(id('river'))
    if (user === undefined) throw new Error('No account')
    world.standIn.users.delete(id('river'))
    const [difference] = await list()
    if (difference === undefined) throw new Error('No difference')
    world.standIn.users.set(id('river'), { ...user, locked })
    expect(await world.services.reconciliation.mend(difference)).toBe(false)
    expect(await river.api.registration.current()).toMatchObject({ state: 'requested', account: 'filled' })
  })

  test('nothing is written on what is not true any more', async () => {
    const river = await requested(world, 'river')
    const { accountLedger } = world.services
    const before = await accountLedger.standing(username('river'))
    await decideOn(world, river.view.id, 'approve')
    const opened = { ...before, account: await account('river') }
    expect(await accountLedger.mend(username('river'), opened)).toMatchObject({ refusal: { code: 'stale' } })
    expect(await river.api.registration.current()).toMatchObject({ state: 'completed' })
    expect(await codeOf(decideOnly(river.view.id, 'deny'))).toBe('already_decided')
  })
})

test('many names are walked through in pages, at most four of them asked for at a time', async () => {
  const asked: string[] = []
  let asking = 0
  let most = 0
  await reopen({}, (homeserver) => ({
    ...homeserver,
    async account(name) {
      asked.push(name)
      most = Math.max(most, ++asking)
      return homeserver.account(name).finally(() => asking--)
    },
  }))
  const names = Array.from({ length: 450 }, (_, index) => username(`n${1000 + index}`))
  await world.database.write(async (tx) => {
    const line = sql`insert into accounts (localpart, state, changed_at, opened_at) values`
    for (const name of names) await tx.run(sql`${line} (${name}, 'locked', 1, null)`)
    await tx.run(sql`${line} ('long-open', 'open', 1, 1)`)
  })
  const admin = world.standIn.users.get(id('admin'))
  if (admin === undefined) throw new Error('No administrator')
  for (let index = 0; index < 450; index++)
    world.standIn.users.set(id(`x${1000 + index}`), {
      ...admin,
      id: id(`x${1000 + index}`),
      localpart: `x${1000 + index}`,
      locked: index === 449,
    })
  expect((await list()).map(({ username }) => username)).toEqual([...names, 'x1449'])
  expect(asked.sort()).toEqual([...names, 'x1449'])
  expect(most).toBe(4)
})

test('a homeserver that has the accounts of another domain is not believed', async () => {
  await reopen({}, (homeserver) => ({ ...homeserver, domain: 'elsewhere.test' }))
  await expect(list()).rejects.toThrow(
    /synapse\.domain is elsewhere\.test.*says that its name is example\.test.*synapse\.server/,
  )
})

describe('a locked account that is unknown here becomes a request', () => {
  const adopt = (name: string, address: string | null = null) =>
    world.services.reconciliation.adopt(username(name), address === null ? null : email(address))
  const addressed = (name: string, ...addresses: string[]) =>
    asAdmin(world, 'PUT', id(name), {
      threepids: addresses.map((address) => ({ medium: 'email', address })),
    })
  const inQueue = async () => {
    const { api } = await aModerator(world.services)
    return (await api.moderation.queue({ tab: 'waiting' })).items
  }

  test.each(['approve', 'deny'] as const)(
    'of an applicant from after the backup, whose address is given: %s',
    async (verdict) => {
      const copy = await copyDatabase(world)
      await requested(world, 'brook')
      world = await copy.putBack()
      expect(await adopt('brook')).toEqual({ why: 'no_address' })
      expect(await adopt('brook', 'brook@mail.test')).toBeNull()
      expect(await adopt('brook', 'brook@mail.test')).toEqual({ why: 'known' })
      expect(await listed()).toEqual({})
      expect(await account('brook')).toMatchObject({ locked: true, addresses: [] })
      const [one] = await inQueue()
      expect(one).toMatchObject({ username: 'brook', state: 'requested' })
      await decideOn(world, one?.id ?? '', verdict)
      expect(await signInToMatrix(world, 'brook')).toBe(verdict === 'approve' ? 'in' : 'M_FORBIDDEN')
      expect(await listed()).toEqual({})
      if (verdict === 'deny') expect(await isFree('brook')).toBe(true)
    },
  )

  test('of an older program, by the address that the account has', async () => {
    await world.homeserver.claim(username('brook'))
    await world.homeserver.lock(username('brook'))
    await addressed('brook', 'brook@mail.test')
    expect(await adopt('brook', 'other@mail.test')).toEqual({ why: 'no_address' })
    expect(await adopt('brook')).toBeNull()
    const [one] = await inQueue()
    await decideOn(world, one?.id ?? '', 'deny')
    expect(await account('brook')).toMatchObject({ deactivated: true })
    expect(await isFree('brook')).toBe(true)
  })

  test('never one that somebody uses, has, or asks for', async () => {
    expect(await adopt('nobody')).toEqual({ why: 'not_locked' })
    for (const name of ['open', 'used', 'many', 'mine']) await world.homeserver.claim(username(name))
    await addressed('open', 'open@mail.test')
    expect(await adopt('open')).toEqual({ why: 'not_locked' })

    await addressed('used', 'used@mail.test')
    await asAdmin(world, 'PUT', id('used'), { password: PASSWORD })
    expect(await signInToMatrix(world, 'used')).toBe('in')
    await asAdmin(world, 'PUT', id('used'), { locked: true })
    expect(await adopt('used')).toMatchObject({ why: 'signs', signs: expect.arrayContaining(['devices']) })

    await addressed('many', 'many@mail.test', 'more@mail.test')
    await asAdmin(world, 'PUT', id('many'), { locked: true })
    expect(await adopt('many')).toMatchObject({ why: 'signs', signs: ['contacts'] })

    await requested(world, 'river', 'mine@mail.test')
    await addressed('mine', 'mine@mail.test')
    await asAdmin(world, 'PUT', id('mine'), { locked: true })
    expect(await adopt('mine')).toEqual({ why: 'address_taken' })
    expect(await adopt('river', 'else@mail.test')).toEqual({ why: 'known' })
    expect((await inQueue()).map((one) => one.username)).toEqual(['river'])
  })
})
