import type { Browser, Page } from '@playwright/test'
import type { Site } from '../support/site'
import {
  expect,
  expectAccessible,
  expectFit,
  linkIn,
  newName,
  openDesk,
  requestAccount,
  test,
} from './fixtures'

const SUPPORT = '#help:example.test'
const ROOM = '#lobby:example.test'

test.use({
  settings: {
    site: {
      support: SUPPORT,
      apps: [{ title: 'Our chat', url: 'https://chat.example.test/?u={localpart}', platform: 'browser' }],
    },
    auto_join: [ROOM, '!den:example.test'],
  },
})

/** A request that a moderator decided; answers the mail about it. */
async function decided(page: Page, browser: Browser, site: Site, name: string, decision: 'approve' | 'deny') {
  const email = await requestAccount(page, site, name)
  const moderator = await openDesk(browser, site, name)
  await moderator.locator(`button[name=decision][value=${decision}]`).click()
  const mail = await site.mail.next(email, 2)
  await moderator.context().close()
  return mail
}

const hasScripts = () => test.info().project.use.javaScriptEnabled !== false
const phoneLink = (name: string) =>
  `https://mobile.element.io/element/?account_provider=example.test&login_hint=mxid:@${name}:example.test`

test('after the approval, one button opens the app, and what comes next is beside it', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const mail = await decided(page, browser, site, name, 'approve')
  const away: string[] = []
  page.on('request', (request) => void (request.url().startsWith(site.url) || away.push(request.url())))
  await page.goto(linkIn(mail, '/register/status/'))
  const main = page.locator('main')
  const inApp = main.getByRole('link', { name: 'Open in the app' })
  const inBrowser = main.getByRole('link', { name: 'Open in the browser' })
  await expect(inApp).toHaveAttribute('href', phoneLink(name))
  await expect(inBrowser).toHaveAttribute('href', `https://chat.example.test/?u=${name}`)
  await expect(main.getByRole('link', { name: 'FluffyChat' })).toHaveAttribute(
    'href',
    'https://fluffychat.im',
  )
  await expect(main.getByRole('link', { name: 'Cinny' })).toHaveCount(0)
  await expect(main.getByRole('link', { name: ROOM })).toHaveAttribute(
    'href',
    'https://matrix.to/#/%23lobby%3Aexample.test',
  )
  await expect(main.getByRole('link', { name: 'Room 2' })).toHaveAttribute(
    'href',
    'https://matrix.to/#/!den%3Aexample.test?via=example.test',
  )
  await expect(main.getByRole('link', { name: SUPPORT })).toHaveAttribute(
    'href',
    'https://matrix.to/#/%23help%3Aexample.test',
  )
  await expect(main).toContainText('change it to example.test before you type your username')
  await expect(main).toContainText('recovery key')
  await expect(main).not.toContainText(/locked|suspended/)
  await expectFit(page)
  expect(away).toEqual([])

  const filled = async (link: typeof inApp) =>
    (await link.evaluate((a) => getComputedStyle(a).backgroundColor)) !== 'rgba(0, 0, 0, 0)'
  const code = main.locator('img.qr')
  await page.setViewportSize({ width: 1280, height: 800 })
  await expect(code).toBeVisible()
  await expect.poll(async () => [await filled(inApp), await filled(inBrowser)]).toEqual([false, true])
  await page.setViewportSize({ width: 390, height: 800 })
  await expect(code).toBeHidden()
  await expect.poll(async () => [await filled(inApp), await filled(inBrowser)]).toEqual([true, false])
  const tops = await Promise.all([inApp, inBrowser].map((link) => link.boundingBox()))
  expect(tops[0]?.y).toBeLessThan(tops[1]?.y ?? 0)

  expect(mail.text).toContain(`Open in the app (Element X):\n${phoneLink(name)}\n`)
  expect(mail.text).toContain(`Open in the browser (Our chat):\nhttps://chat.example.test/?u=${name}\n`)
  expect(mail.text).toContain('Your first rooms:\nhttps://matrix.to/#/%23lobby%3Aexample.test\n')
  expect(mail.text).not.toMatch(/locked|suspended/)
})

test('server and Matrix ID can be copied where a script may, and selected everywhere', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  await decided(page, browser, site, name, 'approve')
  await page.goto(`${site.url}/register/status`)
  const facts = page.locator('main dl.facts').first()
  await expect(facts).toContainText('example.test')
  await expect(facts).toContainText(`@${name}:example.test`)
  const copy = facts.getByRole('button', { name: 'Copy Matrix ID' })
  if (!hasScripts()) {
    await expect(copy).toHaveCount(0)
    return
  }
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await copy.focus()
  await page.keyboard.press('Enter')
  await expect(facts.getByRole('status').filter({ hasText: 'Copied' })).toHaveCount(1)
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`@${name}:example.test`)
  await expectAccessible(page)
  await facts.getByRole('button', { name: 'Copy server' }).click()
  await expect(facts.getByRole('status').filter({ hasText: 'Copied' })).toHaveCount(1)
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('example.test')
})

test('a denial leads to other servers, to a new request, and to somebody who answers', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const mail = await decided(page, browser, site, name, 'deny')
  await page.goto(`${site.url}/register/status`)
  const main = page.locator('main')
  await expect(main.getByRole('link', { name: 'Find another server' })).toHaveAttribute(
    'href',
    'https://joinmatrix.org/servers/',
  )
  await expect(main.getByRole('link', { name: SUPPORT })).toHaveAttribute('href', /^https:\/\/matrix\.to\//)
  await expect(main).toContainText('you can send a new request at any time')
  await expectFit(page)
  expect(mail.text).toContain('https://joinmatrix.org/servers/')
  expect(mail.text).toContain(`${site.url}/register\n`)
  await main.getByRole('link', { name: 'Start a new request' }).click()
  await expect(page.locator('input[name=username]')).toBeVisible()
  await requestAccount(page, site, newName())
})
