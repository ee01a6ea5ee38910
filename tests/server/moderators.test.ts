import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findEvents, findNewestEvents } from '$lib/server/database/events'
import { deviceOf } from '$lib/server/auth/device'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, tokenIn, type TestWorld } from '../support/world'
import { DAY } from '$lib/registration/time'

const PASSWORD = 'a moderators password'
let world: TestWorld
let ada: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  world = await aWorld()
  ada = await aModerator(world.services, 'ada', 'administrator')
})
afterEach(() => world.dispose())

/** Everything that stands in the audit trail of no registration, the newest first. */
const trail = async () =>
  (await world.database.read((reader) => findNewestEvents(reader, 100))).map(
    ({ kind, moderatorId, detail }) => ({
      kind,
      moderatorId,
      detail,
    }),
  )
const kinds = async () => (await trail()).map(({ kind }) => kind)

async function invited(email = 'bob@mail.test', role: 'moderator' | 'administrator' = 'moderator') {
  await ada.api.moderators.invite({ email, role })
  await world.drain()
  return tokenIn(world.mailbox.last(email, 'invitation').link)
}

/** A browser that is signed in as the session cookie says. */
async function signedIn(username: string, password: string) {
  const browser = aBrowser(world.services)
  await browser.api.session.signIn({ username, password })
  const cookie = browser.jar.get(world.services.sessions.cookieName)
  const found = await world.services.sessions.check(cookie)
  if (found === null) throw new Error('Nobody is signed in')
  const again = aBrowser(world.services, { moderator: found.moderator })
  again.jar.set(world.services.sessions.cookieName, cookie ?? '')
  return { ...again, isIn: async () => (await world.services.sessions.check(cookie)) !== null }
}

test('a password that is changed starts a session that says from which network', async () => {
  await aModerator(world.services, 'eve')
  const browser = await signedIn('eve', PASSWORD)
  await browser.api.account.changePassword({ now: PASSWORD, next: 'another fine password' })
  const { sessions } = await browser.api.account.view()
  expect(sessions).toEqual([expect.objectContaining({ network: '203.0.113.0/24' })])
})

