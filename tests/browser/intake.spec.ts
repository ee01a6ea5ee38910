import type { Browser, Page } from '@playwright/test'
import {
  confirmAddress,
  expect,
  expectFit,
  giveAddress,
  linkIn,
  newName,
  PASSWORD,
  REASON,
  requestAccount,
  submit,
  test,
} from './fixtures'
import { aDesk } from './at-the-desk'
import type { Site } from '../support/site'

test.use({ settings: { registration: { max_waiting: 2 } } })

const CLOSED = 'Registration is closed'

/** A day (UTC) so many days from now, as date fields have it. */
const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

/** Presses, and waits until the server has answered: the page may say "Saved" from the press before. */
async function save(desk: Page, name: RegExp | string): Promise<void> {
  const answered = desk.waitForResponse((response) => response.request().method() === 'POST')
  await desk.getByRole('button', { name }).click()
  await answered
  await expect(desk.getByText('Saved. Visitors see the change now.')).toBeVisible()
}

/** Open, whatever the test before left, with nobody waiting. */
async function reopened(browser: Browser, site: Site): Promise<Page> {
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin/intake`)
  const button = desk.getByRole('button', { name: /^Open / })
  if ((await button.count()) > 0) await save(desk, /^Open /)
  return desk
}

test('too many who wait close it, the desk says so, and opens it all the same', async ({
  page,
  site,
  browser,
}) => {
  const half = await (await browser.newContext({ locale: 'en' })).newPage()
  await confirmAddress(half, site, newName())
  for (let index = 0; index < 2; index++) {
    await page.context().clearCookies()
    await requestAccount(page, site, newName())
  }
  await page.context().clearCookies()
  await page.goto(site.url)
  await expect(page.getByRole('heading', { name: CLOSED })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Request an account' })).toHaveCount(0)
  await expect(page.locator('main')).not.toContainText(/Join |Request an account|What you need/)
  await expectFit(page)
  await page.goto(`${site.url}/register`)
  await expect(page.locator('h1')).toHaveText(CLOSED)
  await expect(page.locator('main form')).toHaveCount(0)
  await expectFit(page)

  await half.locator('input[name=password]').fill(PASSWORD)
  await half.locator('textarea[name=reason]').fill(REASON)
  await half.locator('input[name=legal]').check()
  await submit(half).click()
  await half.waitForURL(/\/register\/status/)
  await half.context().close()

  const desk = await aDesk(browser, site)
  await expect(desk.getByText('too many requests are waiting')).toBeVisible()
  await expectFit(desk)
  await desk.getByRole('link', { name: 'View or change' }).click()
  await expect(desk.locator('h1')).toHaveText('Registration')
  await expect(desk.locator('main')).toContainText('It reopens automatically when the number is down to 1.')
  await expectFit(desk)
  await desk.locator('#open-until').fill('2020-01-01')
  await desk.getByRole('button', { name: 'Open registration anyway' }).click()
  await expect(desk.locator('#open-until')).toHaveAttribute('aria-invalid', 'true')
  await expectFit(desk)
  await desk.locator('#open-until').fill(dayIn(3))
  await desk.getByRole('button', { name: 'Open registration anyway' }).click()
  await expect(desk.getByText('open although a limit was reached')).toBeVisible()
  await expectFit(desk)
  await page.goto(`${site.url}/register`)
  await expect(page.locator('input[name=username]')).toBeVisible()
  await desk.goto(`${site.url}/admin/audit-log?who=system`)
  await expect(desk.locator('main')).toContainText('Registration closed')
  await expect(desk.locator('main')).toContainText('too many requests waiting')
  await desk.context().close()
})

test('a moderator closes it with words and a day; what is typed stays text, and nobody is led astray', async ({
  page,
  site,
  browser,
}) => {
  const desk = await reopened(browser, site)
  const name = newName()
  await page.goto(`${site.url}/register`)
  await page.locator('input[name=username]').fill(name)

  const words = '<b>We are away</b> & come back.\nSee you soon!'
  await desk.locator('textarea[name=en]').fill(words)
  await desk.locator('#close-until').fill('2020-01-01')
  await desk.getByRole('button', { name: 'Close registration' }).click()
  await expect(desk.locator('#close-until')).toHaveAttribute('aria-invalid', 'true')
  await expect(desk.locator('textarea[name=en]')).toHaveValue(words)
  await expectFit(desk)
  await desk.locator('#close-until').fill(dayIn(5))
  await desk.getByRole('button', { name: 'Close registration' }).click()
  await expect(desk.getByText('Registration was closed manually')).toBeVisible()
  await expectFit(desk)

  await submit(page).click()
  await expect(page.locator('h1')).toHaveText(CLOSED)
  await expect(page.locator('main')).toContainText('<b>We are away</b> & come back.')
  await expect(page.locator('main form')).toHaveCount(0)
  await page.goto(site.url)
  await expect(page.locator('main')).toContainText('<b>We are away</b> & come back.')
  await expect(page.locator(`main time[datetime^="${dayIn(5)}"]`)).toBeVisible()
  await expectFit(page)
  await page.getByRole('button', { name: 'Deutsch' }).first().click()
  await expect(page.locator('main')).toContainText('Die Registrierung ist geschlossen')
  await expect(page.locator('main [lang=en]')).toContainText('We are away')
  await expectFit(page)
  await page.goto(`${site.url}/register/again`)
  await expect(page.locator('main input[name=email]')).toBeVisible()

  await desk.locator('summary', { hasText: 'Other languages' }).click()
  await desk.locator('textarea[name=de]').fill('Wir sind im Urlaub.')
  await save(desk, 'Save')
  await page.goto(`${site.url}/register`)
  await expect(page.locator('main')).toContainText('Wir sind im Urlaub.')
  await save(desk, /^Open /)
  await page.goto(`${site.url}/register`)
  await expect(page.locator('input[name=username]')).toBeVisible()
  await desk.context().close()
})

test('a moderator’s own words on when it opens are not contradicted', async ({ page, site, browser }) => {
  const desk = await reopened(browser, site)
  await desk.locator('textarea[name=en]').fill('We open again in March.')
  await desk.getByRole('button', { name: 'Close registration' }).click()
  await expect(desk.getByText('Registration was closed manually')).toBeVisible()
  for (const path of ['/', '/register']) {
    await page.goto(`${site.url}${path}`)
    await expect(page.locator('main')).toContainText('We open again in March.')
    await expect(page.locator('main')).not.toContainText('We don’t know yet')
  }
  await save(desk, /^Open /)
  await desk.context().close()
})

test('the link of the mail waits until it is open again', async ({ page, site, browser }) => {
  const desk = await reopened(browser, site)
  const email = await giveAddress(page, site, newName())
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  await desk.goto(`${site.url}/admin/intake`)
  await save(desk, 'Close registration')
  await page.goto(link)
  await expect(page.locator('h1')).toHaveText(CLOSED)
  await expect(page.locator('main')).toContainText(email)
  await expectFit(page)
  await desk.getByRole('button', { name: /^Open / }).click()
  await expect(desk.locator('.now .tag')).toHaveText('open')
  await page.goto(link)
  await submit(page).click()
  await page.waitForURL(/\/register\/account/)
  await desk.context().close()
})
