import { expect, expectAccessible, expireLinks, giveAddress, linkIn, newName, submit, test } from './fixtures'

test.use({ settings: { rate_limit: { email_submission: 1 } } })

test('who confirms too often is told for how long, where they stand, and who asks for a new link as well', async ({
  page,
  site,
}) => {
  const email = await giveAddress(page, site, newName())
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  const press = (path: string) =>
    fetch(`${path}?/confirm`, { method: 'POST', headers: { origin: site.url }, body: new URLSearchParams() })
  // What strangers do in the same network, with links that nobody was sent, costs nobody else anything.
  for (let times = 0; times < 20; times++) await press(`${site.url}/register/verify/no-such-link`)
  // Each of them comes without a cookie, as another browser.
  for (let times = 0; times < 20; times++) await press(link)
  await page.goto(link)
  await submit(page).click()
  const alert = page.locator('main [role=alert]')
  await expect(alert).toContainText('try again in 24 hours')
  await expect(alert).toBeFocused()
  await expect(page.locator('main')).toContainText(email)
  await expect(submit(page)).toBeVisible()
  await expectAccessible(page)

  await expireLinks(site, email)
  await page.goto(link)
  await expect(page.locator('main h1')).toHaveText('This link has expired')
  await submit(page).click()
  await page.waitForURL(/\/register\/again\?sent/)
  await page.goto(link)
  await submit(page).click()
  await expect(page.locator('main')).toContainText('you can try again in 24 hours')
  await expect(page.locator('main')).not.toContainText('on our side')
  await expectAccessible(page)
})
