import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, request, signedIn } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

/** The registrations as they are in the database: what nobody may have changed. */
async function registrations(): Promise<string> {
  const sql = 'select id, version, state, message, decided_by from registrations order by id'
  const { rows } = await askDatabase(site, sql)
  return JSON.stringify(rows)
}

test('forged, foreign, stale and huge input to a decision is refused in its status, and changes nothing', async () => {
  await request(site, 'river')
  const moderator = await signedIn(site)
  const queue = await moderator.get('/admin')
  const path = /\/admin\/registrations\/[\w-]+/.exec(queue.body)?.[0] ?? ''
  const one = await moderator.get(path)
  const version = Number(/name="version"[^>]*value="(\d+)"/.exec(one.body)?.[1])
  const before = await registrations()
  const form = (fields: Record<string, string>, to = path) =>
    moderator.send(
      'POST',
      `${to}?/decide`,
      { 'content-type': 'application/x-www-form-urlencoded', origin: site.url, accept: 'text/html' },
      new URLSearchParams({ version: String(version), decision: 'deny', message: '', ...fields }).toString(),
    )
  const foreign = path.replace(/[\w-]+$/, '00000000-0000-4000-8000-000000000000')
  for (const [why, answer, status] of [
    ['a stale version', await form({ version: String(version - 1) }), 409],
    ['no version', await form({ version: 'x' }), 400],
    ['a foreign id', await form({}, foreign), 404],
    ['a long message', await form({ message: 'x'.repeat(4001) }), 400],
    ['a message of a megabyte', await form({ message: 'x'.repeat(1_000_000) }), 413],
    ['a made up category', await form({ category: 'made up' }), 400],
  ] as const) {
    expect([why, answer.status]).toEqual([why, status])
    expect(answer.body, why).not.toMatch(/Internal Error|\bat \S+ \(/)
  }
  for (const [input, status] of [
    [{ id: path.split('/').at(-1), version, decision: 'completed', message: '', silent: false }, 400],
    [
      { id: path.split('/').at(-1), version, decision: 'deny', message: 'x'.repeat(200_000), silent: false },
      400,
    ],
    [{ id: path.split('/').at(-1), version: 1.5, decision: 'deny', message: '', silent: false }, 400],
    [{ id: { $gt: '' }, version, decision: 'deny', message: '', silent: false }, 400],
    [{ id: 'nobody', version, decision: 'deny', message: '', silent: false }, 404],
  ] as const) {
    const headers = { ...JSON_BODY, origin: site.url }
    const answer = await moderator.send('POST', '/trpc/moderation.decide', headers, JSON.stringify(input))
    expect([JSON.stringify(input).slice(0, 80), answer.status]).toEqual([
      JSON.stringify(input).slice(0, 80),
      status,
    ])
  }
  expect(await registrations()).toBe(before)
}, 60_000)

test('nothing of the desk answers who is not signed in', async () => {
  const stranger = aVisitor(site.url)
  for (const query of [
    'queue',
    'registration',
    'choices',
    'neighbours',
    'stuck',
    'notices',
    'outages',
    'doubts',
  ])
    expect([query, (await stranger.send('GET', `/trpc/moderation.${query}`, {})).status]).toEqual([
      query,
      401,
    ])
  for (const mutation of [
    'decide',
    'decideMany',
    'undo',
    'undoMany',
    'look',
    'retryJob',
    'checkDoubts',
    'settleDoubt',
  ]) {
    const headers = { ...JSON_BODY, origin: site.url }
    const answer = await stranger.send('POST', `/trpc/moderation.${mutation}`, headers, '{}')
    expect([mutation, answer.status]).toEqual([mutation, 401])
  }
  for (const path of ['/admin', '/admin?tab=all', '/admin/registrations/r-1'])
    expect((await stranger.get(path)).path).toMatch(/^\/admin\/login/)
})

test('who is not signed in is sent to the door from every page, its data and its actions, and fails nowhere', async () => {
  const stranger = aVisitor(site.url)
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin: site.url }
  for (const page of [
    '',
    '/account',
    '/moderators',
    '/rules',
    '/rules/new',
    '/audit-log',
    '/statistics',
    '/replies',
    '/intake',
  ]) {
    const login = `/admin/login?next=${encodeURIComponent(`/admin${page}`)}`
    for (const path of [`/admin${page}?/end`, `/admin${page}?/preferences`, `/admin${page}?/nonsense`]) {
      const sent = await stranger.send('POST', path, form, 'id=x')
      // Where texts are written, what was typed goes along; what no form there sends does not.
      const isWriting = ['', '/rules', '/rules/new', '/replies', '/intake'].includes(page)
      const [status, location] = isWriting ? [307, `${login}&/ended`] : [303, login]
      expect([path, sent.status, sent.headers.location]).toEqual([path, status, location])
      const along = await stranger.send('POST', `${login}&/ended`, { ...form, accept: 'text/html' }, 'id=x')
      expect([along.status, along.headers.location]).toEqual([303, login])
      const script = await stranger.send('POST', path, { ...form, 'x-sveltekit-action': 'true' }, 'id=x')
      expect(JSON.parse(script.body)).toEqual({ type: 'redirect', status: 303, location: login })
    }
    // A browser can ask for the data of a page alone, without that of the layout around it.
    for (const only of ['', '?x-sveltekit-invalidated=0001', '?x-sveltekit-invalidated=00001']) {
      const data = await stranger.send('GET', `/admin${page}/__data.json${only}`, {})
      expect([page, JSON.parse(data.body)]).toMatchObject([page, { type: 'redirect' }])
    }
  }
  const texts = await stranger.send(
    'POST',
    '/admin/login?next=%2Fadmin%2Fintake&/ended',
    { ...form, accept: 'text/html' },
    'en=We+are+away&de=Wir+sind+weg',
  )
  expect(texts.status).toBe(200)
  for (const text of ['We are away', 'Wir sind weg']) expect(texts.body).toContain(text)
  const long = await stranger.send('GET', `/admin?q=${'%C3%B6'.repeat(2000)}`, {})
  expect([long.status, long.headers.location]).toEqual([303, '/admin/login'])
  for (const path of ['/admin/login?/default', '/register?/default', '/admin/join/x?/default&/x=1'])
    expect([path, (await stranger.send('POST', path, form, '')).status]).toEqual([path, 404])
  expect(site.log()).not.toContain('A page failed')
})

test('whatever stands in the address of a list, it answers with a list', async () => {
  const moderator = await signedIn(site)
  for (const query of [
    'tab=nonsense',
    'q=%22',
    'q=%00',
    'q=a%00b',
    'q=a%1Fb%7Fc',
    'q=*+NEAR(',
    'after=-1.x',
    'after=99999999999999999999',
    'from=2026-13-45',
    'to=0000-00-00',
    'like=nobody&name=%27&address=%22',
    'moderator=nobody&network=::%2F0&domain=%00',
    'done=nobody',
    `q=${'x+'.repeat(2000)}`,
  ]) {
    const answer = await moderator.get(`/admin?${query}`)
    expect([query.slice(0, 60), answer.status]).toEqual([query.slice(0, 60), 200])
  }
})
