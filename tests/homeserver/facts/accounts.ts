import { expect, test } from 'vitest'
import { matrixId } from '$lib/registration/username'
import { username } from '../../support/registration'
import { aName, aPassword, at, failure, logIn, opened, waiting, type Target } from '../target'

export function accountFacts(get: () => Target): void {
  test('a claim makes the account; a second one changes nothing of it', async () => {
    const { homeserver } = get()
    const password = aPassword()
    const name = aName()
    expect(await homeserver.claim(name)).toBe('made')
    await homeserver.lock(name)
    await homeserver.fill(name, password)
    await homeserver.open(name)
    const before = await homeserver.account(name)
    expect(await homeserver.claim(name)).toBe('existed')
    expect(await homeserver.account(name)).toEqual(before)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
  })

  test('of several claims at once, exactly one makes the account', async () => {
    const name = aName()
    const claims = await Promise.allSettled(Array.from({ length: 5 }, () => get().homeserver.claim(name)))
    expect(claims.filter((claim) => claim.status === 'fulfilled' && claim.value === 'made')).toHaveLength(1)
  })

  test('claim, lock and fill make an account that nobody gets into before it is opened', async () => {
    const { homeserver } = get()
    const password = aPassword()
    const name = aName()
    expect(await homeserver.account(name)).toBeNull()
    await homeserver.claim(name)
    await homeserver.lock(name)
    await homeserver.fill(name, password)
    expect(await logIn(get(), name, password)).toEqual({ errcode: 'M_USER_LOCKED' })
    const wrong = get().showsLock ? 'M_USER_LOCKED' : 'M_FORBIDDEN'
    expect(await logIn(get(), name, aPassword())).toEqual({ errcode: wrong })
    await homeserver.open(name)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
  })

  test('a log-in to an account that is locked answers 401', async () => {
    const password = aPassword()
    const user = await waiting(get(), password)
    const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password }
    expect(await get().raw('POST', '/_matrix/client/v3/login', body, '')).toMatchObject({ status: 401 })
  })

  test('an account tells when it was made, in milliseconds, and what is on it', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000
    const name = await waiting(get())
    const account = await get().homeserver.account(name)
    const other = { displayName: name, addresses: [], consentVersion: null }
    expect(account).toMatchObject({ locked: true, deactivated: false, ...other })
    expect(account?.createdAt).toBeGreaterThanOrEqual(before)
    expect(account?.createdAt).toBeLessThanOrEqual(Date.now())
  })

  test('the locked accounts are listed, and no open or removed ones', async () => {
    const { homeserver } = get()
    const [locked, open, removed] = [await waiting(get()), await opened(get()), await waiting(get())]
    await homeserver.remove(removed)
    const names: string[] = []
    for (let from: string | null = null, left = true; left; left = from !== null) {
      const page: { names: string[]; next: string | null } = await homeserver.lockedAccounts(from)
      names.push(...page.names)
      from = page.next
    }
    expect(names.filter((name) => [locked, open, removed].includes(username(name)))).toEqual([locked])
  })

  test('opening twice is opening once', async () => {
    const { homeserver } = get()
    const name = await opened(get())
    await homeserver.open(name)
    expect(await homeserver.account(name)).toMatchObject({ locked: false })
  })

  test('opening makes no account where none is', async () => {
    const { homeserver } = get()
    const name = aName()
    await failure(homeserver.open(name), 'missing', true)
    expect(await homeserver.account(name)).toBeNull()
  })

  test('a deactivated account is not opened', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    await failure(homeserver.open(name), 'missing', true)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: true })
  })

  test('filling tells whether the account is locked, and locks none that is not', async () => {
    const { homeserver } = get()
    const name = aName()
    await homeserver.claim(name)
    expect(await homeserver.fill(name, aPassword())).toBe('unlocked')
    expect(await homeserver.account(name)).toMatchObject({ locked: false })
    await homeserver.lock(name)
    expect(await homeserver.fill(name, aPassword())).toBe('locked')
    expect(await homeserver.account(name)).toMatchObject({ locked: true })
  })

  test('filling a deactivated account is told as an error', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    await failure(homeserver.fill(name, aPassword()), 'missing', true)
  })

  test('an account is in no rooms when it is claimed, unless the homeserver has auto_join_rooms', async ({
    skip,
  }) => {
    const joining = await get().variant('auto_join')
    const plain = joining === get() ? skip() : get()
    const name = aName()
    await plain.homeserver.claim(name)
    expect(await plain.homeserver.joinedRooms(name)).toEqual([])
  })

  test('a locked account has a public profile, and can be invited', async () => {
    const name = await waiting(get())
    const id = matrixId(name, get().domain)
    const profile = await get().raw(
      'GET',
      `/_matrix/client/v3/profile/${encodeURIComponent(id)}`,
      undefined,
      '',
    )
    expect(profile).toMatchObject({ status: 200, body: { displayname: name } })
    const room = await get().raw('POST', '/_matrix/client/v3/createRoom', {
      preset: 'private_chat',
      invite: [id],
    })
    expect(room).toMatchObject({ status: 200 })
  })

  test('the admin API is not rate limited', async () => {
    const limited = (await get().variant('limits')) ?? get()
    const claims = await Promise.all(Array.from({ length: 25 }, () => limited.homeserver.claim(aName())))
    expect(new Set(claims)).toEqual(new Set(['made']))
  })
}