describe('an invitation', () => {
  test('ends the session of whoever had this browser before, and makes it known to who joins', async () => {
    const token = await invited()
    await aModerator(world.services, 'eve')
    const before = await signedIn('eve', PASSWORD)
    await before.api.moderators.join({ token, username: 'bob', password: PASSWORD })
    expect(await before.isIn()).toBe(false)
    const found = await world.services.sessions.check(before.jar.get(world.services.sessions.cookieName))
    if (found === null) throw new Error('Nobody is signed in')
    const { moderator } = found
    expect(moderator.username).toBe('bob')
    expect(world.services.knownDevices.read(before.jar.get('known-device'), moderator.id)).not.toBeNull()
    const { api } = aBrowser(world.services, { moderator })
    expect((await api.account.view()).sessions).toMatchObject([{ network: '203.0.113.0/24' }])
  })

  test('makes a moderator with a confirmed address, once, who is signed in', async () => {
    const token = await invited()
    const browser = aBrowser(world.services)
    for (let look = 0; look < 3; look++)
      expect(await browser.api.moderators.invitation({ token })).toEqual({
        email: 'bob@mail.test',
        role: 'moderator',
      })
    await browser.api.moderators.join({ token, username: ' Bob ', password: PASSWORD })
    const { people, invitations } = await ada.api.moderators.list()
    expect(people).toMatchObject([
      { username: 'ada' },
      { username: 'bob', role: 'moderator', confirmed: true },
    ])
    expect(invitations).toEqual([])
    const session = await world.services.sessions.check(browser.jar.get(world.services.sessions.cookieName))
    expect(session?.moderator).toMatchObject({ username: 'bob', role: 'moderator' })
    expect(await codeOf(browser.api.moderators.join({ token, username: 'eve', password: PASSWORD }))).toBe(
      'link_spent',
    )
    expect(await kinds()).toEqual(expect.arrayContaining(['moderator_invited', 'moderator_joined']))
  })

  test('works for one of two who use it at once', async () => {
    const token = await invited()
    const ends = await Promise.all(
      ['bob', 'eve'].map((username) =>
        codeOf(aBrowser(world.services).api.moderators.join({ token, username, password: PASSWORD })).catch(
          () => 'done',
        ),
      ),
    )
    expect((await ada.api.moderators.list()).people).toHaveLength(2)
    expect(ends.filter((end) => end === 'link_spent')).toHaveLength(1)
  })

  test('ends by time, by withdrawal, and by a newer one', async () => {
    const late = await invited()
    world.pass(7 * DAY)
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.moderators.invitation({ token: late }))).toBe('link_expired')
    expect(await codeOf(api.moderators.join({ token: late, username: 'bob', password: PASSWORD }))).toBe(
      'link_expired',
    )
    const older = await invited()
    const newer = await invited()
    expect(await codeOf(api.moderators.invitation({ token: older }))).toBe('link_spent')
    const [invitation] = (await ada.api.moderators.list()).invitations
    await ada.api.moderators.withdraw({ id: invitation?.id ?? '' })
    expect(await codeOf(api.moderators.join({ token: newer, username: 'bob', password: PASSWORD }))).toBe(
      'link_spent',
    )
    expect(await codeOf(ada.api.moderators.withdraw({ id: invitation?.id ?? '' }))).toBe('not_found')
    expect(await codeOf(api.moderators.invitation({ token: 'nonsense' }))).toBe('link_broken')
    expect((await ada.api.moderators.list()).people).toHaveLength(1)
  })

  test('is looked at before anything that costs time is done for it', async () => {
    const { api } = aBrowser(world.services)
    const spent = await invited()
    await api.moderators.join({ token: spent, username: 'bob', password: PASSWORD })
    const unknown = `${'x'.repeat(42)}A`
    for (const [token, code] of [
      [unknown, 'link_broken'],
      [spent, 'link_spent'],
    ] as const)
      for (const [username, password] of [
        ['Has Spaces', PASSWORD],
        ['eve', 'Password12345'],
        ['eve', PASSWORD],
      ] as const)
        expect([code, await codeOf(api.moderators.join({ token, username, password }))]).toEqual([code, code])
  })

  test('is followed, whatever others in the same network try', async () => {
    const token = await invited()
    const { api } = aBrowser(world.services)
    const said = new Set<string>()
    for (let tried = 0; tried < 40; tried++)
      said.add(
        await codeOf(
          api.moderators.join({ token: `${tried}`.padStart(42, 'x') + 'A', username: 'eve', password: 'x' }),
        ),
      )
    expect(said).toEqual(new Set(['link_broken', 'too_many_sign_ins']))
    expect(await codeOf(api.moderators.invitation({ token }))).toBe('done')
    expect(await codeOf(api.moderators.join({ token, username: 'bob', password: PASSWORD }))).toBe('done')
  })

  test('says what is wrong with a name, a password and an address', async () => {
    const token = await invited()
    const { api } = aBrowser(world.services)
    const join = (username: string, password = PASSWORD) =>
      codeOf(api.moderators.join({ token, username, password }))
    expect(await join('Has Spaces')).toBe('moderator_name_invalid')
    expect(await join('ada')).toBe('moderator_name_taken')
    expect(await join('bob', 'short')).toBe('password_too_short')
    expect(await join('bob', 'Password12345')).toBe('password_guessed')
    expect(await join('bob-of-example', 'bob-of-example1')).toBe('password_guessed')
    expect(await codeOf(ada.api.moderators.invite({ email: 'nobody', role: 'moderator' }))).toBe(
      'email_invalid',
    )
    expect(await codeOf(ada.api.moderators.invite({ email: 'ada@example.test', role: 'moderator' }))).toBe(
      'moderator_known',
    )
    await api.moderators.join({ token, username: 'bob', password: PASSWORD })
  })

  test('is in the database as a hash alone', async () => {
    const token = await invited()
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: world.url })
    const { rows } = await client.execute('select * from moderator_tokens')
    const jobs = await client.execute('select payload from jobs')
    client.close()
    expect(JSON.stringify([rows, jobs.rows])).not.toContain(token)
  })
})

