import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { startStandIn, type StandIn, type StandInOptions } from '../../src/stand-in/homeserver'
import { examineSetUp } from '$lib/server/doctor/doctor'
import type { Finding } from '$lib/server/doctor/finding'
import type { EmailAddress } from '$lib/registration/email'
import { configFile, loadText } from '../support/config-file'
import { email } from '../support/registration'

const DOMAIN = 'example.test'
const SECRETS = {
  token: 'the-access-token-itself',
  mailPassword: 'the-mail-password-itself',
  formSecret: 'the-form-secret-itself',
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A mail server, which takes everything from whoever signs in right. */
async function aMailServer(options: SMTPServerOptions = {}): Promise<number> {
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ password }, _, done) =>
      password === SECRETS.mailPassword ? done(null, { user: 'desk' }) : done(new Error('Invalid login')),
    onData: () => {
      throw new Error('doctor sends no email')
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}

type Tree = Parameters<typeof configFile>[0]

interface World {
  folder: string
  standIn: StandIn
  /** What the settings are, with these changes. */
  examine(changes?: Tree, clock?: () => number, testMailTo?: EmailAddress): Promise<Finding[]>
}

async function aWorld(
  options: Partial<StandInOptions> = {},
  mailOptions: SMTPServerOptions = {},
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const standIn = await startStandIn({
    domain: DOMAIN,
    token: SECRETS.token,
    formSecret: SECRETS.formSecret,
    consentVersion: '1.0',
    ...options,
  })
  cleanUps.push(standIn.close)
  const mailPort = await aMailServer(mailOptions)
  return {
    folder,
    standIn,
    async examine(changes = {}, clock, testMailTo) {
      const text = configFile({
        synapse: { server: standIn.url, domain: DOMAIN, admin_token: SECRETS.token },
        hosts: ['register.example.test'],
        email: {
          host: '127.0.0.1',
          port: mailPort,
          username: 'desk@example.test',
          password: SECRETS.mailPassword,
          tls: 'never',
          ssl: null,
        },
        admin: { email: 'moderators@example.test' },
        database: { path: join(folder, 'registration.db') },
        ...changes,
      })
      const loaded = loadText(text)
      const told: Finding[] = []
      const findings = await examineSetUp({
        loaded,
        version: '1.2.3',
        onFinding: (finding) => told.push(finding),
        ...(clock === undefined ? {} : { clock }),
        ...(testMailTo === undefined ? {} : { testMailTo }),
      })
      expect(told).toEqual(findings)
      for (const secret of Object.values(SECRETS)) expect(JSON.stringify(findings)).not.toContain(secret)
      return findings
    },
  }
}

const wrong = (findings: Finding[]) =>
  findings
    .filter(({ level }) => level === 'error' || level === 'warning')
    .map(({ check, level, key }) => ({ check, level, key }))

const notAsked = (findings: Finding[]) =>
  findings.filter(({ level }) => level === 'not_asked').map(({ check }) => check)

const remedies = (findings: Finding[]) =>
  findings.filter(({ level, remedy }) => (level === 'error' || level === 'warning') && remedy === null)

test('where everything is right, nothing is to be done, and nothing was changed', async () => {
  const world = await aWorld()
  const before = JSON.stringify([...world.standIn.users, ...world.standIn.rooms])
  const findings = await world.examine({
    consent_version: '1.0',
    form_secret: SECRETS.formSecret,
    legal: [{ title: 'Rules', url: `${world.standIn.url}/_matrix/client/versions` }],
    auto_join: [`#lobby:${DOMAIN}`],
    matrix_notifications: { enabled: true, admin_room: { room_id: `#moderators:${DOMAIN}` } },
  })
  expect(wrong(findings)).toEqual([])
  expect(notAsked(findings).filter((check) => !check.startsWith('work.'))).toEqual([
    'homeserver.auto_join_rooms',
    'site.address',
    'site.host',
    'site.client_address',
    'site.live_updates',
    'site.compression',
  ])
  const after = JSON.stringify([...world.standIn.users, ...world.standIn.rooms])
  expect(after.replace(/"lastSeenAt":\d+/g, '')).toBe(before.replace(/"lastSeenAt":(?:\d+|null)/g, ''))
})

test('a configuration that is wrong is told in all its parts, and nothing else is asked', async () => {
  const { examine } = await aWorld()
  const findings = await examine({ email: { port: 'none' }, admin: { email: 'nobody' } })
  expect(wrong(findings).every(({ check }) => check === 'config.settings')).toBe(true)
  expect(wrong(findings).length).toBeGreaterThan(1)
  expect(notAsked(findings)).toContain('homeserver')
})

