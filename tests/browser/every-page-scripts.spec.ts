import type { Page } from '@playwright/test'
import { Secret, TOTP } from 'otpauth'
import { allRoutes } from '../site/fuzz/targets'
import type { Site } from '../support/site'
import {
  confirm,
  expect,
  expectAccessible,
  giveAddress,
  linkIn,
  newName,
  PASSWORD,
  REASON,
  signIn,
  submit,
  test,
} from './fixtures'

const PAGES = allRoutes({ onlyPages: true })

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)

/** A page as it was met: what every page owes everybody. */
async function expectGood(page: Page): Promise<void> {
  await expect(page.locator('h1')).toHaveCount(1)
  expect(await page.title()).not.toBe('')
  expect(await overflow(page)).toBeLessThan(1)
  await expectAccessible(page)
  for (const field of await page.locator('main textarea:visible').all()) {
    await field.fill('x'.repeat(200))
    expect([page.url(), await field.getAttribute('name'), await overflow(page)]).toEqual([
      page.url(),
      await field.getAttribute('name'),
      0,
    ])
    await field.fill('')
  }
}

/** Goes every way there is, and looks at each page once. Answers the routes that were seen. */
async function everywhere(page: Page, site: Site): Promise<Set<string>> {
  const seen = new Set<string>()
  async function look(route: string, path: string | null = route): Promise<void> {
    if (path !== null) await page.goto(new URL(path, site.url).href)
    await expectGood(page)
    seen.add(route)
  }

  for (const route of ['/', '/register', '/register/again', '/admin/login']) await look(route)
  await look('/register/verify/[token]', '/register/verify/broken')
  await look('/register/status/[token]', '/register/status/broken')
  await look('/nowhere')

  const name = newName()
  const email = await giveAddress(page, site, name)
  await look('/register/email', null)
  await look('/register/verify/[token]', linkIn(await site.mail.next(email), '/register/verify/'))
  await confirm(page, site, email)
  await look('/register/account', null)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  await look('/register/status', null)
  await look('/register/status/[token]', linkIn(await site.mail.next(email, 1), '/register/status/'))

  const username = newName()
  const own = `${username}@mail.test`
  const made = ['admin', 'create', '--username', username, '--email', own, '--password-stdin']
  expect((await site.cli(made, PASSWORD)).code).toBe(0)
  await signIn(page, site, { username, password: PASSWORD })
  await look('/admin', '/admin?tab=all')
  await page.locator('.rows a', { hasText: name }).first().click()
  await page.waitForURL(/\/admin\/registrations\//)
  await look('/admin/registrations/[id]', null)
  await look('/admin/replies/[id]', '/admin/replies/new')
  for (const route of PAGES) if (route.startsWith('/admin/') && !/\[|\/login/.test(route)) await look(route)
  await look('/admin/nowhere')

  await page.goto(`${site.url}/admin/moderators`)
  const invited = `${newName()}@mail.test`
  await page.locator('input[name=email]').fill(invited)
  await page.locator('form[action="?/invite"] button').click()
  await look('/admin/moderators', null)
  await look('/admin/join/[token]', linkIn(await site.mail.next(invited), '/admin/join/'))

  await page.goto(`${site.url}/admin/account`)
  await page
    .locator('form', { has: page.locator('input[name=email]') })
    .locator('button')
    .click()
  await look('/admin/confirm/[token]', linkIn(await site.mail.next(own), '/admin/confirm/'))

  await page.goto(`${site.url}/admin/account`)
  await page.locator('form[action*="factor" i] button').first().click()
  const secret = ((await page.locator('.key').textContent()) ?? '').replaceAll(' ', '')
  await look('/admin/account', null)
  await page.locator('input[name=code]').fill(new TOTP({ secret: Secret.fromBase32(secret) }).generate())
  await page
    .locator('form', { has: page.locator('input[name=code]') })
    .locator('button')
    .first()
    .click()
  await expect(page.locator('.codes li')).toHaveCount(10)
  await look('/admin/account', null)
  await page.context().clearCookies()
  await page.goto(`${site.url}/admin/login`)
  await page.locator('main input[name=username]').fill(username)
  await page.locator('main input[name=password]').fill(PASSWORD)
  await submit(page).click()
  await page.waitForURL(/\/admin\/login\/code/)
  await look('/admin/login/code', null)
  return seen
}

for (const { how, options } of [
  {
    how: 'light, wide, in English',
    options: { colorScheme: 'light', locale: 'en', viewport: { width: 1280, height: 900 } },
  },
  {
    how: 'dark, on a phone, in German',
    options: { colorScheme: 'dark', locale: 'de', viewport: { width: 390, height: 844 } },
  },
] as const)
  test(`every page is one, fits its screen, and is accessible: ${how}`, async ({ browser, site }) => {
    test.slow()
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce' })
    const seen = await everywhere(await context.newPage(), site)
    await context.close()
    expect(PAGES.filter((route) => !seen.has(route))).toEqual([])
  })
