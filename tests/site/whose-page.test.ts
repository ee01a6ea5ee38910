import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, linkIn, startSite, type Site } from '../support/site'
import { aVisitor, formsIn } from '../support/visitor'

const PASSWORD = 'seven quiet herons at dusk'
const REASON = 'I know two people from the repair café who are on your server.'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

type Visitor = ReturnType<typeof aVisitor>

const pathOf = (link: string) => new URL(link).pathname
const mainOf = (html: string) => /<main[\s\S]*<\/main>/.exec(html)?.[0] ?? ''

async function mailed(visitor: Visitor, name: string): Promise<string> {
  const address = await visitor.submit(await visitor.get('/register'), { username: name })
  await visitor.submit(address, { email: `${name}@mail.test` })
  return pathOf(linkIn(await site.mail.next(`${name}@mail.test`), '/register/verify/'))
}

async function verified(visitor: Visitor, name: string) {
  const link = await mailed(visitor, name)
  return { link, page: await visitor.submit(await visitor.get(link), {}) }
}

async function requested(visitor: Visitor, name: string) {
  const { link, page } = await verified(visitor, name)
  return { link, page: await visitor.submit(page, { password: PASSWORD, reason: REASON }) }
}

const rowOf = async (name: string) => {
  const { rows } = await askDatabase(
    site,
    'select state, language, reason from registrations where username = ?',
    [name],
  )
  return rows[0]
}

/** What the page says that was sent for one and is another's by now. */
function expectTold(page: { body: string }, shown: string, now: string) {
  const main = mainOf(page.body)
  expect(main).toContain(`@${now}, but the page you sent was for @${shown}. Nothing was done.`)
  expect(main).toContain(`Are you @${shown}?`)
  expect(main).toContain('/register/again')
}

test('a request that was written for one is not sent for another, whatever page that one is on', async () => {
  for (const [stand, other] of [
    [verified, 'bert1'],
    [requested, 'bert2'],
  ] as const) {
    const browser = aVisitor(site.url)
    const name = `anna-${other}`
    const anna = await verified(browser, name)
    await stand(browser, other)
    const before = await rowOf(other)
    const words = `Words of ${name}, for moderators and nobody else at this computer.`
    const told = await browser.submit(anna.page, { password: PASSWORD, reason: words })
    expectTold(told, name, other)
    expect(told.body).not.toContain(words)
    expect(await rowOf(other)).toEqual(before)
    expect(await rowOf(name)).toMatchObject({ state: 'verified', reason: null })
    const again = await browser.submit(await browser.get(anna.link), {})
    expect(mainOf(again.body)).toContain(`@${name}:`)
    const sent = await browser.submit(again, { password: PASSWORD, reason: words })
    expect(sent.path).toBe('/register/status')
    expect(await rowOf(name)).toMatchObject({ state: 'requested' })
  }
})

test('a request is not taken back, and not answered, for another; nor by a page that does not say for whom', async () => {
  const browser = aVisitor(site.url)
  const anna = await requested(browser, 'anna-waits')
  const bert = await requested(browser, 'bert-waits')
  expectTold(await browser.submit(anna.page, {}), 'anna-waits', 'bert-waits')
  const unnamed = await browser.post('/register/status?/withdraw', {})
  expect(mainOf(unnamed.body)).toContain('doesn’t say which request it was for')
  const answered = await browser.post('/register/status?/answer', { text: 'Yes' })
  expect(mainOf(answered.body)).toContain('doesn’t say which request it was for')
  expect(await rowOf('bert-waits')).toMatchObject({ state: 'requested' })
  expect(await rowOf('anna-waits')).toMatchObject({ state: 'requested' })
  await browser.submit(bert.page, {})
  expect(await rowOf('bert-waits')).toMatchObject({ state: 'withdrawn' })
})