test('an example of config.dist.yaml that was left is told by its key', async () => {
  const { examine } = await aWorld()
  const [first] = (await examine({ admin: { email: 'admin@your.server' } })).filter(
    ({ level }) => level === 'error',
  )
  expect(first).toMatchObject({ check: 'config.placeholders', found: expect.stringContaining('admin.email') })
  expect(first?.remedy).toMatch(/^Replace it/)
})

describe('of the homeserver', () => {
  test.each<[string, Tree, string, string | null]>([
    [
      'an address where nobody answers',
      { server: 'http://127.0.0.1:1' },
      'homeserver.address',
      'synapse.server',
    ],
    [
      'a host that is not there',
      { server: 'http://nowhere.invalid' },
      'homeserver.address',
      'synapse.server',
    ],
    ['a token that is none', { admin_token: 'other' }, 'homeserver.token', 'synapse.admin_token'],
    ['another domain', { domain: 'another.test' }, 'homeserver.domain', 'synapse.domain'],
  ])('%s is told by its key', async (_, synapse, check, key) => {
    const { examine, standIn } = await aWorld()
    const findings = await examine({
      synapse: { server: standIn.url, domain: DOMAIN, admin_token: SECRETS.token, ...synapse },
    })
    expect(wrong(findings)).toEqual([{ check, level: 'error', key }])
    expect(remedies(findings)).toEqual([])
    expect(notAsked(findings)).toEqual(expect.arrayContaining(['homeserver.consent', 'rooms.auto_join']))
  })

  test('a token of somebody who is no administrator is told by its key', async () => {
    const { examine, standIn } = await aWorld()
    for (const user of standIn.users.values()) user.admin = false
    const [first] = (await examine()).filter(({ level }) => level === 'error')
    expect(first).toMatchObject({ check: 'homeserver.token', key: 'synapse.admin_token' })
  })

  test('a proxy that keeps the admin API back is told', async () => {
    const { examine, standIn } = await aWorld()
    standIn.faults = ({ path }) =>
      path.startsWith('/_synapse/admin') ? { status: 403, body: 'no' } : undefined
    expect(wrong(await examine())).toEqual([
      { check: 'homeserver.admin_api', level: 'error', key: 'synapse.server' },
    ])
  })

  test('one that does not answer takes five seconds, and is told', async () => {
    const { examine, standIn } = await aWorld()
    standIn.faults = () => 'hang'
    expect(wrong(await examine())).toEqual([
      { check: 'homeserver.address', level: 'error', key: 'synapse.server' },
    ])
  }, 20_000)

  test.each<[string, Partial<StandInOptions>, string]>([
    [
      'accounts that another service manages',
      { delegatesTo: 'https://auth.example.test/' },
      'homeserver.delegation',
    ],
    ['no sign-in with a password', { passwords: false }, 'homeserver.password_login'],
    ['registration for everybody', { registration: 'open' }, 'homeserver.own_registration'],
  ])('%s is told', async (_, options, check) => {
    const { examine } = await aWorld(options)
    const findings = await examine()
    expect(wrong(findings).map((finding) => finding.check)).toEqual([check])
    expect(remedies(findings)).toEqual([])
  })

  test('registration with a token is nobody’s fault', async () => {
    const { examine } = await aWorld({ registration: 'token' })
    expect(wrong(await examine())).toEqual([])
  })

  test('a clock that is wrong by more than a minute is told, in both directions', async () => {
    const { examine } = await aWorld()
    for (const off of [-150_000, 150_000])
      expect(wrong(await examine({}, () => Date.now() + off))).toEqual([
        { check: 'homeserver.clock', level: 'warning', key: null },
      ])
    expect(wrong(await examine({}, () => Date.now() + 40_000))).toEqual([])
  })

  test.each([
    ['form_secret', { form_secret: 'another secret' }],
    ['consent_version', { consent_version: '9.9' }],
  ])('%s that does not fit is told by its key', async (key, change) => {
    const { examine } = await aWorld()
    const findings = await examine({
      consent_version: '1.0',
      form_secret: SECRETS.formSecret,
      legal: [{ title: 'Rules', url: 'http://127.0.0.1:1/rules' }],
      ...change,
    })
    expect(wrong(findings).filter(({ check }) => check !== 'site.legal')).toEqual([
      { check: 'homeserver.consent', level: 'error', key },
    ])
  })

  test('rooms that Synapse itself joins new accounts to are told by an account that waits', async () => {
    const { examine, standIn } = await aWorld({ autoJoinRooms: [`#welcome:${DOMAIN}`] })
    const room = standIn.room(`#welcome:${DOMAIN}`)
    const [admin] = standIn.users.values()
    if (admin === undefined || room === undefined) throw new Error('The stand-in has no administrator')
    const id = `@waits:${DOMAIN}`
    standIn.users.set(id, { ...admin, id, localpart: 'waits', admin: false, locked: true })
    room.members.add(id)
    expect(wrong(await examine())).toEqual([
      { check: 'homeserver.auto_join_rooms', level: 'warning', key: 'registration.password' },
    ])
    room.members.delete(id)
    expect(wrong(await examine())).toEqual([])
  })
})

