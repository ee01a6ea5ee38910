import {
  confirm,
  expect,
  expectAccessible,
  expireLinks,
  giveAddress,
  linkIn,
  newName,
  requestAccount,
  submit,
  test,
} from './fixtures'

test('a link that has run out says so, and sends a new one that works', async ({ page, site }) => {
  const email = await giveAddress(page, site, newName())
  await expect(page.locator('main')).toContainText('The link works for 24 hours.')
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  await expireLinks(site, email)
  await page.goto(link)
  await expect(page.locator('main h1')).toHaveText('This link has expired')
  await expect(page.locator('main')).toContainText('It worked for 24 hours.')
  await expectAccessible(page)
  await submit(page).click()
  await page.waitForURL(/\/register\/again\?sent/)
  await expect(page.locator('main')).toContainText(email)
  await confirm(page, site, email, 1)
})

test('a link to the status that has run out says so, and how to get another', async ({ page, site }) => {
  const email = await requestAccount(page, site, newName())
  const link = linkIn(await site.mail.next(email, 1), '/register/status/')
  await expireLinks(site, email)
  await page.goto(link)
  await expect(page.locator('main h1')).toHaveText('This link has expired')
  await expect(page.locator('main')).toContainText('It worked for 90 days.')
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Get a new link' }).click()
  await page.locator('main input[name=email]').fill(email)
  await submit(page).click()
  await page.waitForURL(/\/register\/again\?sent/)
  await page.goto(linkIn(await site.mail.next(email, 2), '/register/status/'))
  await expect(page.locator('main h1')).toHaveText('We received your request')
})