test('the language of a page changes the mails of whom it shows alone', async () => {
  const browser = aVisitor(site.url)
  const hidden = (html: string) =>
    /name="shown" value="([^"]*)"/.exec(html.split('action="/preferences"')[1] ?? '')?.[1] ?? ''
  const anna = await requested(browser, 'anna-speaks')
  const bert = await requested(browser, 'bert-speaks')
  const back = '/register/status'
  const told = await browser.post('/preferences', { language: 'de', back, shown: hidden(anna.page.body) })
  expect(mainOf(told.body)).toContain('die abgeschickte Seite gehörte aber zu @anna-speaks')
  expect(await rowOf('bert-speaks')).toMatchObject({ language: 'en' })
  await browser.post('/preferences', { language: 'de', back })
  expect(await rowOf('bert-speaks')).toMatchObject({ language: 'en' })
  await browser.post('/preferences', { language: 'de', back, shown: hidden(bert.page.body) })
  expect(await rowOf('bert-speaks')).toMatchObject({ language: 'de' })
})

test('the second step mails for the name that its page shows', async () => {
  const browser = aVisitor(site.url)
  const anna = await browser.submit(await browser.get('/register'), { username: 'anna-second' })
  await browser.submit(await browser.get('/register'), { username: 'bert-second' })
  const sent = await browser.submit(anna, { email: 'second@mail.test' })
  expect(mainOf(sent.body)).toContain('@anna-second:')
  const mail = await site.mail.next('second@mail.test')
  expect(mail.text).toContain('anna-second')
  expect(mail.text).not.toContain('bert-second')
  const bare = await browser.post('/register/email', { email: 'bare@mail.test' })
  expect(bare.status).toBe(400)
  expect(mainOf(bare.body)).toContain('say which username it was for')
  expect(await rowOf('bert-second')).toBeUndefined()
})

test('who comes back is told where they stand, on the first pages, and led there', async () => {
  const browser = aVisitor(site.url)
  expect((await aVisitor(site.url).get('/')).body).toContain('href="/register"')
  const link = await mailed(browser, 'comes-back')
  for (const path of ['/', '/register'])
    expect(mainOf((await browser.get(path)).body)).toContain('@comes-back:example.test')
  const account = await browser.submit(await browser.get(link), {})
  for (const path of ['/', '/register']) {
    const main = mainOf((await browser.get(path)).body)
    expect([path, main]).toEqual([path, expect.stringContaining('@comes-back:example.test')])
    expect([path, main]).toEqual([path, expect.stringContaining('href="/register/account"')])
  }
  const own = await browser.submit(await browser.get('/register'), { username: '@Comes-Back' })
  expect(own.path).toBe('/register/account')
  await browser.submit(account, { password: PASSWORD, reason: REASON })
  for (const path of ['/', '/register'])
    expect(mainOf((await browser.get(path)).body)).toContain('href="/register/status"')
  for (const stranger of [aVisitor(site.url), aVisitor(site.url)])
    for (const path of ['/', '/register']) expect((await stranger.get(path)).body).not.toContain('comes-back')
  const next = await browser.submit(await browser.get('/register'), { username: 'somebody-else' })
  expect(next.path).toBe('/register/email')
})

test('a second step of before leads to where one stands, and does not say that somebody has the name', async () => {
  const browser = aVisitor(site.url)
  const step = await browser.submit(await browser.get('/register'), { username: 'own-name' })
  const sent = await browser.submit(step, { email: 'own-name@mail.test' })
  const link = pathOf(linkIn(await site.mail.next('own-name@mail.test'), '/register/verify/'))
  await browser.submit(await browser.get(link), {})
  const again = await browser.submit(sent, { email: 'other@mail.test' })
  expect(again.path).toBe('/register/account')
  expect(again.body).not.toContain('This username is taken')
})