describe('of the rooms', () => {
  const lobby = `#lobby:${DOMAIN}`
  const inRoom = async (change: (room: NonNullable<ReturnType<StandIn['room']>>) => void, settings: Tree) => {
    const { examine, standIn } = await aWorld()
    const room = standIn.room(lobby)
    if (room === undefined) throw new Error('The stand-in has no lobby')
    room.public = false
    change(room)
    const findings = await examine(settings)
    expect(remedies(findings)).toEqual([])
    return wrong(findings)
  }
  const admin = `@admin:${DOMAIN}`
  const told = { enabled: true, admin_room: { room_id: lobby } }
  const welcomed = { enabled: true, welcome: { enabled: true, room_id: lobby } }

  test.each<[string, Parameters<typeof inRoom>[0], Tree, { level: string; key: string } | null]>([
    ['to join, is right', () => undefined, { auto_join: [lobby] }, null],
    [
      'to join, where the account is not, is an error',
      (room) => room.members.delete(admin),
      { auto_join: [lobby] },
      { level: 'error', key: 'auto_join' },
    ],
    [
      'to join, where it is not but anybody may, is right',
      (room) => {
        room.members.delete(admin)
        room.public = true
      },
      { auto_join: [lobby] },
      null,
    ],
    [
      'to join, where it may not invite, is an error',
      (room) => (room.power = { invite: 50, users: {} }),
      { auto_join: [lobby] },
      { level: 'error', key: 'auto_join' },
    ],
    [
      'for moderators, where it may not write, is an error',
      (room) => (room.power = { events_default: 50, users: {} }),
      { matrix_notifications: told },
      { level: 'error', key: 'matrix_notifications.admin_room.room_id' },
    ],
    [
      'for moderators, that anybody can join, is a warning',
      (room) => (room.public = true),
      { matrix_notifications: told },
      { level: 'warning', key: 'matrix_notifications.admin_room.room_id' },
    ],
    [
      'for moderators, that is encrypted, is a warning',
      (room) => (room.encrypted = true),
      { matrix_notifications: told },
      { level: 'warning', key: 'matrix_notifications.admin_room.room_id' },
    ],
    [
      'for moderators, where it is invited, is right',
      (room) => {
        room.members.delete(admin)
        room.invited.add(admin)
      },
      { matrix_notifications: told },
      null,
    ],
    [
      'to welcome people in, where it may not write, is an error',
      (room) => (room.power = { events: { 'm.room.message': 10 }, users: {} }),
      { matrix_notifications: welcomed },
      { level: 'error', key: 'matrix_notifications.welcome.room_id' },
    ],
  ])('one %s', async (_, change, settings, finding) => {
    expect((await inRoom(change, settings)).map(({ level, key }) => ({ level, key }))).toEqual(
      finding === null ? [] : [finding],
    )
  })

  test('one that is not there is told by its key', async () => {
    const { examine } = await aWorld()
    expect(wrong(await examine({ auto_join: [`#nowhere:${DOMAIN}`] }))).toEqual([
      { check: 'rooms.auto_join', level: 'error', key: 'auto_join' },
    ])
  })
})

