import { expect, expectAccessible, expireLinks, giveAddress, linkIn, newName, submit, test } from './fixtures'

test.use({ settings: { rate_limit: { email_submission: 1 } } })

test('who confirms too often is told for how long, where they stand, and who asks for a new link as well', async ({
  page,
  site,
}) => {
  const email = await giveAddress(page, site, newName())
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  // What others in the same network do, until its limit.
  for (let times = 0; times < 20; times++)
    await page.request.post(`${site.url}/register/verify/no-such-link?/confirm`, {
      form: {},
      headers: { origin: site.url },
    })
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
  await expect(page.locator('main h1')).toHaveText('This link has run out')
  await submit(page).click()
  await expect(page.locator('main')).toContainText('in 24 hours you can ask again')
  await expect(page.locator('main')).not.toContainText('on our side')
  await expectAccessible(page)
})