test('a spent link leads on where it is this browser’s, and tells everybody else how to get there', async () => {
  const anna = aVisitor(site.url)
  const { link } = await requested(anna, 'anna-spent')
  expect((await anna.get(link)).path).toBe('/register/status?used')
  const bert = aVisitor(site.url)
  await requested(bert, 'bert-spent')
  const page = await bert.get(link)
  expect(page.status).toBe(410)
  expect(page.body).not.toContain('bert-spent')
  expect(mainOf(page.body)).toContain('/register/again')
})

/** A browser that keeps no cookie. */
function withoutCookies() {
  const one = aVisitor(site.url)
  one.cookies.set = () => one.cookies
  return one
}

test('who keeps cookies goes straight on from the link, and who was never seen to is looked at first', async () => {
  const leadOf = async (browser: Visitor, link: string) => {
    const [form] = formsIn((await browser.get(link)).body)
    const { headers } = await browser.postAlone(`${link}${form?.action ?? ''}`, form?.hidden ?? {})
    expect((await browser.get(String(headers['location']))).path).toBe('/register/account')
    return headers['location']
  }
  const asking = aVisitor(site.url)
  expect(await leadOf(asking, await mailed(asking, 'straight-on'))).toBe('/register/account')
  const link = await mailed(asking, 'looked-at')
  expect(await leadOf(aVisitor(site.url), link)).toBe(`${link}/in`)
})

test('without a single cookie one gets from the name to the status, and nothing is typed twice', async () => {
  const browser = withoutCookies()
  const address = await browser.submit(await browser.get('/register'), { username: 'no-cookies' })
  expect(mainOf(address.body)).toContain('@no-cookies:example.test')
  const wrong = await browser.submit(address, { email: 'no address' })
  expect(wrong.status).toBe(400)
  expect(wrong.body).toContain('value="no address"')
  const sent = await browser.submit(wrong, { email: 'no-cookies@mail.test' })
  expect(mainOf(sent.body)).toContain('no-cookies@mail.test')
  expect(sent.path).not.toContain('mail.test')
  const again = await browser.submit(sent, { email: 'no-cookies@mail.test' })
  expect(mainOf(again.body)).toContain('no-cookies@mail.test')
  const link = pathOf(linkIn(await site.mail.next('no-cookies@mail.test', 1), '/register/verify/'))
  const account = await browser.submit(await browser.get(link), {})
  expect(mainOf(account.body)).toContain('keep cookies')
  const short = await browser.submit(account, { password: PASSWORD, reason: 'Too short' })
  expect(short.status).toBe(400)
  expect(mainOf(short.body)).toContain('Too short')
  const status = await browser.submit(short, { password: PASSWORD, reason: REASON })
  expect(status.path).toMatch(/^\/register\/status\/[\w-]{43}$/)
  expect(await rowOf('no-cookies')).toMatchObject({ state: 'requested', reason: REASON })
  await browser.submit(status, {})
  expect(await rowOf('no-cookies')).toMatchObject({ state: 'withdrawn' })
})

test('who lost the cookie on the way is told so, and what was typed is there to copy', async () => {
  const browser = aVisitor(site.url)
  const { link, page } = await verified(browser, 'lost-cookie')
  browser.cookies.clear()
  const told = await browser.submit(page, { password: PASSWORD, reason: REASON })
  expect(told.status).toBe(401)
  expect(mainOf(told.body)).toContain('sent no cookie')
  expect(mainOf(told.body)).toContain(REASON)
  expect(told.body).not.toContain(PASSWORD)
  const bare = await browser.get('/register/email?sent')
  expect(bare.path).toBe('/register?lost')
  expect(mainOf(bare.body)).toContain('We can’t find what you started')
  const account = await browser.submit(await browser.get(link), {})
  expect(account.path).toBe('/register/account')
})

