import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startSite } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, request, signedIn, start } from './people'

const SOURCE = join(import.meta.dirname, '../../../src')

/** A server that only notices who comes. */
async function aTrap() {
  const seen: string[] = []
  const server = createServer((socket) => {
    socket.on('data', (data) => seen.push(data.toString('latin1')))
    socket.on('error', () => undefined)
    seen.push('connected')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return { seen, host: `127.0.0.1:${address.port}`, close: () => new Promise((done) => server.close(done)) }
}

test('no address that a person gives is ever asked for', async () => {
  const trap = await aTrap()
  const site = await startSite({ config: { trust_proxy: true } })
  onTestFinished(async () => {
    await site.stop()
    await trap.close()
  })
  const urls = [
    `http://${trap.host}/`,
    `//${trap.host}/x.png`,
    `<img src="http://${trap.host}/y.png">`,
    trap.host,
  ]
  const claims = {
    'x-forwarded-host': trap.host,
    forwarded: `host=${trap.host};proto=http`,
    'x-original-url': `http://${trap.host}/`,
    'x-rewrite-url': `http://${trap.host}/`,
    referer: `http://${trap.host}/`,
    'x-forwarded-for': trap.host,
  }
  await start(site, 'outgoing-start', `a@${trap.host.replace(':', '.')}.test`, claims)
  const { person } = await request(site, 'outgoing', `Look at ${urls.join(' and ')} please`)
  const moderator = await signedIn(site)
  const { body } = await moderator.get('/admin?tab=all')
  const path = /href="(\/admin\/registrations\/[\w-]+)[^"]*"[^>]*>outgoing</.exec(body)?.[1] ?? ''
  await moderator.post(`${path}?/ask`, { text: urls.join('\n') })
  await person.submit(await person.get('/register/status'), { text: urls.join('\n') })
  await moderator.post(`${path}?/note`, { text: urls.join('\n') })
  await moderator.post('/admin/replies/new?/save', {
    title: 'T',
    purpose: 'ask',
    en: urls.join('\n'),
    de: '',
  })
  for (const url of urls) {
    await moderator.get(`/admin/login?next=${encodeURIComponent(url)}`)
    await moderator.get(`/admin?q=${encodeURIComponent(url)}&network=${encodeURIComponent(url)}`)
    await moderator.get(`/logo?url=${encodeURIComponent(url)}`)
    await aVisitor(site.url).send('GET', '/', claims)
    await aVisitor(site.url).send(
      'POST',
      '/preferences',
      { 'content-type': 'application/x-www-form-urlencoded', origin: site.url },
      `back=${encodeURIComponent(url)}&language=en`,
    )
    await moderator.send(
      'POST',
      '/trpc/moderators.invite',
      { ...JSON_BODY, origin: site.url },
      JSON.stringify({ email: `x@${trap.host}`, role: 'moderator' }),
    )
  }
  await site.mail.next('outgoing@mail.test', 2)
  expect(trap.seen).toEqual([])
  // What was never asked could not be noticed: the trap does notice.
  await fetch(`http://${trap.host}/`, { signal: AbortSignal.timeout(300) }).catch(() => undefined)
  expect(trap.seen).toContain('connected')
}, 60_000)

test('there are three ways out, and each leads where the operator said: homeserver, mail server, logo', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      /^(?:lib\/server|lib\/moderation|lib\/registration|routes|hooks)/.test(file) &&
      /(?<!\.test)\.(?:ts|svelte)$/.test(file),
  )
  const calling = files.filter((file) =>
    /\bfetch\(|https?\.(?:request|get)\b|\bnet\.connect|createTransport\(|new WebSocket|\bundici\b|\bdns\.|child_process/.test(
      readFileSync(join(SOURCE, file), 'utf8'),
    ),
  )
  expect(calling.sort()).toEqual([
    'lib/server/homeserver/request.ts',
    'lib/server/http/logo.ts',
    'lib/server/mail/smtp.ts',
  ])
})

test('no route takes a file, and one that comes all the same is kept nowhere', async () => {
  const site = await startSite()
  onTestFinished(async () => void (await site.stop()))
  const pages = readdirSync(join(SOURCE, 'routes'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.svelte$/.test(file),
  )
  for (const file of pages)
    expect([file, /type="file"|multipart/.test(readFileSync(join(SOURCE, 'routes', file), 'utf8'))]).toEqual([
      file,
      false,
    ])
  const before = readdirSync(site.folder).sort()
  const part =
    'Content-Disposition: form-data; name="username"; filename="../../zq.html"\r\nContent-Type: text/html'
  const urlencoded = 'application/x-www-form-urlencoded'
  for (const [type, body, status] of [
    ['multipart/form-data; boundary=zq', `--zq\r\n${part}\r\n\r\n<b>zq</b>\r\n--zq--\r\n`, 415],
    ['multipart/form-data', 'nonsense', 415],
    ['text/plain', 'username=x', 415],
    ['application/json', '{"username":"x"}', 415],
    ['', 'username=x', 415],
    [urlencoded, '', 400],
    [urlencoded, '%FF%=&&=%00', 400],
  ] as const)
    for (const path of ['/register', '/admin/login?/signIn', '/preferences']) {
      const headers = { 'content-type': type, origin: site.url, accept: 'text/html' }
      const answer = await aVisitor(site.url).send('POST', path, headers, body)
      if (path === '/register' || status === 415)
        expect([type, path, answer.status]).toEqual([type, path, status])
      expect(answer.status).toBeLessThan(500)
      expect(answer.body).not.toContain('<b>')
    }
  expect(site.log()).not.toContain('A page failed')
  expect(readdirSync(site.folder).sort()).toEqual(before)
}, 60_000)