describe('roles', () => {
  test('a moderator is refused everything of an administrator, which the audit trail keeps', async () => {
    const bob = await aModerator(world.services, 'bob')
    const tries: [string, () => Promise<unknown>][] = [
      ['moderators.list', () => bob.api.moderators.list()],
      ['moderators.invite', () => bob.api.moderators.invite({ email: 'x@mail.test', role: 'administrator' })],
      ['moderators.withdraw', () => bob.api.moderators.withdraw({ id: 'x' })],
      ['moderators.setRole', () => bob.api.moderators.setRole({ id: bob.id, role: 'administrator' })],
      ['moderators.setDisabled', () => bob.api.moderators.setDisabled({ id: ada.id, disabled: true })],
      ['moderators.signOut', () => bob.api.moderators.signOut({ id: ada.id })],
    ]
    for (const [path, attempt] of tries) {
      expect([path, await codeOf(attempt())]).toEqual([path, 'role_too_low'])
      expect((await trail())[0]).toEqual({ kind: 'access_refused', moderatorId: bob.id, detail: { path } })
    }
    expect((await ada.api.moderators.list()).people).toMatchObject([
      { username: 'ada', role: 'administrator', disabledAt: null },
      { username: 'bob', role: 'moderator' },
    ])
    expect(world.mailbox.letters).toEqual([])
  })

  test('the last administrator stays one, and is not disabled', async () => {
    expect(await codeOf(ada.api.moderators.setRole({ id: ada.id, role: 'moderator' }))).toBe(
      'last_administrator',
    )
    expect(await codeOf(ada.api.moderators.setDisabled({ id: ada.id, disabled: true }))).toBe(
      'last_administrator',
    )
    const bob = await aModerator(world.services, 'bob')
    await ada.api.moderators.setRole({ id: bob.id, role: 'administrator' })
    const ends = await Promise.all(
      [ada.id, bob.id].map((id) =>
        codeOf(ada.api.moderators.setRole({ id, role: 'moderator' })).catch(() => 'done'),
      ),
    )
    expect(ends).toContain('last_administrator')
  })

  test('who is disabled is out everywhere at once, stays in the history, and can be let in again', async () => {
    await aModerator(world.services, 'bob')
    const there = await signedIn('bob', PASSWORD)
    const bob = (await ada.api.moderators.list()).people.find(({ username }) => username === 'bob')
    await ada.api.moderators.setDisabled({ id: bob?.id ?? '', disabled: true })
    expect(await there.isIn()).toBe(false)
    const { api } = aBrowser(world.services)
    expect(await codeOf(api.session.signIn({ username: 'bob', password: PASSWORD }))).toBe('sign_in_failed')
    expect((await ada.api.moderators.list()).people).toHaveLength(2)
    await ada.api.moderators.setDisabled({ id: bob?.id ?? '', disabled: false })
    expect(await there.isIn()).toBe(false)
    await api.session.signIn({ username: 'bob', password: PASSWORD })
    expect(await kinds()).toEqual(
      expect.arrayContaining(['moderator_disabled', 'moderator_enabled', 'sign_in_failed', 'signed_in']),
    )
  })
})

test('an administrator ends the sessions of somebody, who signs in again', async () => {
  const bob = await aModerator(world.services, 'bob')
  const there = await signedIn('bob', PASSWORD)
  const here = await signedIn('ada', PASSWORD)
  expect(await codeOf(ada.api.moderators.signOut({ id: 'nobody' }))).toBe('not_found')
  await ada.api.moderators.signOut({ id: bob.id })
  expect([await there.isIn(), await here.isIn()]).toEqual([false, true])
  expect((await trail())[0]).toEqual({
    kind: 'session_ended',
    moderatorId: ada.id,
    detail: { moderator: 'bob' },
  })
  expect(await (await signedIn('bob', PASSWORD)).isIn()).toBe(true)
})