test('the sent page works for as long as it promises a link, also when its cookie is gone', async () => {
  const browser = aVisitor(site.url)
  const step = await browser.submit(await browser.get('/register'), { username: 'stays-open' })
  const set = await browser.postAlone('/register', { username: 'stays-open' })
  expect(String(set.headers['set-cookie'])).toContain('Max-Age=86400')
  const sent = await browser.submit(step, { email: 'stays-open@mail.test' })
  browser.cookies.clear()
  const again = await browser.submit(sent, { email: 'stays-open@mail.test' })
  expect(mainOf(again.body)).toContain('stays-open@mail.test')
  expect(mainOf(again.body)).toContain('@stays-open:example.test')
})

test('an address never stands readable in an address bar, and what is sealed opens for nobody who changes it', async () => {
  const browser = withoutCookies()
  const step = await browser.submit(await browser.get('/register'), { username: 'sealed' })
  const { path } = await browser.submit(step, { email: 'sealed@mail.test' })
  const sealed = new URL(path, site.url).searchParams.get('draft') ?? ''
  expect(sealed).not.toBe('')
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('sealed')
  const changed = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA')
  const forged = await aVisitor(site.url).get(`/register/email?sent&draft=${changed}`)
  expect(forged.path).toBe('/register?lost')
  expect(formsIn(forged.body)).toHaveLength(1)
})

test('who confirmed in another browser is told nowhere that the email is not confirmed', async () => {
  const browser = aVisitor(site.url)
  const link = await mailed(browser, 'elsewhere')
  const phone = aVisitor(site.url)
  await phone.submit(await phone.get(link), {})
  for (const path of ['/', '/register']) {
    const main = mainOf((await browser.get(path)).body)
    expect([path, main]).toEqual([path, expect.stringContaining('@elsewhere:example.test')])
    expect([path, main]).toEqual([path, expect.stringContaining('Already confirmed it in another browser?')])
    expect([path, main]).toEqual([path, expect.not.stringContaining('isn’t confirmed')])
  }
})

test('a link for another address tells of no email for the username that was begun with the first', async () => {
  const browser = aVisitor(site.url)
  await mailed(browser, 'first-address')
  const same = await browser.submit(await browser.get('/register/again'), {
    email: 'first-address@mail.test',
  })
  expect(same.path).toBe('/register/again?sent')
  expect(mainOf((await browser.get('/')).body)).toContain('@first-address:example.test')
  const other = await browser.submit(await browser.get('/register/again'), {
    email: 'second-address@mail.test',
  })
  expect(mainOf(other.body)).toContain('second-address@mail.test')
  for (const path of ['/', '/register', '/register/email?sent'])
    expect([path, mainOf((await browser.get(path)).body)]).toEqual([
      path,
      expect.not.stringMatching(/first-address|second-address/),
    ])
})

test('an address that is refused when its email is sent again says why', async () => {
  const browser = aVisitor(site.url)
  await mailed(browser, 'again-refused')
  for (const [name, value] of browser.cookies)
    if (value.includes('again-refused'))
      browser.cookies.set(name, value.replaceAll('mail.test', 'mail%2520test'))
  const sent = await browser.get('/register/email?sent')
  expect(formsIn(sent.body)[0]?.hidden).toMatchObject({ email: 'again-refused@mail test' })
  const told = await browser.submit(sent, {})
  expect(told.status).toBe(400)
  expect(mainOf(told.body)).toMatch(/<details[^>]*data-mail-correct[^>]* open/)
  expect(mainOf(told.body)).toMatch(/aria-invalid="true"/)
  expect(mainOf(told.body)).toContain('value="again-refused@mail test"')
})

test('a username that is refused where none is to be chosen any more is told above the status', async () => {
  const browser = aVisitor(site.url)
  const { page } = await requested(browser, 'not-renamed')
  const { hidden } = formsIn(page.body)[0] ?? { hidden: {} }
  await browser.submit(page, {})
  const told = await browser.post('/register/status?/chooseUsername', { ...hidden, username: 'No Name!' })
  expect(told.status).toBe(400)
  expect(formsIn(told.body)).toEqual([])
  expect(mainOf(told.body)).toMatch(/data-instead.*role="alert"/)
})
