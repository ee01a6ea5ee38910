import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { runSql, schemaStatements } from '../support/other-process'
import { halt, serveAgain } from '../support/serve-again'
import { freePort, linkIn, runCli, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

describe('a site that runs', () => {
  let site: Site | undefined
  let end: (() => Promise<void>) | undefined
  afterEach(async () => {
    await end?.()
    await site?.stop()
    site = end = undefined
  })

  /** Somebody who proved an address, and so holds the name. */
  async function applicant(name: string) {
    const visitor = aVisitor(site?.url ?? '')
    const email = `${name}@mail.test`
    await visitor.submit(await visitor.get('/register'), { username: name })
    await visitor.submit(await visitor.get('/register/email'), { email })
    const mail = await site?.mail.next(email)
    if (mail === undefined) throw new Error('There is no site')
    await visitor.submit(await visitor.get(new URL(linkIn(mail, '/register/verify/')).pathname), {})
    return visitor
  }

  test('is backed up while people register, and goes back to that moment after it was stopped', async () => {
    site = await startSite()
    const { folder, cli } = site
    const file = join(folder, 'backup.db')
    const early = await applicant('early')

    let busy = true
    const crowd = Array.from({ length: 4 }, async (_, person) => {
      for (let turn = 0; busy; turn++) await applicant(`busy${person}x${turn}`)
      return 'served'
    })
    await Promise.race(crowd.concat(applicant('ahead').then(() => 'ahead')))
    const backup = await cli(['backup', file])
    busy = false
    expect(await Promise.all(crowd)).toEqual(['served', 'served', 'served', 'served'])
    expect(backup).toMatchObject({ code: 0, err: '' })
    expect(backup.out).toMatch(/contains a checked copy of the database/)
    expect(backup.out).toContain(join(folder, 'secret_key'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await cli(['backup', file])).toMatchObject({
      code: 1,
      err: expect.stringContaining('already exists'),
    })

    const late = await applicant('late')
    expect((await late.get('/register/account')).body).toContain('late')
    const refused = await cli(['restore', file])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/^database\.path: .* is open in another process.*Stop the server/)
    await applicant('later')

    expect(await halt(site)).toBe(0)
    const restored = await cli(['restore', file])
    expect(restored).toMatchObject({ code: 0, err: '' })
    expect(restored.out).toMatch(/kept as .*registration\.db\.\d{4}-/)
    expect(restored.out).toMatch(/reconcile[^]*serve/)
    const kept = readdirSync(folder).filter((name) => name.startsWith('registration.db'))
    expect(kept).toHaveLength(2)

    ;({ end } = await serveAgain(site))
    expect((await early.get('/register/account')).body).toContain('early')
    expect((await late.get('/register/account')).body).not.toContain('@late:')
    await applicant('anew')
  }, 120_000)

  test('can be restored from what was put aside, with everything that was written until the stop', async () => {
    site = await startSite()
    const { folder, cli } = site
    const file = join(folder, 'backup.db')
    await cli(['backup', file])
    const late = await applicant('late')
    expect(await halt(site)).toBe(0)
    expect(await cli(['restore', file])).toMatchObject({ code: 0, err: '' })
    const aside = readdirSync(folder).find((name) => /^registration\.db\.2.*Z$/.test(name)) ?? ''
    expect(await cli(['restore', join(folder, aside)])).toMatchObject({ code: 0, err: '' })
    ;({ end } = await serveAgain(site))
    expect((await late.get('/register/account')).body).toContain('late')
  }, 90_000)
})

describe('a database that is not to be used', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'registration-'))
    path = join(folder, 'registration.db')
    configure({ path })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function configure(database: Record<string, string>): void {
    const settings = {
      synapse: { server: 'http://127.0.0.1:9', domain: 'example.test', admin_token: 'x' },
      hosts: ['127.0.0.1'],
      email: { host: '127.0.0.1', port: 9, from: 'desk@example.test' },
      admin: { email: 'moderators@example.test' },
      secret_key: 'a secret key of this test alone, long enough',
      database,
    }
    writeFileSync(join(folder, 'config.yaml'), stringify(settings))
  }

  const contentOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

  /** What an operator reads, whichever command meets the database; and that the file and its folder stay as they are. */
  async function refusal(commands = [['serve'], ['migrate'], ['admin', 'list']]): Promise<string> {
    const before = existsSync(path) ? contentOf(path) : null
    const names = readdirSync(folder)
    const said = new Set<string>()
    for (const args of commands) {
      const { code, out, err } = await runCli(folder, args, '', { PORT: '0', HOST: '127.0.0.1' })
      expect([args, code, out]).toEqual([args, 1, ''])
      said.add(err)
    }
    expect(existsSync(path) ? contentOf(path) : null).toBe(before)
    expect(readdirSync(folder)).toEqual(names)
    const [first = ''] = said
    expect([...said]).toEqual([first])
    expect(first.trim().split('\n')).toHaveLength(1)
    expect(first).toMatch(/^database\.(path|url): /)
    return first
  }

  test('because it is none: the start says so, and a restore puts a backup in its place', async () => {
    const file = join(folder, 'backup.db')
    await runSql(file, schemaStatements())
    writeFileSync(path, 'this is a shopping list\n'.repeat(300))
    expect(
      await refusal([['serve'], ['migrate'], ['admin', 'list'], ['backup', join(folder, 'b.db')]]),
    ).toMatch(/is not a database, or is damaged\..*command restore/)
    expect(await runCli(folder, ['restore', file])).toMatchObject({ code: 0, err: '' })
    expect(await runCli(folder, ['admin', 'list'])).toMatchObject({ code: 0 })
  }, 60_000)

  test('is told in words by the bare server as well, which some start without the command', async () => {
    writeFileSync(path, 'this is a shopping list\n'.repeat(300))
    const env = { ...process.env, CONFIG: join(folder, 'config.yaml'), PORT: '0', HOST: '127.0.0.1' }
    const server = join(import.meta.dirname, '../../build/index.js')
    const { status, stderr } = spawnSync(process.execPath, [server], {
      env,
      timeout: 30_000,
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^database\.path: .*registration\.db is not a database.*\n$/)
  }, 60_000)

  test('because it is cut off', async () => {
    await runSql(path, schemaStatements())
    writeFileSync(path, readFileSync(path).subarray(0, 20_000))
    expect(await refusal()).toContain('is not a database, or is damaged')
  }, 60_000)

  test('because a newer version wrote it', async () => {
    const newer = "insert into __drizzle_migrations (hash, created_at) values ('newer', 9999999999999)"
    await runSql(path, [...schemaStatements(), newer])
    expect(await refusal()).toMatch(/newer version of this program.*Run that version/)
  }, 60_000)

  test('because it belongs to Django', async () => {
    await runSql(path, [
      'create table django_migrations (id integer primary key, app text)',
      'create table auth_user (id integer primary key, username text)',
    ])
    expect(await refusal()).toMatch(/Django program.*Set another file/)
  }, 60_000)

  test('because there is a folder where it should be', async () => {
    path = join(folder, 'nested', 'registration.db')
    configure({ path: folder })
    expect(await refusal()).toMatch(/cannot be opened\. It must be a file/)
  }, 60_000)

  test('because it is a server that does not answer', async () => {
    configure({ url: `http://127.0.0.1:${await freePort()}` })
    expect(await refusal()).toMatch(/cannot be reached.*database\.url and database\.auth_token/)
    const { code, err } = await runCli(folder, ['backup', 'b.db'])
    expect([code, err]).toEqual([1, expect.stringMatching(/database\.url: .*that server's own/)])
  }, 60_000)

  test('while a command runs: it says what the database said, and not what was typed', async () => {
    const no = "create trigger no before insert on moderators begin select raise(abort, 'not today'); end"
    await runSql(path, [...schemaStatements(), no])
    const typed = ['admin', 'create', '--username', 'ada', '--email', 'ada@example.test']
    const { code, err } = await runCli(folder, typed)
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^database\.path: .* cannot be used \(not today\)\n$/),
    ])
  }, 60_000)
})

test('backup and restore need the name of one file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registration-'))
  for (const args of [['backup'], ['restore'], ['backup', '--all'], ['restore', 'a', 'b']])
    expect(await runCli(folder, args)).toMatchObject({
      code: 2,
      err: expect.stringContaining('<file>'),
    })
  rmSync(folder, { recursive: true })
}, 60_000)
