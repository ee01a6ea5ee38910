import type { Page } from '@playwright/test'
import {
  confirmAddress,
  expect,
  expectAccessible,
  newName,
  openDesk,
  PASSWORD,
  REASON,
  requestAccount,
  submit,
  test,
} from './fixtures'

test('an applicant without a connection is told so, keeps what was typed, and sends it later', async ({
  page,
  site,
}) => {
  await confirmAddress(page, site, newName())
  const password = page.locator('input[name=password]')
  const reason = page.locator('textarea[name=reason]')
  await password.fill(PASSWORD)
  await reason.fill(REASON)
  await page.locator('input[name=legal]').check()
  await page.context().setOffline(true)
  await submit(page).click()
  const alert = page.locator('main [role=alert]')
  await expect(alert).toContainText('Check your connection')
  await expect(alert).toBeFocused()
  await expect(password).toHaveValue(PASSWORD)
  await expect(reason).toHaveValue(REASON)
  await expect(page.locator('input[name=legal]')).toBeChecked()
  await expectAccessible(page)

  await page.context().setOffline(false)
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
})

test('a moderator without a connection is told so, keeps the message, and decides later', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const moderator = await openDesk(browser, site, name)
  const message = moderator.locator('textarea[name=message]')
  await message.fill('See you on Saturday')
  await moderator.context().setOffline(true)
  await moderator.locator('button[name=decision][value=approve]').click()
  await expect(moderator.locator('main [role=alert]')).toContainText('Check your connection')
  await expect(message).toHaveValue('See you on Saturday')
  await moderator.context().setOffline(false)
  await moderator.locator('button[name=decision][value=approve]').click()
  expect((await site.mail.next(email, 2)).text).toContain('See you on Saturday')
  await moderator.context().close()
})

/** Loads the page again, with its live updates at hand as `window.updates`. */
async function keepLiveUpdates(page: Page): Promise<void> {
  await page.addInitScript(() => {
    class Kept extends EventSource {
      constructor(url: string | URL) {
        super(url)
        Object.assign(window, { updates: this })
      }
    }
    window.EventSource = Kept
  })
  await page.reload()
}

test('a moderator without a connection keeps the page, whatever is pressed and however long it lasts', async ({
  page,
  site,
  browser,
}) => {
  const [first, second] = [newName(), newName()]
  for (const name of [first, second]) {
    await page.context().clearCookies()
    await requestAccount(page, site, name)
  }
  const moderator = await openDesk(browser, site, first)
  await keepLiveUpdates(moderator)
  const message = moderator.locator('textarea[name=message]')
  await message.fill('Half a sentence')
  await message.press('Escape')
  await moderator.context().setOffline(true)
  const lost = moderator.getByRole('status').filter({ hasText: 'no connection to the server' })
  await moderator.keyboard.press('j')
  await expect(lost).toBeVisible()
  await expectAccessible(moderator)
  // The last that arrived before the connection was lost were news.
  await moderator.evaluate(() => {
    const updates = (window as { updates?: EventSource }).updates
    if (updates === undefined) throw new Error('No live updates')
    updates.dispatchEvent(new MessageEvent('change'))
  })
  await moderator.waitForTimeout(1_000)
  await expect(message).toHaveValue('Half a sentence')
  // Back at the window, the page looks for news.
  await moderator.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await moderator.waitForTimeout(1_000)
  await expect(message).toHaveValue('Half a sentence')
  await expect(moderator.locator('h1')).toContainText(first)

  // The network is there, and the server is not: what answers is a proxy.
  await moderator.context().setOffline(false)
  await moderator.context().route(/./, (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }))
  const asked = moderator.waitForResponse(/healthz/)
  await moderator.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await asked
  await moderator.getByRole('link', { name: 'Audit log' }).click()
  await expect(lost).toBeVisible()
  await expect(message).toHaveValue('Half a sentence')

  await moderator.context().unroute(/./)
  await moderator.getByRole('link', { name: 'Audit log' }).click()
  await expect(moderator.locator('h1')).toHaveText('Audit log')
  await expect(lost).toBeHidden()
  await moderator.context().close()
})