describe('one’s own account', () => {
  test('a new password ends every other session, and the old one opens nothing', async () => {
    const [here, there] = [await signedIn('ada', PASSWORD), await signedIn('ada', PASSWORD)]
    expect(
      await codeOf(here.api.account.changePassword({ now: 'wrong', next: 'another fine password' })),
    ).toBe('password_wrong')
    expect(await codeOf(here.api.account.changePassword({ now: PASSWORD, next: 'short' }))).toBe(
      'password_too_short',
    )
    expect(await codeOf(here.api.account.changePassword({ now: PASSWORD, next: '123456654321' }))).toBe(
      'password_guessed',
    )
    await here.api.account.changePassword({ now: PASSWORD, next: 'another fine password' })
    expect([await there.isIn(), await here.isIn()]).toEqual([false, false])
    const fresh = here.jar.get(world.services.sessions.cookieName)
    expect(await world.services.sessions.check(fresh)).not.toBeNull()
    expect(
      await codeOf(aBrowser(world.services).api.session.signIn({ username: 'ada', password: PASSWORD })),
    ).toBe('sign_in_failed')
    await signedIn('ada', 'another fine password')
  })

  test('tries at one’s own password are counted', async () => {
    const { api } = await signedIn('ada', PASSWORD)
    const change = (now: string) => codeOf(api.account.changePassword({ now, next: 'another fine password' }))
    for (let tried = 0; tried < 10; tried++) expect(await change('wrong')).toBe('password_wrong')
    expect(await change(PASSWORD)).toBe('too_many_sign_ins')
  })

  test('an address counts once its link was followed, and never before', async () => {
    const { api } = await signedIn('ada', PASSWORD)
    await api.account.askAddress({ email: 'ada.new@mail.test' })
    await world.drain()
    expect(await api.account.view()).toMatchObject({ email: 'ada@example.test', confirmed: false })
    const token = tokenIn(world.mailbox.last('ada.new@mail.test', 'confirm_moderator').link)
    const mailReader = aBrowser(world.services)
    expect(await mailReader.api.moderators.address({ token })).toEqual({ email: 'ada.new@mail.test' })
    expect(await api.account.view()).toMatchObject({ confirmed: false })
    await mailReader.api.moderators.confirmAddress({ token })
    expect(await api.account.view()).toMatchObject({ email: 'ada.new@mail.test', confirmed: true })
    expect(await codeOf(mailReader.api.moderators.confirmAddress({ token }))).toBe('link_spent')
  })

  test('a link to an address that was corrected since is of no use, whether its mail was sent or waits', async () => {
    const { api } = await signedIn('ada', PASSWORD)
    const asked = async (email: string) => {
      await api.account.askAddress({ email })
      await world.drain()
      return tokenIn(world.mailbox.last(email, 'confirm_moderator').link)
    }
    const bob = await aModerator(world.services, 'bob')
    await bob.api.account.askAddress({ email: 'bob.new@mail.test' })
    const stranger = await asked('ada@gmial.test')
    const hers = await asked('ada@gmail.test')
    const bobs = tokenIn(world.mailbox.last('bob.new@mail.test', 'confirm_moderator').link)
    await api.account.askAddress({ email: 'ada@gmal.test' })
    const { api: anyone } = aBrowser(world.services)
    const confirm = (token: string) => codeOf(anyone.moderators.confirmAddress({ token }))
    expect(await confirm(hers)).toBe('done')
    expect(await codeOf(anyone.moderators.address({ token: stranger }))).toBe('link_spent')
    expect(await confirm(stranger)).toBe('link_spent')
    expect(await api.account.view()).toMatchObject({ email: 'ada@gmail.test', confirmed: true })
    await world.drain()
    expect(world.mailbox.kinds('ada@gmal.test')).toEqual([])
    expect(await confirm(bobs)).toBe('done')
  })

  test('so many mails go to addresses of others: of one moderator, to one mailbox, and of all', async () => {
    const { api } = await signedIn('ada', PASSWORD)
    const ask = (email: string, of = api) => codeOf(of.account.askAddress({ email }))
    for (const email of ['a@mail.test', 'a+tag@mail.test', 'A@mail.test'])
      expect(await ask(email)).toBe('done')
    expect(await ask('a@mail.test')).toBe('too_many_mails')
    const warned = vi.spyOn(world.services.log, 'warn')
    for (let index = 0; index < 7; index++) expect(await ask(`b${index}@mail.test`)).toBe('done')
    expect(await ask('c@mail.test')).toBe('too_many_mails')
    expect(warned.mock.calls.map(([entry]) => entry)).toEqual([
      expect.objectContaining({ mail: 'address', hours: 24 }),
    ])
    expect(JSON.stringify(warned.mock.calls)).not.toContain('mail.test')
    const bob = await aModerator(world.services, 'bob')
    expect(await ask('a@mail.test', bob.api)).toBe('too_many_mails')
    expect(await ask('c@mail.test', bob.api)).toBe('done')
    await world.drain()
    expect(world.mailbox.letters).toHaveLength(11)
    world.pass(DAY)
    expect(await ask('a@mail.test', bob.api)).toBe('done')
  })

  test('invitations are counted too, and neither stops one’s own address', async () => {
    const { api } = await aModerator(world.services, 'boss', 'administrator')
    const invite = (email: string) => codeOf(api.moderators.invite({ email, role: 'moderator' }))
    for (let index = 0; index < 50; index++) expect(await invite(`i${index}@mail.test`)).toBe('done')
    expect(await invite('late@mail.test')).toBe('too_many_mails')
    expect(await codeOf(api.account.askAddress({ email: 'boss.new@mail.test' }))).toBe('done')
    for (let other = 0; other < 3; other++) {
      const next = await aModerator(world.services, `boss${other}`, 'administrator')
      for (let index = 0; index < 50; index++)
        await codeOf(next.api.moderators.invite({ email: `o${other}-${index}@mail.test`, role: 'moderator' }))
    }
    await world.drain()
    expect(world.mailbox.letters).toHaveLength(200)
  })

  test('whether an address is a colleague’s is told at that address alone, and it stays theirs', async () => {
    await aModerator(world.services, 'bob')
    const { api } = await signedIn('ada', PASSWORD)
    expect(await codeOf(api.account.askAddress({ email: 'bob@example.test' }))).toBe('done')
    await world.drain()
    const token = tokenIn(world.mailbox.last('bob@example.test', 'confirm_moderator').link)
    expect(await codeOf(aBrowser(world.services).api.moderators.confirmAddress({ token }))).toBe(
      'moderator_known',
    )
    expect(await api.account.view()).toMatchObject({ email: 'ada@example.test' })
  })

  test('sessions are listed and ended one by one or all but this, and never those of others', async () => {
    const [here, there, third] = [
      await signedIn('ada', PASSWORD),
      await signedIn('ada', PASSWORD),
      await signedIn('ada', PASSWORD),
    ]
    await aModerator(world.services, 'bob')
    const bob = await signedIn('bob', PASSWORD)
    const { sessions } = await here.api.account.view()
    expect(sessions).toHaveLength(3)
    expect(sessions.filter(({ current }) => current)).toHaveLength(1)
    const other = (await there.api.account.view()).sessions.find(({ current }) => current)
    expect(await bob.api.account.endSessions({ id: other?.id ?? '' })).toBe(0)
    expect(await here.api.account.endSessions({ id: other?.id ?? '' })).toBe(1)
    expect([await there.isIn(), await third.isIn()]).toEqual([false, true])
    expect(await here.api.account.endSessions({ id: null })).toBe(1)
    expect([await here.isIn(), await third.isIn(), await bob.isIn()]).toEqual([true, false, true])
  })

  test('when somebody was last seen is noted every few minutes', async () => {
    const here = await signedIn('ada', PASSWORD)
    world.pass(4 * 60_000)
    await here.isIn()
    const seen = async () => (await here.api.account.view()).sessions[0]?.seenAt
    expect(await seen()).toBeNull()
    world.pass(2 * 60_000)
    await here.isIn()
    expect(await seen()).toBe(world.now())
  })

  test('when somebody was last seen stays known once nobody is signed in as them', async () => {
    await aModerator(world.services, 'eve')
    const token = await invited()
    await aBrowser(world.services).api.moderators.join({ token, username: 'bob', password: PASSWORD })
    const joinedAt = world.now()
    const seen = async () =>
      (await ada.api.moderators.list()).people.map(({ username, seenAt, isSignedIn }) => ({
        username,
        seenAt,
        isSignedIn,
      }))
    const others = [
      { username: 'ada', seenAt: null, isSignedIn: false },
      { username: 'bob', seenAt: joinedAt, isSignedIn: true },
    ]
    expect(await seen()).toEqual([...others, { username: 'eve', seenAt: null, isSignedIn: false }])
    world.pass(DAY)
    await signedIn('eve', PASSWORD)
    const signedInAt = world.now()
    world.pass(DAY)
    for (const { id } of (await ada.api.moderators.list()).people) await ada.api.moderators.signOut({ id })
    world.pass(DAY)
    expect(await seen()).toEqual([
      others[0],
      { username: 'bob', seenAt: joinedAt, isSignedIn: false },
      { username: 'eve', seenAt: signedInAt, isSignedIn: false },
    ])
  })

  test('preferences are kept, and reach the session', async () => {
    const here = await signedIn('ada', PASSWORD)
    await here.api.account.setPreferences({ shortcuts: false })
    expect(await here.api.account.view()).toMatchObject({ shortcuts: false })
    const cookie = here.jar.get(world.services.sessions.cookieName)
    expect((await world.services.sessions.check(cookie))?.moderator.shortcuts).toBe(false)
  })
})

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox, Linux'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
    'Safari, iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
    'Chrome, Android',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0',
    'Edge, Windows',
  ],
  ['<script>alert(1)</script>', null],
  [null, null],
])('a browser is called by its name: %s', (header, device) => {
  expect(deviceOf(header)).toBe(device)
})

test('events of people stand in no registration’s history', async () => {
  await invited()
  expect(await world.database.read((reader) => findEvents(reader, ''))).toEqual([])
})