describe('of the mail server', () => {
  const refuse = (code: number, words: string) => Object.assign(new Error(words), { responseCode: code })

  test.each<[string, SMTPServerOptions, Tree, { check: string; level: string; key: string }]>([
    [
      'a port where nobody answers',
      {},
      { port: 1 },
      { check: 'mail.connection', level: 'error', key: 'email.host' },
    ],
    [
      'a password that is wrong',
      {},
      { password: 'wrong' },
      { check: 'mail.connection', level: 'error', key: 'email.username' },
    ],
    [
      'encryption that is not offered',
      {},
      { tls: 'required' },
      { check: 'mail.connection', level: 'error', key: 'email.tls' },
    ],
    [
      'a sender that is rejected',
      { onMailFrom: (_, __, done) => done(refuse(553, '5.7.1 Sender address rejected: not owned')) },
      {},
      { check: 'mail.sender', level: 'error', key: 'email.from' },
    ],
    [
      'moderators who get no email',
      { onRcptTo: (_, __, done) => done(refuse(550, '5.1.1 No such user')) },
      {},
      { check: 'mail.receiver', level: 'error', key: 'admin.email' },
    ],
    [
      'a server that greylists',
      { onRcptTo: (_, __, done) => done(refuse(451, '4.7.1 Greylisted')) },
      {},
      { check: 'mail.receiver', level: 'warning', key: 'admin.email' },
    ],
    [
      'encryption that nobody checks',
      { disabledCommands: [] },
      { tls: 'if_offered' },
      { check: 'mail.encryption', level: 'warning', key: 'email.tls' },
    ],
    [
      'a certificate that nobody knows',
      { disabledCommands: [] },
      { tls: 'required' },
      { check: 'mail.connection', level: 'error', key: 'email.host' },
    ],
    [
      'a certificate that is not checked',
      { disabledCommands: [] },
      { tls: 'required', verify_cert: false },
      { check: 'mail.encryption', level: 'warning', key: 'email.verify_cert' },
    ],
  ])(
    '%s is told by its key',
    async (_, options, change, finding) => {
      const { examine } = await aWorld({}, options)
      const base = {
        ssl: null,
        host: '127.0.0.1',
        username: 'desk@example.test',
        password: SECRETS.mailPassword,
        tls: 'never',
      }
      const port = await aMailServer(options)
      const findings = await examine({ email: { ...base, port, ...change } })
      expect(wrong(findings).filter(({ check }) => check !== 'config.settings')).toEqual([finding])
      expect(remedies(findings)).toEqual([])
    },
    15_000,
  )
})

test('a test email goes where it is asked for, in the site’s language', async () => {
  const mails: string[] = []
  const { examine } = await aWorld(
    {},
    {
      onData: (stream, _, done) => {
        let text = ''
        stream.on('data', (piece: Buffer) => (text += piece.toString()))
        stream.on('end', () => {
          mails.push(text)
          done()
        })
      },
    },
  )
  const findings = await examine({ site: { language: 'de' } }, undefined, email('someone@example.test'))
  expect(findings.find(({ check }) => check === 'mail.test')).toMatchObject({ level: 'ok' })
  expect(mails).toHaveLength(1)
  expect(mails[0]).toMatch(/^To: someone@example\.test/m)
  expect(mails[0]).toContain('Test-E-Mail')
})

test('a test email that the server does not take is told', async () => {
  const refused = Object.assign(new Error('5.7.1 Rejected as spam'), { responseCode: 554 })
  const { examine } = await aWorld(
    {},
    {
      onData: (stream, _, done) => {
        stream.resume()
        stream.on('end', () => done(refused))
      },
    },
  )
  const findings = await examine({}, undefined, email('someone@example.test'))
  expect(wrong(findings).map(({ check }) => check)).toEqual(['mail.test'])
  expect(remedies(findings)).toEqual([])
})

describe('of the files', () => {
  test.each([
    ['of another program', 'create table other (id integer)', 'is the database of another program'],
    ['of the Django program', 'create table django_migrations (id integer)', 'Django'],
  ])('a database %s is told', async (_, statement, words) => {
    const { examine, folder } = await aWorld()
    const client = createClient({ url: `file:${join(folder, 'registration.db')}` })
    await client.execute(statement)
    client.close()
    const findings = await examine()
    expect(wrong(findings)).toEqual([{ check: 'files.database', level: 'error', key: 'database.path' }])
    expect(JSON.stringify(findings)).toContain(words)
  })

  test('a database that is damaged is told', async () => {
    const { examine, folder } = await aWorld()
    writeFileSync(join(folder, 'registration.db'), 'no database at all, '.repeat(200))
    const findings = await examine()
    expect(wrong(findings)).toEqual([{ check: 'files.database', level: 'error', key: 'database.path' }])
    expect(remedies(findings)).toEqual([])
  })

  test('a secret key that others can read is told', async () => {
    const { examine, folder } = await aWorld()
    const path = join(folder, 'secret_key')
    writeFileSync(path, `${'k'.repeat(43)}\n`)
    chmodSync(path, 0o644)
    const findings = await examine()
    expect(wrong(findings).filter(({ check }) => !check.startsWith('site.'))).toEqual([
      { check: 'files.secret_key', level: 'warning', key: 'secret_key' },
    ])
  })
})
