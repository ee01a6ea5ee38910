import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startStandIn } from '../../src/stand-in/homeserver'
import { askDatabase, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site | undefined
afterEach(async () => {
  await site?.stop()
  site = undefined
})

describe('the program, as its operator runs it', () => {
  test('makes a secret key once, for this user alone, and leaves the config file as it is', async () => {
    site = await startSite()
    const key = join(site.folder, 'secret_key')
    expect(existsSync(key)).toBe(true)
    expect(statSync(key).mode & 0o777).toBe(0o600)
  }, 60_000)

  test('makes, lists and disables moderators, and a disabled one is signed out', async () => {
    site = await startSite()
    const made = await site.cli(['admin', 'create', '--username', 'second', '--email', 'second@example.test'])
    expect(made.code).toBe(0)
    const password = /Password: (\S+)/.exec(made.out)?.[1] ?? ''
    expect(password.length).toBeGreaterThanOrEqual(20)
    const visitor = aVisitor(site.url)
    await visitor.submit(await visitor.get('/admin/login'), { username: 'second', password })
    expect((await visitor.get('/admin')).path).toBe('/admin')
    expect((await site.cli(['admin', 'list'])).out).toContain('second\tsecond@example.test')
    expect((await site.cli(['admin', 'disable', '--username', 'second'])).code).toBe(0)
    expect((await visitor.get('/admin')).path).toMatch(/login/)
    expect(
      (await site.cli(['admin', 'create', '--username', 'second', '--email', 'x@example.test'])).code,
    ).toBe(1)
    const last = await site.cli(['admin', 'disable', '--username', MODERATOR.username])
    expect(last).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('last active administrator'),
    })
  }, 60_000)

  test('says which invitation codes somebody could know who is disabled, and ends them where that is wished', async () => {
    const own = (site = await startSite())
    await own.cli(['admin', 'create', '--username', 'second', '--email', 'second@example.test'])
    const code = (id: string, skip: number, name = 'second') =>
      askDatabase(
        own,
        `insert into invitations (id, hash, code, skip_review, made_by, made_at)
          select '${id}', '${id}', '', ${skip}, id, created_at from moderators where username = '${name}'`,
      )
    await Promise.all([code('c-1', 0), code('c-2', 1), code('c-3', 1, MODERATOR.username)])
    const ended = async () =>
      (await askDatabase(own, 'select id from invitations where ended_at is not null order by id')).rows.map(
        ({ id }) => id,
      )
    const disable = ['admin', 'disable', '--username', 'second']
    const { out } = await own.cli(disable)
    expect(out).toContain('may know: 2, 1 of them without review.')
    expect(out).toContain('admin disable --username second --end-codes')
    expect(await ended()).toEqual([])
    expect((await own.cli([...disable, '--end-codes'])).out).toContain(
      'Ended invitation codes that second may know: 2',
    )
    expect(await ended()).toEqual(['c-1', 'c-2'])
    expect((await own.cli(disable)).out).toBe('second is disabled and was signed out\n')
    const { rows } = await askDatabase(own, "select actor from events where kind = 'invitation_code_ended'")
    expect(rows.map(({ actor }) => actor)).toEqual(['command_line', 'command_line'])
  }, 60_000)

  test('sets another password, with which alone the moderator comes in again', async () => {
    site = await startSite()
    const visitor = aVisitor(site.url)
    const signIn = async (password: string) =>
      visitor.submit(await visitor.get('/admin/login'), { username: MODERATOR.username, password })
    expect((await signIn(MODERATOR.password)).path).toBe('/admin')
    const args = ['admin', 'password', '--username', MODERATOR.username]
    const set = await site.cli([...args, '--password-stdin'], 'quite another password\n')
    expect(set).toMatchObject({ code: 0, err: '' })
    expect(set.out).not.toContain('quite another')
    expect((await visitor.get('/admin')).path).toMatch(/login/)
    expect((await signIn(MODERATOR.password)).path).toMatch(/login/)
    expect((await signIn('quite another password')).path).toBe('/admin')

    const made = /Password: (\S+)/.exec((await site.cli(args)).out)?.[1] ?? ''
    expect((await visitor.get('/admin')).path).toMatch(/login/)
    expect((await signIn(made)).path).toBe('/admin')

    expect(await site.cli([...args, '--password-stdin'], 'short')).toMatchObject({
      code: 1,
      err: expect.stringContaining('at least 12'),
    })
    expect((await visitor.get('/admin')).path).toBe('/admin')
    expect((await site.cli(['admin', 'password'])).code).toBe(2)
  }, 60_000)

  test('answers wrong use with 2 and the help, and a wrong configuration with 2 and every problem', async () => {
    site = await startSite()
    expect((await site.cli(['nonsense'])).code).toBe(2)
    expect((await site.cli(['admin', 'create'])).code).toBe(2)
    expect((await site.cli(['cleanup', '--nonsense'])).code).toBe(2)
    expect((await site.cli(['--help'])).code).toBe(0)
    const { writeFile } = await import('node:fs/promises')
    await writeFile(join(site.folder, 'config.yaml'), 'synapse:\n  server: nonsense\nemial:\n  host: x\n')
    const wrong = await site.cli(['migrate'])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('synapse.server')
    expect(wrong.err).toContain('did you mean email?')
    expect(wrong.err.trim().split('\n').length).toBeGreaterThan(3)
    expect(wrong.err).not.toMatch(/\bat .+:\d+/)
  }, 60_000)

  test('lists what a clean-up would take, and takes nothing', async () => {
    site = await startSite()
    const listed = await site.cli(['cleanup', '--dry-run'])
    expect(listed.code).toBe(0)
    expect(listed.out).toContain('nothing was changed')
  }, 60_000)

  test('lists in what the homeserver disagrees, and mends it only where that is asked for', async () => {
    site = await startSite()
    const { standIn, cli } = site
    const admin = standIn?.users.get('@admin:example.test')
    if (!standIn || admin === undefined) throw new Error('No homeserver')
    expect(await cli(['reconcile'])).toEqual({
      code: 0,
      out: 'The homeserver and the database agree\n',
      err: '',
    })
    standIn.users.set('@brook:example.test', {
      ...admin,
      id: '@brook:example.test',
      localpart: 'brook',
      locked: true,
    })
    for (const args of [[], ['--only', '@brook:example.test'], ['--mend']]) {
      const listed = await cli(['reconcile', ...args])
      expect(listed).toMatchObject({ code: 1, err: '1 difference is left\n' })
      expect(listed.out).toMatch(/^@brook:example\.test is locked .* --mend --only brook hands it to the mod/)
    }
    expect(await cli(['reconcile', '--mend', '--only', 'other'])).toMatchObject({ code: 0 })
    const mended = await cli(['reconcile', '--mend', '--only', 'brook'])
    expect(mended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/Repaired\.\nEverything is repaired/),
    })
    expect(await cli(['reconcile'])).toMatchObject({ code: 0 })
    expect(await cli(['reconcile', '--only', 'no name'])).toMatchObject({ code: 2 })
    await standIn.close()
    const away = await cli(['reconcile'])
    expect(away.code).toBe(1)
    expect(away.err).toMatch(/^Could not .+\n$/)
  }, 60_000)

  test('ends on SIGTERM with everything closed, and says nothing personal in its log', async () => {
    site = await startSite()
    const visitor = aVisitor(site.url)
    await visitor.submit(await visitor.get('/register'), { username: 'secretive' })
    await visitor.submit(await visitor.get('/register/email'), { email: 'secretive@mail.test' })
    await site.mail.next('secretive@mail.test')
    const log = site.log
    const code = await site.stop()
    expect(code).toBe(0)
    expect(log()).not.toContain('secretive')
    site = undefined
  }, 60_000)

  test('says on /readyz that the homeserver is away, while /healthz and the pages go on', async () => {
    site = await startSite({
      homeserver: { server: 'http://127.0.0.1:9', domain: 'example.test', admin_token: 'x' },
    })
    const visitor = aVisitor(site.url)
    const ready = await visitor.send('GET', '/readyz', {})
    expect(ready.status).toBe(503)
    expect(JSON.parse(ready.body)).toEqual({ database: 'ok', homeserver: 'out', mail: 'ok' })
    const log = site.log
    await expect.poll(log).toMatch(/Not ready/)
    expect((await visitor.get('/')).status).toBe(200)
    const answer = await visitor.submit(await visitor.get('/register'), { username: 'anybody' })
    expect(answer.status).toBe(503)
    expect(answer.body).toContain('value="anybody"')
    expect(site.log()).toMatch(/"server":"homeserver".*"msg":"Somebody was turned away/)
  }, 60_000)

  test('does not start on a homeserver that leaves its accounts to MAS, and says so in a sentence', async () => {
    const standIn = await startStandIn({
      domain: 'example.test',
      token: 'x',
      delegatesTo: 'https://auth.example.test/',
    })
    const homeserver = { server: standIn.url, domain: 'example.test', admin_token: 'x' }
    const error = await startSite({ homeserver }).catch((failure: unknown) => String(failure))
    expect(error).toMatch(
      /synapse\.server leaves its accounts to another service \(https:\/\/auth\.example\.test\//,
    )
    expect(error).not.toMatch(/\n\s+at /)
    await standIn.close()
  }, 60_000)

  test('starts under a wrong domain, and says so to monitors, in the log, and before anything is typed', async () => {
    const standIn = await startStandIn({ domain: 'right.test', token: 'x' })
    site = await startSite({ homeserver: { server: standIn.url, domain: 'wrong.test', admin_token: 'x' } })
    const visitor = aVisitor(site.url)
    const ready = await visitor.send('GET', '/readyz', {})
    expect(JSON.parse(ready.body)).toEqual({ database: 'ok', homeserver: 'misconfigured', mail: 'ok' })
    expect(ready.body).not.toContain('right.test')
    expect(site.log()).toMatch(/synapse\.domain is wrong\.test, but/)
    for (const path of ['/', '/register']) {
      const page = await visitor.get(path)
      expect(page.body).toContain('set up correctly on our side')
      expect(page.body).not.toContain('name="username"')
    }
    await standIn.close()
  }, 60_000)

  test('believes no header but by trust_proxy, whatever the environment says, and notices a proxy', async () => {
    site = await startSite({
      config: { rate_limit: { email_submission: 1 } },
      env: {
        ADDRESS_HEADER: 'x-real-ip',
        XFF_DEPTH: '3',
        PROTOCOL_HEADER: 'x-forwarded-proto',
        HOST_HEADER: 'x-forwarded-host',
      },
    })
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      const answer = await aVisitor(site.url).send('GET', '/register', {
        'x-real-ip': address,
        'x-forwarded-for': address,
        'x-forwarded-host': 'evil.test',
      })
      expect(answer.status).toBe(200)
    }
    expect(site.log()).toMatch(/ADDRESS_HEADER in the environment is ignored/)
    expect(site.log().match(/trust_proxy does not include it/g)).toHaveLength(1)
  }, 60_000)
})