/** The same, where Synapse's own admin API makes and changes accounts. */
export function putAccountFacts(get: () => Target): void {
  test("a PUT with a password changes an existing account's without a word", async () => {
    const [first, second] = [aPassword(), aPassword()]
    const name = await opened(get(), first)
    expect(await get().raw('PUT', at(name, get()), { password: second })).toMatchObject({ status: 200 })
    expect(await logIn(get(), name, first)).toEqual({ errcode: 'M_FORBIDDEN' })
    expect(await logIn(get(), name, second)).toHaveProperty('token')
  })

  test.each(['locked', 'deactivated'])('%s is ignored in the PUT that makes an account', async (key) => {
    const made = await get().raw('PUT', at(aName(), get()), { [key]: true })
    expect(made).toMatchObject({ status: 201, body: { locked: false, deactivated: false } })
  })

  test('the list of users tells milliseconds, and has locked ones only when asked for', async () => {
    const name = await waiting(get())
    const account = await get().homeserver.account(name)
    const list = `/_synapse/admin/v2/users?name=${name}`
    expect(await get().raw('GET', list)).toMatchObject({ body: { users: [], total: 0 } })
    expect(await get().raw('GET', `${list}&locked=true`)).toMatchObject({
      body: { users: [{ name: matrixId(name, get().domain), creation_ts: account?.createdAt }], total: 1 },
    })
    expect(await get().raw('GET', at(name, get()))).toMatchObject({
      body: { creation_ts: (account?.createdAt ?? 0) / 1000 },
    })
  })

  test('a page of the list tells where the next one begins, and the last one does not', async () => {
    const page = async (from: number) =>
      (await get().raw('GET', `/_synapse/admin/v2/users?locked=true&from=${from}&limit=1`)).body
    await waiting(get())
    const [first, second] = [await page(0), await page(1)]
    expect(first).toMatchObject({ users: [{ locked: expect.any(Boolean) }], next_token: '1' })
    expect(second['users']).not.toEqual(first['users'])
    expect(await page(Number(first['total']) + 1_000)).not.toHaveProperty('next_token')
  })

  test('what filling or locking makes by accident is told, and closed', async () => {
    const { homeserver } = get()
    const password = aPassword()
    const [filled, locked] = [aName(), aName()]
    await failure(homeserver.fill(filled, password), 'missing', true)
    expect(await logIn(get(), filled, password)).toEqual({ errcode: 'M_USER_LOCKED' })
    await failure(homeserver.lock(locked), 'missing', true)
    expect(await homeserver.account(locked)).toMatchObject({ locked: true })
  })

  test("the homeserver's own auto_join_rooms are joined at the claim, before any lock", async ({ skip }) => {
    const joining = (await get().variant('auto_join')) ?? skip()
    const name = aName()
    await joining.homeserver.claim(name)
    await joining.homeserver.lock(name)
    expect(await joining.homeserver.joinedRooms(name)).toHaveLength(1)
  })

  test('with require_at_registration those rooms are joined at the consent', async ({ skip }) => {
    const joining = (await get().variant('require_consent')) ?? skip()
    const name = await waiting(joining)
    expect(await joining.homeserver.joinedRooms(name)).toEqual([])
    await joining.homeserver.open(name)
    await joining.homeserver.consent(name, joining.consentVersion)
    expect(await joining.homeserver.joinedRooms(name)).toHaveLength(1)
  })
}
