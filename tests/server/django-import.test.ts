import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readDjangoFile } from '$lib/server/django/read-file'
import {
  aBrowser,
  aModerator,
  aWorld,
  PASSWORD,
  requested,
  signInToMatrix,
  type TestWorld,
} from '../support/world'

let world: TestWorld
let folder: string
let path: string
beforeEach(async () => {
  world = await aWorld()
  folder = mkdtempSync(join(tmpdir(), 'django-test-'))
  path = join(folder, 'db.sqlite3')
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await world.dispose()
})

/** 43 characters of base64url, as Django's program makes them. */
const tokenOf = (letter: string) => `${letter.repeat(42)}A`

const ROWS: [string, string, string, number, string, string, number][] = [
  ['anna', 'anna@mail.test', '203.0.113.1', 0, tokenOf('a'), '', 1],
  ['dora', 'dora@mail.test', '203.0.113.2', 1, tokenOf('d'), '', 1],
  ['farid', 'Farid@Mail.TEST', '203.0.113.40, 198.51.100.1', 1, tokenOf('f'), '', 1],
  ['gina', 'gina@mail.test', 'nowhere', 1, tokenOf('g'), '', 1],
  ['gina', 'other.gina@mail.test', '203.0.113.3', 1, tokenOf('h'), '', 1],
  ['hana', 'hana@mail.test', '2001:db8::1', 2, tokenOf('i'), 'Welcome', 1],
  ['kim', 'kim@mail.test', '203.0.113.4', 3, tokenOf('k'), 'No', 0],
  ['kim', 'kim@mail.test', '203.0.113.4', 1, 'k'.repeat(43), '', 1],
  ['nobody', 'nobody@mail.test', '203.0.113.5', 4, tokenOf('n'), '', 1],
  ['Oskar.Meier', 'oskar@mail.test', '203.0.113.6', 2, tokenOf('o'), '', 1],
  ['dora2', 'DORA@mail.test', '203.0.113.7', 1, tokenOf('p'), '', 1],
]

async function aDjangoFile(newest = '0006_usernamerule') {
  const client = createClient({ url: `file:${path}` })
  await client.executeMultiple(`
    create table django_migrations (id integer primary key, app text, name text);
    create table registration_userregistration (id integer primary key, username text, email text,
      registration_reason text, ip_address text, status integer, token text, email_verified integer, mod_message text,
      notify integer, timestamp text);`)
  await client.execute({
    sql: "insert into django_migrations (app, name) values ('registration', ?)",
    args: [newest],
  })
  for (const [username, email, ip, status, token, message, notify] of ROWS)
    await client.execute({
      sql: 'insert into registration_userregistration values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      args: [
        username,
        email,
        'I like it\r\nhere',
        ip,
        status,
        token,
        0,
        message,
        notify,
        '2025-11-20 08:15:00.123456',
      ],
    })
  client.close()
}

test('every row is taken with its links, or left out with a reason, and a second import changes nothing', async () => {
  await aDjangoFile()
  const before = readFileSync(path)
  const { registrations } = await readDjangoFile(path)
  const looked = await world.services.djangoImport.look(registrations)
  const planned = await world.services.djangoImport.run(registrations)
  expect(planned).toEqual(looked)
  const told = planned.map((one) =>
    one.outcome === 'taken'
      ? [one.registration.username, one.registration.state, one.registration.holdsName]
      : one.outcome,
  )
  expect(told).toEqual([
    ['anna', 'started', false],
    ['dora', 'requested', true],
    ['farid', 'requested', true],
    ['gina', 'requested', true],
    ['gina', 'requested', false],
    ['hana', 'approved', true],
    ['kim', 'denied', false],
    ['kim', 'requested', true],
    'left_out',
    ['oskar.meier', 'approved', true],
    'left_out',
  ])
  const again = await world.services.djangoImport.run(registrations)
  expect(again.map(({ outcome }) => outcome).filter((outcome) => outcome === 'taken')).toEqual([])
  await world.drain()
  expect(world.mailbox.letters).toEqual([])
  expect(readFileSync(path)).toEqual(before)
})

test('who was approved there sets the password by the old link', async () => {
  await aDjangoFile()
  const { registrations } = await readDjangoFile(path)
  await world.services.djangoImport.run(registrations)
  const { api } = aBrowser(world.services)
  const token = tokenOf('i')
  expect(await api.registration.status({ token })).toMatchObject({ awaitsPassword: true })
  await api.registration.resume({ token })
  await api.registration.setPassword({ password: PASSWORD })
  await world.drain()
  expect(await api.registration.status({ token })).toMatchObject({ state: 'completed' })
  expect(await api.verification.look({ token: tokenOf('a') })).toMatchObject({ email: 'anna@mail.test' })
})

test('who waits there is approved here without an account, and sets the password by the old link', async () => {
  await aDjangoFile()
  const { registrations } = await readDjangoFile(path)
  await world.services.djangoImport.run(registrations)
  const { api: desk } = await aModerator(world.services)
  const { items } = await desk.moderation.queue({ tab: 'waiting', q: 'dora' })
  const [{ id = '', version = 0 } = {}] = items
  await desk.moderation.decide({ id, version, decision: 'approve', message: '', silent: false })
  await world.drain()
  expect(world.mailbox.kinds('dora@mail.test')).toEqual(['set_password'])
  expect(await signInToMatrix(world, 'dora')).toBe('M_FORBIDDEN')
  const { api } = aBrowser(world.services)
  const token = tokenOf('d')
  await api.registration.resume({ token })
  await api.registration.setPassword({ password: PASSWORD })
  await world.drain()
  expect(await signInToMatrix(world, 'dora')).toBe('in')
  expect((await desk.moderation.registration({ id })).events.map(({ kind }) => kind)).toContain('imported')
})

test('who is denied here after the import leaves the name to the next', async () => {
  await aDjangoFile()
  const { registrations } = await readDjangoFile(path)
  await world.services.djangoImport.run(registrations)
  const { api: desk } = await aModerator(world.services)
  const { items } = await desk.moderation.queue({ tab: 'waiting', q: 'dora' })
  const [{ id = '', version = 0 } = {}] = items
  await desk.moderation.decide({ id, version, decision: 'deny', message: '', silent: true })
  await world.drain()
  await requested(world, 'dora', 'another.dora@mail.test')
  expect(await signInToMatrix(world, 'dora')).toBe('M_USER_LOCKED')
})

test('those who are approved are told once', async () => {
  await aDjangoFile()
  const { registrations } = await readDjangoFile(path)
  await world.services.djangoImport.run(registrations)
  expect(await world.services.djangoImport.tell(registrations)).toEqual(['hana', 'oskar.meier'])
  await world.drain()
  expect(world.mailbox.kinds('hana@mail.test')).toEqual(['set_password'])
  expect(await world.services.djangoImport.tell(registrations)).toEqual([])
})

test('bad input is refused with a sentence', async () => {
  await expect(readDjangoFile(path)).rejects.toThrow('is not a file')
  writeFileSync(path, 'no database, but long enough to be read as one'.repeat(200))
  await expect(readDjangoFile(path)).rejects.toThrow('is not a database')
  rmSync(path)
  await aDjangoFile('0009_future')
  await expect(readDjangoFile(path)).rejects.toThrow('newer version')
  writeFileSync(`${path}-journal`, 'x')
  await expect(readDjangoFile(path)).rejects.toThrow('in use')
})
