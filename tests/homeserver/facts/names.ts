import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { longestUsername } from '$lib/registration/username'
import { username } from '../../support/registration'
import { aName, aPassword, at, logIn, type Target } from '../target'

export function nameFacts(get: () => Target): void {
  const available = (name: string) =>
    get().raw('GET', `/_synapse/admin/v1/username_available?username=${encodeURIComponent(name)}`)

  test('a name that nobody has is free, and taken once it is claimed', async () => {
    const { homeserver } = get()
    const name = aName()
    expect(await homeserver.nameAnswer(name)).toBe('free')
    expect(await available(name)).toMatchObject({ status: 200, body: { available: true } })
    await homeserver.claim(name)
    expect(await homeserver.nameAnswer(name)).toBe('taken')
    expect(await available(name)).toMatchObject({ status: 400, body: { errcode: 'M_USER_IN_USE' } })
  })

  test.each(['Upper', 'with space', '_first', '12345', 'a:b'])('%o is not a valid name', async (name) => {
    expect(await available(name)).toMatchObject({ status: 400, body: { errcode: 'M_INVALID_USERNAME' } })
  })

  test('a name of digits alone is told as invalid', async () => {
    expect(await get().homeserver.nameAnswer(username('20260115'))).toBe('invalid')
  })

  test("the notices user's name is told as reserved, which is no outage", async () => {
    expect(await get().homeserver.nameAnswer(username('notices'))).toBe('reserved')
    expect(await available('notices')).toMatchObject({ status: 400, body: { errcode: 'M_EXCLUSIVE' } })
  })

  test("a name in an application service's namespace is told as reserved", async ({ skip }) => {
    const bridged = (await get().variant('exclusive')) ?? skip()
    expect(await bridged.homeserver.nameAnswer(aName('bridge-'))).toBe('reserved')
  })

  test('a name may hold every character of a-z 0-9 = _ - . / + and works everywhere', async () => {
    const { homeserver } = get()
    const name = username(`${aName()}.a=b_c-d/e+f`)
    expect(await homeserver.nameAnswer(name)).toBe('free')
    expect(await homeserver.claim(name)).toBe('made')
    await homeserver.lock(name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, displayName: name })
    await homeserver.joinedRooms(name)
    await homeserver.remove(name)
    expect(await homeserver.account(name)).toMatchObject({ deactivated: true })
  })

  test('a name of signs alone is one there, so that an old registration of it can still be opened', async () => {
    const { homeserver } = get()
    const name = username(Array.from(randomBytes(16), (byte) => (byte % 2 === 0 ? '.' : '-')).join(''))
    expect(await homeserver.nameAnswer(name)).toBe('free')
    expect(await homeserver.claim(name)).toBe('made')
    await homeserver.lock(name)
    const password = aPassword()
    await homeserver.fill(name, password)
    await homeserver.open(name)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
    await homeserver.remove(name)
    expect(await homeserver.account(name)).toMatchObject({ deactivated: true })
  })

  test('255 bytes are the limit of the whole Matrix ID', async () => {
    const { homeserver, domain } = get()
    const longest = username(aName().padEnd(longestUsername(domain), 'a'))
    expect(await homeserver.nameAnswer(longest)).toBe('free')
    expect(await homeserver.nameAnswer(username(`${longest}a`))).toBe('invalid')
  })

  test('a name that an old account has in other capitals is taken, and claiming it makes nothing', async ({
    skip,
  }) => {
    const { homeserver, raw, oldAccount } = get()
    const name = aName('old-')
    if (!(await oldAccount(name.toUpperCase()))) skip()
    expect(await homeserver.nameAnswer(name)).toBe('taken')
    expect(await raw('PUT', at(name, get()), {})).toMatchObject({
      status: 400,
      body: { errcode: 'M_USER_IN_USE' },
    })
    expect(await homeserver.claim(name)).toBe('refused')
    expect(await homeserver.account(name)).toBeNull()
  })

  test('nor is a name claimed that the homeserver keeps for itself', async () => {
    expect(await get().homeserver.claim(username('notices'))).toBe('refused')
    expect(await get().homeserver.claim(username('20260115'))).toBe('refused')
  })

  test('the name of a deactivated account stays taken', async () => {
    const { homeserver } = get()
    const name = aName()
    await homeserver.claim(name)
    await homeserver.remove(name)
    expect(await homeserver.account(name)).toMatchObject({ deactivated: true })
    expect(await homeserver.nameAnswer(name)).toBe('taken')
  })
}
