import { expect, expectAccessible, newName, openDesk, requestAccount, submit, test } from './fixtures'

test.use({ settings: { registration: { proof_of_work: 'on' }, rate_limit: { email_submission: 1000 } } })

/** Chosen a name, at the page that asks for the address. */
async function atAddress(page: Parameters<typeof submit>[0], url: string, name = newName()): Promise<string> {
  await page.goto(`${url}/register`)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  return name
}

test('an applicant gets through; without JavaScript, moderators see why to look closer', async ({
  page,
  site,
  browser,
}) => {
  const scripts = test.info().project.use.javaScriptEnabled !== false
  const name = newName()
  await requestAccount(page, site, name)
  const moderator = await openDesk(browser, site, name)
  const words = moderator.getByText('no proof of work').first()
  await (scripts ? expect(words).toHaveCount(0) : expect(words).toBeVisible())
  // Playwright types faster than people do.
  await expect(moderator.getByText('sent very fast').first()).toBeVisible()
  await expect(moderator.getByText('hidden field')).toHaveCount(0)
  await expectAccessible(moderator)
  await moderator.context().close()
})

test('keyboard and screen reader pass by the field that people do not see', async ({ page, site }) => {
  await atAddress(page, site.url)
  await expectAccessible(page)
  await page.locator('main input[name=email]').focus()
  await page.keyboard.press('Tab')
  await expect(submit(page)).toBeFocused()
  await expect(page.getByRole('textbox')).toHaveCount(1)
  const trap = page.locator('main input[name=topic]')
  expect(await trap.evaluate((field) => field.closest('[aria-hidden=true]') !== null)).toBe(true)
  const box = await trap.locator('xpath=ancestor::div[@aria-hidden][1]').boundingBox()
  expect((box?.width ?? 9) * (box?.height ?? 9)).toBeLessThanOrEqual(1)
})

test('without JavaScript only few get on, and the others are told what to do', async ({ page, site }) => {
  test.skip(test.info().project.use.javaScriptEnabled !== false, 'with it there is a proof')
  await atAddress(page, site.url)
  await expect(page.locator('main')).toContainText('Without JavaScript this works as well')
  const name = await atAddress(page, site.url)
  await page.locator('main input[name=email]').fill(`${name}@mail.test`)
  await submit(page).click()
  await expect(page.locator('main [role=alert]')).toContainText('JavaScript')
  await expect(page.locator('main input[name=email]')).toHaveValue(`${name}@mail.test`)
})
