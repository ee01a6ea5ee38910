import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { signsOfOthers } from '$lib/registration/signs'
import { matrixId, type Username } from '$lib/registration/username'
import { connectHomeserver } from '$lib/server/homeserver/connect'
import { checkSetUp } from '$lib/server/homeserver/set-up'
import { createSynapse } from '$lib/server/homeserver/synapse'
import { startStandIn } from '../../../src/stand-in/homeserver'
import { startMasStandIn, startMasWorld } from '../../../src/stand-in/mas'
import { aBotStore } from '../../support/bot-store'
import { email } from '../../support/registration'
import { masStandInTarget, type MasTarget } from '../mas-target'
import { aName, aPassword, at, failure, logIn, opened, revived, waiting } from '../target'

const CLIENT = { clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }

/** What is so only where MAS manages the accounts (mas.md, 8.3). */
export function masFacts(get: () => MasTarget): void {
  const anAddress = () => email(`river+${randomBytes(6).toString('hex')}@mail.test`)
  const userOf = (name: Username) => {
    const user = get().mas.state.find(name)
    if (user === undefined) throw new Error(`MAS has no ${name}`)
    return user
  }
  /** As an operator does it in MAS. */
  const unlock = (name: Username) => (userOf(name).lockedAt = null)

  test('Synapse makes accounts that MAS does not know, and its locks, passwords and removals do nothing', async () => {
    const { raw, homeserver, domain } = get()
    const password = aPassword()
    const name = await opened(get(), password)
    expect(await raw('PUT', at(aName(), get()), {})).toMatchObject({ status: 201 })
    expect(await raw('PUT', at(name, get()), { password: aPassword() })).toMatchObject({ status: 403 })
    expect(await raw('PUT', at(name, get()), { locked: true })).toMatchObject({ status: 200 })
    expect(await logIn(get(), name, password)).toHaveProperty('token')
    const path = `/_synapse/admin/v1/deactivate/${matrixId(name, domain)}`
    expect(await raw('POST', path, { erase: false })).toMatchObject({ status: 200 })
    expect(await logIn(get(), name, password)).toHaveProperty('token')
    expect(await homeserver.account(name)).toMatchObject({ locked: false, deactivated: false })
  })

  test('the list of users asks for guests=false, and nobody is told an administrator by Synapse', async () => {
    const { raw, admin } = get()
    expect(await raw('GET', '/_synapse/admin/v2/users?locked=true')).toMatchObject({ status: 400 })
    expect(await raw('GET', '/_synapse/admin/v2/users?locked=true&guests=false')).toMatchObject({
      status: 200,
    })
    expect(await raw('GET', `/_synapse/admin/v1/users/${admin}/admin`)).toMatchObject({
      status: 404,
      body: { errcode: 'M_UNRECOGNIZED' },
    })
  })

  test('a name that Synapse alone has is reserved, and told as taken', async () => {
    const { raw, homeserver } = get()
    const name = aName()
    await raw('PUT', at(name, get()), {})
    expect(await homeserver.nameAnswer(name)).toBe('taken')
    expect(await homeserver.claim(name)).toBe('refused')
  })

  test('a name in other capitals is taken', async () => {
    const { homeserver, mas } = get()
    const name = aName()
    mas.state.addUser(name.toUpperCase())
    expect(await homeserver.nameAnswer(name)).toBe('taken')
    expect(await homeserver.claim(name)).toBe('refused')
    expect(await homeserver.account(name)).toBeNull()
  })

  test('who loses a race for a name is answered 500 or 409, and then that it exists', async () => {
    const { homeserver } = get()
    const name = aName()
    const claims = await Promise.allSettled(Array.from({ length: 5 }, () => homeserver.claim(name)))
    const said = claims.map((claim) => (claim.status === 'fulfilled' ? claim.value : 'error'))
    expect(said.filter((one) => one === 'made')).toHaveLength(1)
    expect(
      said.filter((one) => one !== 'made' && one !== 'error' && one !== 'existed' && one !== 'refused'),
    ).toEqual([])
    expect(await homeserver.claim(name)).toBe('existed')
  })

  test('an orphan of an earlier attempt is taken over; one of somebody else, or an older one, is not', async () => {
    const { homeserver, mas } = get()
    const orphan = async () => {
      const name = aName()
      await mas.state.synapse?.provision({ localpart: name, locked: false })
      return name
    }
    const ours = await orphan()
    expect(await homeserver.claim(ours)).toBe('refused')
    expect(await homeserver.claim(ours, 2_000)).toBe('made')
    expect(await homeserver.claim(ours)).toBe('existed')
    const late = await orphan()
    await new Promise((resolve) => setTimeout(resolve, 100))
    // Our first attempt was long after it.
    expect(await homeserver.claim(late, -20_000)).toBe('refused')
    expect(await homeserver.account(late)).toBeNull()
  })

  test('what an attempt may have made is unclear; what was there before is not', async () => {
    const { homeserver, mas } = get()
    const name = aName()
    await homeserver.claim(name)
    expect(await homeserver.claim(name, 1_000)).toBe('unclear')
    const older = aName()
    mas.state.addUser(older, { createdAt: Date.now() - 3_600_000 })
    expect(await homeserver.claim(older, 1_000)).toBe('existed')
  })

  test('a lock is at once, and Synapse shows it later', async () => {
    const { homeserver, raw } = get()
    const name = await waiting(get())
    expect(await homeserver.account(name)).toMatchObject({ locked: true })
    const shown = async () => (await raw('GET', at(name, get()))).body['locked']
    await expect.poll(shown, { timeout: 10_000 }).toBe(true)
    await homeserver.open(name)
    await expect.poll(shown, { timeout: 10_000 }).toBe(false)
  })

  test('a password that is easy to guess is refused, and everything else stays', async () => {
    const { homeserver } = get()
    const name = aName()
    const password = aPassword()
    await homeserver.claim(name)
    await homeserver.lock(name)
    const before = await homeserver.account(name)
    await failure(homeserver.fill(name, 'password1234'), 'weak_password', true)
    expect(await homeserver.account(name)).toEqual(before)
    await homeserver.fill(name, password)
    await homeserver.open(name)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
    expect((await homeserver.passwordPolicy()).minimumScore).toBe(3)
  })

  test('nothing is filled, locked or opened where MAS has no account, and nothing is made', async () => {
    const { homeserver } = get()
    const name = aName()
    await failure(homeserver.fill(name, aPassword()), 'missing', true)
    await failure(homeserver.lock(name), 'missing', true)
    await failure(homeserver.open(name), 'missing', true)
    expect(await homeserver.account(name)).toBeNull()
    expect(await homeserver.nameAnswer(name)).toBe('free')
  })

  test('the old password does not come back with the account', async () => {
    const { homeserver } = get()
    const password = aPassword()
    const name = await waiting(get(), password)
    await homeserver.remove(name)
    await revived(get(), name)
    await homeserver.open(name)
    expect(await logIn(get(), name, password)).toEqual({ errcode: 'M_FORBIDDEN' })
  })

  test('an account is not brought back before MAS’s job has removed it at Synapse', async () => {
    const { homeserver, mas, raw } = get()
    const name = await waiting(get())
    mas.state.holdsJobs = true
    await homeserver.remove(name)
    const error = await failure(homeserver.revive(name), 'unreachable', false)
    expect(error).toMatchObject({ outage: false, retryAfter: 30_000 })
    mas.state.holdsJobs = false
    await revived(get(), name)
    // No job deactivates it again.
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: false })
    expect((await raw('GET', at(name, get()))).body).toMatchObject({ deactivated: false })
  })

  test.each(['with', 'without'])(
    'an account whose reactivation stopped half-way, %s a lock, is brought back once no job can be left',
    async (lock) => {
      const { homeserver, mas, raw } = get()
      const name = await waiting(get())
      await homeserver.remove(name)
      await expect
        .poll(async () => (await raw('GET', at(name, get()))).body['deactivated'], { timeout: 10_000 })
        .toBe(true)
      if (lock === 'without') unlock(name)
      await mas.state.synapse?.reactivate(name)
      await failure(homeserver.revive(name), 'unreachable', false)
      userOf(name).deactivatedAt = Date.now() - 3 * 3_600_000
      await homeserver.revive(name)
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: false })
    },
  )

  test('bringing back what somebody unlocked while it was removed locks it', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    unlock(name)
    await revived(get(), name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: false })
  })

  test('an address of another account is refused, in any capitals, and does not move', async () => {
    const { homeserver, mas, domain } = get()
    const [first, second] = [await opened(get()), await opened(get())]
    const address = anAddress()
    mas.state.emails.set(mas.state.ulid(), {
      userId: userOf(first).id,
      email: address.toUpperCase(),
      createdAt: Date.now(),
    })
    await failure(homeserver.bindAddress(second, address), 'refused', true)
    expect(await homeserver.addressOwner(address)).toBe(matrixId(first, domain))
    expect(await homeserver.account(second)).toMatchObject({ addresses: [] })
    await homeserver.bindAddress(first, address)
    expect(await homeserver.account(first)).toMatchObject({ addresses: [address], contacts: 1 })
  })

  test.each<[string, (name: Username) => unknown]>([
    ['devices used', (name) => void get().mas.state.addSession('user-session', userOf(name).id)],
    ['devices used', (name) => void get().mas.state.addSession('oauth2-session', userOf(name).id)],
    [
      'used',
      (name) => {
        get().mas.state.addSession('compat-session', userOf(name).id).finishedAt = Date.now()
      },
    ],
    ['contacts', (name) => get().homeserver.bindAddress(name, anAddress())],
    [
      'external_ids',
      (name) => {
        const { state } = get().mas
        state.links.set(state.ulid(), { userId: userOf(name).id, provider: 'x', createdAt: Date.now() })
      },
    ],
    ['administrator', (name) => void (userOf(name).admin = true)],
    ['deactivated', (name) => void (userOf(name).deactivatedAt = Date.now())],
    ['display_name', (name) => get().raw('PUT', at(name, get()), { displayname: 'Somebody Else' })],
  ])('%s shows whose an account is', async (signs, act) => {
    const name = aName()
    await get().homeserver.claim(name)
    const look = async () => {
      const account = await get().homeserver.account(name)
      return account === null ? null : signsOfOthers(name, { state: 'claimed' }, account).join(' ')
    }
    expect(await look()).toBe('')
    await act(name)
    expect(await look()).toBe(signs)
  })

  test('the type that Synapse gives to everybody does not show, that of a program does', async () => {
    const typed = await masStandInTarget({}, { defaultUserType: 'member' })
    const name = await waiting(typed)
    expect((await typed.raw('GET', at(name, typed))).body).toHaveProperty('user_type', 'member')
    expect(await typed.homeserver.account(name)).toMatchObject({ special: false })
    await typed.raw('PUT', at(name, typed), { user_type: 'bot' })
    expect(await typed.homeserver.account(name)).toMatchObject({ special: true })
    await typed.close()
  })

  test('who signs in shows at once', async () => {
    const password = aPassword()
    const name = await opened(get(), password)
    await logIn(get(), name, password)
    expect(await get().homeserver.account(name)).toMatchObject({ devices: 1, lastSeenAt: expect.any(Number) })
  })

  test('consent is not recorded, and that is told', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    expect(homeserver.recordsConsent).toBe(false)
    await failure(homeserver.consent(name, '1.0'), 'refused', true)
    expect(await homeserver.consentProblem('1.0')).toMatchObject({ code: 'none' })
  })

  test('a homeserver that leaves its accounts to this MAS is right, with a token that we made', async () => {
    const { account, connect, domain } = get()
    const { homeserver } = connect({ token: null })
    await checkSetUp(homeserver)
    expect(await homeserver.identity()).toEqual({
      userId: matrixId(account, domain),
      admin: true,
      version: expect.stringMatching(/^1\.\d+.*, MAS v1\.22/),
    })
  })

  test('who is set up for the other kind of homeserver is told, and nothing is made', async () => {
    const { url, domain, token, connect } = get()
    const plain = createSynapse({ url, domain, token, verifyCert: true })
    const error = await failure(checkSetUp(plain), 'delegated', true)
    expect(error.message).toMatch(/leaves its accounts to another service.*mas\.server/)
    expect(error.outage).toBe(true)
    const own = await startStandIn({ domain, token })
    const other = connect({ url: own.url }).homeserver
    const told = await failure(checkSetUp(other), 'delegated', true)
    expect(told.message).toMatch(/manages its accounts itself; nothing was changed.*Remove mas/)
    await own.close()
  })

  test('another MAS than that of the homeserver is told by both issuers', async () => {
    const { domain, connect, mas } = get()
    const client = { clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }
    const elsewhere = await startMasStandIn({ domain, ...client })
    const { homeserver } = connect({ mas: { ...client, url: elsewhere.url, account: aName() } })
    const error = await failure(checkSetUp(homeserver), 'delegated', true)
    expect(error.message).toContain(mas.url)
    expect(error.message).toContain(elsewhere.url)
    await elsewhere.close()
  })

  test('another domain, and a client that MAS does not know, are told by their keys', async () => {
    const { connect, mas } = get()
    const other = connect({ domain: 'another.test' }).homeserver
    expect((await failure(checkSetUp(other), 'set_up', true)).message).toMatch(
      /synapse\.domain is another\.test/,
    )
    const client = { url: mas.url, clientId: '01J44RKQYM4G3TNVANTMTDYTX6', account: aName() }
    const wrong = connect({ mas: { ...client, clientSecret: 'wrong-secret' } }).homeserver
    const error = await failure(wrong.account(aName()), 'token', true)
    expect(error.message).toMatch(/mas\.client_id and mas\.client_secret/)
    expect(error.message).not.toContain('wrong-secret')
    expect(error.outage).toBe(true)
  })

  test('a token of MAS that ended in between is renewed, and the call made again', async () => {
    const { connect, mas } = get()
    const { homeserver } = connect({ token: null })
    const name = aName()
    await homeserver.claim(name)
    for (const token of mas.state.tokens.keys()) if (/^(mat|mpt)_/.test(token)) mas.state.tokens.delete(token)
    await homeserver.lock(name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true })
    expect(await homeserver.joinedRooms(name)).toEqual([])
  })

  test('one token serves all who ask at once', async () => {
    const { connect, mas } = get()
    const { homeserver } = connect()
    const asked: string[] = []
    mas.faults = ({ path }) => void (path === '/oauth2/token' && asked.push(path))
    await Promise.all(Array.from({ length: 8 }, () => homeserver.account(aName())))
    mas.faults = undefined
    expect(asked).toHaveLength(1)
  })

  test.each(['/oauth2/token', '/api/admin/v1/personal-sessions'])(
    'the error of those who wait for a token together names none of them (%s)',
    async (broken) => {
      const { connect, mas } = get()
      const { homeserver } = connect({ token: null })
      const names = [aName(), aName(), aName()]
      mas.faults = ({ path }) => (path === broken ? 'cut' : undefined)
      const told = await Promise.all(
        names.flatMap((name) => [
          failure(
            homeserver.lock(name),
            broken === '/oauth2/token' ? 'unreachable' : 'missing',
            broken !== '/oauth2/token',
          ),
          failure(homeserver.joinedRooms(name), 'unreachable', false),
        ]),
      )
      mas.faults = undefined
      for (const [index, { message }] of told.entries())
        for (const [other, name] of names.entries())
          if (other !== Math.floor(index / 2)) expect(message).not.toContain(name)
    },
  )

  const inWords = (title: string) => ({ status: 500, body: { errors: [{ title }] } })

  test.each([
    ['the token of our client', '/oauth2/token', { status: 500, body: { error: 'server_error' } }],
    ['our account', '/api/admin/v1/users', inWords('Failed to provision user in Synapse')],
    ['our session', '/api/admin/v1/personal-sessions', inWords('Failed to provision device')],
  ])('MAS that cannot make %s is an outage, whatever it says', async (_, broken, answer) => {
    const { connect, mas } = get()
    const { homeserver } = connect({ token: null, mas: { ...CLIENT, url: mas.url, account: aName('desk-') } })
    mas.faults = ({ path, method }) => (method === 'POST' && path === broken ? answer : undefined)
    const error = await failure(homeserver.joinedRooms(aName()), 'unreachable', false)
    mas.faults = undefined
    expect(error).toMatchObject({ outage: true })
  })

  test('MAS that cannot do another call is none, nor one without a session for the account that only speaks', async () => {
    const { connect, mas, homeserver } = get()
    mas.faults = ({ path, method }) =>
      method === 'POST' && /\/(users|personal-sessions)$/.test(path) ? inWords('Failed') : undefined
    expect(await failure(homeserver.claim(aName()), 'unreachable', false)).toMatchObject({ outage: false })
    mas.faults = ({ path }) => (path.endsWith('/personal-sessions') ? inWords('Failed') : undefined)
    const { bot } = connect({ bot: { account: aName('bot-'), store: aBotStore() } })
    const error = await failure(bot?.whoAmI() ?? Promise.resolve(), 'unreachable', false)
    mas.faults = undefined
    expect(error).toMatchObject({ outage: false })
  })

  test('a page in the place of one path of its admin API tells that MAS is too old only where an older one lacks it', async () => {
    const { homeserver, connect, mas } = get()
    const name = await waiting(get())
    const page = { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Not here</h1>' }
    const askFor = async (broken: RegExp, call: () => Promise<unknown>, kind: 'unreachable' | 'set_up') => {
      mas.faults = ({ method, path }) => (broken.test(`${method} ${path}`) ? page : undefined)
      const { message } = await failure(call(), kind, kind === 'set_up')
      mas.faults = undefined
      return message
    }
    const calls: [RegExp, () => Promise<unknown>][] = [
      [/by-username/, () => homeserver.account(name)],
      [/by-username/, () => homeserver.nameAnswer(name)],
      [/^POST .*\/users$/, () => homeserver.claim(aName())],
      [/unlock$/, () => homeserver.open(name)],
      [/set-password$/, () => homeserver.fill(name, aPassword())],
      [/user-emails/, () => homeserver.account(name)],
      [/deactivate$/, () => homeserver.remove(name)],
    ]
    for (const [broken, call] of calls)
      expect(await askFor(broken, call, 'unreachable')).toMatch(/not from MAS \(404, text\/html\).*proxy/)
    const newer: [RegExp, () => Promise<unknown>][] = [
      [/version$/, () => homeserver.identity()],
      [/site-config$/, () => homeserver.passwordPolicy()],
      [/personal-sessions$/, () => connect({ token: null }).homeserver.joinedRooms(name)],
    ]
    for (const [broken, call] of newer)
      expect(await askFor(broken, call, 'set_up')).toContain('MAS 1.5 is needed')
  })

  test('Synapse that cannot ask MAS is an outage; one that cannot ask another homeserver is not', async () => {
    const { homeserver, ...world } = await startMasWorld({ ...CLIENT, domain: 'stand-in.test' })
    const { homeserver: client } = connectHomeserver({
      url: homeserver.url,
      domain: 'stand-in.test',
      token: null,
      verifyCert: true,
      mas: { ...CLIENT, url: world.mas.url, account: aName('desk-') },
    })
    const answer = async (status: number, error: string) => {
      homeserver.faults = () => ({ status, body: { errcode: 'M_UNKNOWN', error } })
      return failure(client.joinedRooms(aName()), 'unreachable', false)
    }
    expect((await answer(503, 'Unable to introspect the access token')).outage).toBe(true)
    expect((await answer(502, 'Failed to make_join via any server')).outage).toBe(false)
    await world.close()
  })

  test('a message without a device fails, so our token has one', async () => {
    const { connect, mas, raw } = get()
    const { state } = mas
    const { homeserver } = connect({ token: null })
    const { body } = await raw('POST', '/_matrix/client/v3/createRoom', {
      invite: [(await homeserver.identity()).userId],
    })
    const room = String(body['room_id'])
    await homeserver.sendMessage(room, aName(), { text: 'Hello' })
    const without = state.addToken(
      'mct',
      'urn:matrix:client:api:* urn:synapse:admin:*',
      state.find('admin')?.id ?? null,
      null,
    )
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${aName()}`
    const said = await raw('PUT', path, { msgtype: 'm.text', body: 'Hello' }, without)
    expect(said).toMatchObject({ status: 500 })
    const given = connect({ token: without }).homeserver
    expect((await failure(given.identity(), 'set_up', true)).message).toMatch(/no device/)
  })

  test('a locked account of ours is told by its setting', async () => {
    const { connect, mas } = get()
    const account = await waiting(get())
    const client = { url: mas.url, clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }
    const { homeserver } = connect({ token: null, mas: { ...client, account } })
    expect((await failure(homeserver.identity(), 'set_up', true)).message).toMatch(/mas\.account.*locked/)
  })

  test('a check of the set-up makes no account', async () => {
    const { connect, mas } = get()
    const account = aName()
    const client = { url: mas.url, clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }
    const { homeserver } = connect({ token: null, mayCreate: false, mas: { ...client, account } })
    await failure(homeserver.identity(), 'missing', true)
    expect(mas.state.find(account)).toBeUndefined()
  })

  test('who can register at MAS itself, and how people sign in, is told by MAS', async () => {
    const { inspection } = get().connect()
    expect(await inspection.signsInByPassword()).toBe(true)
    expect(await inspection.ownRegistration()).toBe('closed')
    expect(await inspection.upstreamProviders()).toEqual([])
  })

  test('by which other services people get in is told by MAS, and whether these ask for a registration token', async () => {
    for (const registration of ['closed', 'token'] as const) {
      const other = await masStandInTarget({ registration, providers: ['GitHub'] })
      expect(await other.connect().inspection.upstreamProviders()).toEqual([
        { name: 'GitHub', registers: registration === 'closed' },
      ])
      await other.close()
    }
  })

  test('the account that speaks in rooms has a session with a device, and no right of an administrator', async () => {
    const { connect, mas, homeserver } = get()
    const account = aName('bot-')
    const { bot } = connect({ bot: { account, store: aBotStore() } })
    const token = mas.state.tokens.get((await bot?.access.current()) ?? '')
    expect(token).toMatchObject({ userId: userOf(account).id, device: expect.stringMatching(/^\w{10,}$/) })
    expect(token?.scopes.some((scope) => scope.includes('admin'))).toBe(false)
    expect(await homeserver.account(account)).toMatchObject({ administrator: false, locked: false })
  })

  test('its making goes on where an answer of MAS got lost', async () => {
    const { connect, mas } = get()
    const account = aName('bot-')
    const store = aBotStore()
    let lost = false
    mas.faults = ({ method, path }) => {
      if (lost || method !== 'POST' || !path.endsWith('/users')) return undefined
      lost = true
      return 'lost'
    }
    const ask = async () => (await connect({ bot: { account, store } }).bot?.whoAmI()) ?? ''
    await failure(ask(), 'unreachable', false)
    expect(store.records.get(account)).toMatchObject({ state: 'claiming' })
    expect(await ask()).toBe(matrixId(account, get().domain))
    mas.faults = undefined
  })

  test('a token of it that was refused to two calls at once is replaced for both, once', async ({ skip }) => {
    const { connect, mas, asksAlways } = get()
    if (!asksAlways) skip()
    const account = aName('bot-')
    const { bot } = connect({ bot: { account, store: aBotStore() } })
    const ask = async () => (await bot?.whoAmI()) ?? ''
    await ask()
    const { id } = userOf(account)
    const ours = () => [...mas.state.tokens].filter(([, { userId }]) => userId === id)
    for (const [text] of ours()) mas.state.tokens.delete(text)
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill(matrixId(account, get().domain)))
    expect(ours()).toHaveLength(1)
  })

  test('a clock that is set back keeps nobody from replacing it, nor does a try that failed', async ({
    skip,
  }) => {
    const { connect, mas, asksAlways } = get()
    if (!asksAlways) skip()
    const account = aName('bot-')
    let now = Date.now()
    const { bot } = connect({ bot: { account, store: aBotStore() }, clock: () => now })
    const ask = async () => (await bot?.whoAmI()) ?? ''
    const lose = () => {
      for (const [text, { userId }] of mas.state.tokens)
        if (userId === userOf(account).id) mas.state.tokens.delete(text)
    }
    await ask()
    lose()
    mas.faults = ({ path }) => (path.endsWith('/personal-sessions') ? 'cut' : undefined)
    await failure(ask(), 'unreachable', false)
    mas.faults = undefined
    await ask()
    lose()
    await ask()
    lose()
    await failure(ask(), 'token', true)
    now -= 86_400_000
    await ask()
  })

  test('where MAS locked it, that stops what is said in rooms and nothing else', async ({ skip }) => {
    const { connect, mas, homeserver, asksAlways } = get()
    if (!asksAlways) skip()
    const account = aName('bot-')
    let now = Date.now()
    const { bot } = connect({ bot: { account, store: aBotStore() }, clock: () => now })
    const ask = async () => (await bot?.whoAmI()) ?? ''
    await ask()
    const sessions = () =>
      [...mas.state.tokens.values()].filter(({ userId }) => userId === userOf(account).id)
    for (const [text, { userId }] of mas.state.tokens)
      if (userId === userOf(account).id) mas.state.tokens.delete(text)
    await ask()
    mas.state.tokens.forEach((token, text) => {
      if (token.userId === userOf(account).id) mas.state.tokens.delete(text)
    })
    const early = await failure(ask(), 'token', true)
    expect(early).toMatchObject({ outage: false })
    expect(sessions(), 'another one within the hour').toEqual([])
    await homeserver.lock(account)
    now += 3_600_000
    const locked = await failure(ask(), 'refused', true)
    expect(locked).toMatchObject({ outage: false })
    expect(locked.message).toMatch(/matrix_notifications\.bot\) is locked/)
  })
}
