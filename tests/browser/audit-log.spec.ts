import { expect, expectAccessible, newName, openDesk, requestAccount, signIn, test } from './fixtures'

test('the log says who did what, is filtered, and leads to the request', async ({ page, browser, site }) => {
  const name = newName()
  await requestAccount(page, site, name)
  const desk = await openDesk(browser, site, name)
  await desk.locator('button[name=decision][value=approve]').click()
  await desk.waitForURL(/done=/)

  await desk.goto(`${site.url}/admin/audit-log`)
  const lines = desk.locator('main ol > li')
  await expect(lines.filter({ hasText: name }).filter({ hasText: /Approved/ })).toHaveCount(1)
  await expectAccessible(desk)
  await expect(lines.getByText('System', { exact: true })).toHaveCount(0)
  await desk.getByRole('link', { name: 'Show it too' }).click()
  await expect(lines.getByText('System', { exact: true }).first()).toBeVisible()
  await expect(desk.getByRole('link', { name: 'Show it too' })).toHaveCount(0)

  await desk.getByLabel('What', { exact: true }).selectOption('decisions')
  await desk.getByLabel('Who', { exact: true }).selectOption({ label: 'moderator' })
  await desk.getByRole('button', { name: 'Show' }).click()
  await expect(desk).toHaveURL(/what=decisions/)
  for (const text of await lines.allInnerTexts()) expect(text).toMatch(/moderator/)
  await expect(desk.getByLabel('What', { exact: true })).toHaveValue('decisions')
  await lines
    .first()
    .getByRole('link', { name: `@${name}` })
    .first()
    .click()
  await expect(desk).toHaveURL(/\/admin\/registrations\//)

  await desk.goto(`${site.url}/admin/audit-log?from=2001-01-01&to=2001-01-02`)
  await expect(desk.locator('main')).toContainText('No entries match these filters.')
  await expectAccessible(desk)
  await desk.context().close()
})

test('an administrator takes what is shown along', async ({ page, site }) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/audit-log?what=sign_ins`)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Table (CSV)' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^history-.*\.csv$/)
  await page.goto(`${site.url}/admin/audit-log?what=exported`)
  await expect(page.locator('main ol')).toContainText('what: Sign-ins')
})

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 390])
    test(`the log and the figures, ${colorScheme}, ${width} pixels wide, fit and can be read by all`, async ({
      page,
      site,
    }) => {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      await signIn(page, site)
      for (const path of [
        '/admin/audit-log',
        '/admin/statistics',
        '/admin/statistics?days=365',
        '/admin/account',
      ]) {
        await page.goto(site.url + path)
        await expect(page.locator('h1')).toBeVisible()
        await expectAccessible(page)
        const wide = await page.locator('html').evaluate((html) => html.scrollWidth)
        expect([path, wide]).toEqual([path, width])
      }
    })
