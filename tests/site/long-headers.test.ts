import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'
import { headLength, LONGEST_HEAD } from './fuzz/verdict'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const LONG = ['a'.repeat(20_000), '🙂'.repeat(5_000), '%'.repeat(9_000), '=&?#/"'.repeat(2_000)]

test.each([
  ['/register', ['username', 'invitation']],
  ['/register/email', ['chosen', 'invitation', 'email', 'topic']],
  ['/register/email?sent=again', ['chosen', 'email']],
  ['/register/again', ['email']],
  ['/register/verify/nothing', ['shown']],
  ['/register/verify/nothing?/request', ['shown', 'reason']],
  ['/register/account?/request', ['shown', 'reason', 'invitation']],
  ['/register/status?/withdraw', ['shown', 'language']],
  ['/register/status?/chooseUsername', ['shown', 'username']],
  ['/admin/login?/signIn', ['username']],
  ['/preferences', ['back', 'shown']],
])('a form of %s with long %j is answered with short headers', async (path, fields) => {
  for (const long of LONG) {
    const visitor = aVisitor(site.url)
    const form = new URLSearchParams({ language: 'de', username: 'somebody', chosen: 'somebody' })
    for (const field of fields) form.set(field, field === 'back' ? `/${long}` : long)
    const answer = await visitor.send('POST', path, { ...FORM, origin: site.url }, form.toString())
    expect([answer.status < 500, headLength(answer.headers)]).toEqual([true, expect.toSatisfy(fits)])
  }
})

test.each([
  '/register?code=',
  '/admin?q=',
  '/admin/login?next=%2Fadmin%3F',
  '/admin/login/in?next=%2Fadmin%3F',
])('a long query of %s is answered with short headers', async (path) => {
  for (const long of ['"'.repeat(5_000), '%22'.repeat(4_000), '%F0%9F%99%82'.repeat(1_000)]) {
    const answer = await aVisitor(site.url).send('GET', path + long, {})
    expect([answer.status < 500, headLength(answer.headers)]).toEqual([true, expect.toSatisfy(fits)])
    const posted = await aVisitor(site.url).send('POST', path + long, { ...FORM, origin: site.url }, 'post=1')
    expect([posted.status < 500, headLength(posted.headers)]).toEqual([true, expect.toSatisfy(fits)])
  }
})

const fits = (bytes: number) => bytes <= LONGEST_HEAD
