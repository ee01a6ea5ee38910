import { VERSION } from '$lib/server/version'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as v from 'valibot'
import { linkIn, MODERATOR, runCli, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

const lineSchema = v.looseObject({ level: v.number(), msg: v.string(), requestId: v.optional(v.string()) })
const USERNAME = 'quillfeather'
const EMAIL = 'wren.hollis@mail.test'
const PASSWORD = 'seven quiet herons at dusk'
const REASON = 'I know two people from the repair café who are on your server.'
const FAILED_SIGN_IN = 'A moderator sign-in failed'

let site: Site
beforeAll(async () => {
  site = await startSite({ config: { log: { level: 'trace' } } })
})
afterAll(() => site.stop())

/** The lines that have arrived whole: the log comes through a pipe. */
const lines = () =>
  site
    .log()
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => v.parse(lineSchema, JSON.parse(line)))

test('a whole registration is logged line by line, without anything personal and without any token', async () => {
  const visitor = aVisitor(site.url)
  const chosen = await visitor.submit(await visitor.get('/register'), { username: USERNAME })
  await visitor.submit(chosen, { email: EMAIL })
  const link = new URL(linkIn(await site.mail.next(EMAIL), '/register/verify/'))
  const account = await visitor.submit(await visitor.get(link.pathname), {})
  const sent = await visitor.submit(account, { password: PASSWORD, reason: REASON })
  expect(sent.path).toMatch(/^\/register\/status/)
  await site.mail.next('moderators@example.test')
  await site.mail.next(EMAIL, 1)
  await expect.poll(() => lines().filter(({ msg }) => msg === 'An email was handed over').length).toBe(3)

  const token = link.pathname.split('/').at(-1) ?? ''
  for (const secret of [
    USERNAME,
    EMAIL,
    'wren.hollis',
    PASSWORD,
    REASON,
    token,
    'stand-in-token',
    '127.0.0.1"',
  ])
    expect(site.log()).not.toContain(secret)
  expect(lines()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ msg: 'Started', version: VERSION, url: site.url }),
      expect.objectContaining({
        msg: 'Request',
        method: 'GET',
        route: '/register/verify/[token]',
        status: 200,
      }),
      expect.objectContaining({ msg: 'A registration changed', action: 'request', by: 'applicant' }),
      expect.objectContaining({ msg: 'The homeserver was called', path: '/_synapse/admin/v2/users/[id]' }),
    ]),
  )
  const changed = lines().find(({ msg, action }) => msg === 'A registration changed' && action === 'request')
  const request = lines().find(({ msg, requestId }) => msg === 'Request' && requestId === changed?.requestId)
  expect(request).toMatchObject({ method: 'POST', route: '/register/account' })
})

test('every response has an id: the given one if it is harmless, refusals included', async () => {
  const idOf = async (path: string, given?: string, init: RequestInit = {}) => {
    const headers = { ...(given === undefined ? {} : { 'x-request-id': given }) }
    return (await fetch(`${site.url}${path}`, { headers, ...init })).headers.get('x-request-id')
  }
  expect(await idOf('/register', 'from-the-proxy.1')).toBe('from-the-proxy.1')
  expect(await idOf('/register', 'not harmless {}')).toMatch(/^[0-9a-f]{16}$/)
  for (const path of ['/', '/', '/healthz', '/nowhere', '/robots.txt', '/trpc/nothing'])
    expect([path, await idOf(path)]).toEqual([path, expect.stringMatching(/^[0-9a-f]{16}$/)])
  const foreign = {
    method: 'POST',
    headers: { origin: 'https://elsewhere.test', 'x-request-id': 'refused-one' },
  }
  expect(await idOf('/register', undefined, foreign)).toBe('refused-one')
  await expect
    .poll(
      () => lines().filter(({ requestId, msg }) => requestId === 'refused-one' && msg === 'Request').length,
    )
    .toBe(1)
})

test('a failed sign-in is one line with the address, as the filter in docs/running.md has it', async () => {
  const visitor = aVisitor(site.url)
  await visitor.submit(await visitor.get('/admin/login'), {
    username: MODERATOR.username,
    password: 'wrong one',
  })
  const line = () =>
    site
      .log()
      .split('\n')
      .find((found) => found.includes(FAILED_SIGN_IN))
  await expect
    .poll(line)
    .toMatch(/^.*"address":"127\.0\.0\.1","reason":"[a-z_]+","msg":"A moderator sign-in failed"\}$/)
  expect(site.log()).not.toContain('wrong one')
})

test('--version names version and commit', async () => {
  const { out } = await runCli(site.folder, ['--version'])
  expect(out).toMatch(/^synapse-registration \d+\.\d+\.\d+ \([0-9a-f]{12}\)\n$/)
})
