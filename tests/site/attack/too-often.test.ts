import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, MODERATOR, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { PASSWORD, REASON } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite({ config: { rate_limit: { email_submission: 2 }, trust_proxy: true } })
})
afterAll(() => site.stop())

test('who asks for too many mails reads when it is possible again, and so does the browser', async () => {
  const visitor = aVisitor(site.url)
  const ask = async (name: string) => {
    await visitor.submit(await visitor.get('/register'), { username: name })
    return visitor.submit(await visitor.get('/register/email'), { email: `${name}@mail.test` })
  }
  expect((await ask('river')).status).toBe(200)
  expect((await ask('brook')).status).toBe(200)
  const refused = await ask('creek')
  expect(refused.status).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(23 * 3600)
  expect(refused.body).toMatch(/24 hours/)
  expect(refused.body).toContain('creek@mail.test')
})

test('over the wire too', async () => {
  const answer = await fetch(`${site.url}/trpc/registration.start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'lake', email: 'lake@mail.test' }),
  })
  expect(answer.status).toBe(429)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(23 * 3600)
  expect(await answer.json()).toMatchObject({ error: { data: { refusal: { code: 'too_many_mails' } } } })
})

test('a stranger who guesses at a moderator’s password locks out neither the browser they use nor a new one elsewhere', async () => {
  const own = aVisitor(site.url)
  await own.submit(await own.get('/admin/login'), MODERATOR)
  const desk = await own.get('/admin')
  expect(desk.path).toBe('/admin')
  const guess = (password: string, address: string) =>
    fetch(`${site.url}/trpc/session.signIn`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ username: MODERATOR.username, password }),
    })
  for (let host = 1; host <= 25; host++)
    expect((await guess(`guess ${host}`, `10.8.${host}.1`)).status).toBe(401)
  for (let tried = 1; tried <= 3; tried++)
    expect((await guess(`guess ${tried}`, '127.0.0.1')).status).toBe(401)
  const stranger = await guess(MODERATOR.password, '127.0.0.1')
  expect(stranger.status).toBe(429)
  expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0)
  own.cookies.delete('session')
  const back = await own.submit(await own.get('/admin/login'), MODERATOR)
  expect(back.path).toBe('/admin')
  expect(back.body).toContain('Someone else is trying to guess your password')
  const elsewhere = aVisitor(site.url, undefined, { 'x-forwarded-for': '10.9.1.1' })
  expect((await elsewhere.submit(await elsewhere.get('/admin/login'), MODERATOR)).path).toBe('/admin')
})

test('who follows their link to the status too often reads so there', async () => {
  const own = aVisitor(site.url, undefined, { 'x-forwarded-for': '10.10.1.1' })
  const email = 'pond@mail.test'
  await own.submit(await own.get('/register'), { username: 'pond' })
  await own.submit(await own.get('/register/email'), { email })
  const link = new URL(linkIn(await site.mail.next(email), '/register/verify/')).pathname
  await own.submit(await own.submit(await own.get(link), {}), { password: PASSWORD, reason: REASON })
  const status = new URL(linkIn(await site.mail.next(email, 1), '/register/status/')).pathname
  const press = () => own.postAlone(`${status}?/resume`, { post: '1' })
  let answer = await press()
  for (let times = 1; times < 50 && answer.headers['location'] === `${status}/in`; times++)
    answer = await press()
  expect(answer.status).toBe(429)
  expect(answer.body).toContain('Too many attempts')
})
