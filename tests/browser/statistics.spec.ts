import { expect, expectAccessible, newName, openDesk, requestAccount, signIn, test } from './fixtures'

test('the figures count a request and its decision, in a chart and in the table beside it', async ({
  page,
  browser,
  site,
}) => {
  const name = newName()
  await requestAccount(page, site, name)
  const desk = await openDesk(browser, site, name)
  await desk.locator('button[name=decision][value=deny]').click()
  await desk.waitForURL(/done=/)

  await desk.goto(`${site.url}/admin/statistics?days=7`)
  const requests = desk
    .locator('section')
    .filter({ has: desk.getByRole('heading', { name: 'Requests and decisions' }) })
  const chart = requests.getByRole('img')
  await expect(chart).toHaveAccessibleName(/Requests: \d+, approved: \d+, denied: \d+/)
  expect(await chart.locator('rect.requested').count()).toBe(7)
  await requests.locator('summary').click()
  await expect(requests.locator('table')).toBeVisible()
  // Of all days, as midnight may pass meanwhile.
  for (const column of ['first', 'last'] as const) {
    const counts = await requests.locator(`tbody td:${column}-of-type`).allInnerTexts()
    expect(counts).toHaveLength(7)
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBeGreaterThan(0)
  }
  await expect(desk.locator('main')).toContainText('no reason')
  await expectAccessible(desk)

  await desk.getByRole('link', { name: '365 days' }).click()
  await expect(desk).toHaveURL(/days=365/)
  await expect(desk.getByRole('link', { name: '365 days' })).toHaveAttribute('aria-current', 'page')
  await desk.context().close()
})

test('the mails that one gets are chosen, and a wrong number of hours is told where it stands', async ({
  page,
  site,
}) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/account`)
  await expect(page.locator('main')).toContainText('isn’t confirmed yet')
  await page.getByLabel('Once a day').check()
  await page.getByLabel('Remind me when').fill('999')
  await page.locator('form[action="?/notices"]').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByLabel('Remind me when')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByLabel('Remind me when')).toHaveValue('999')
  await expect(page.getByLabel('Once a day')).toBeChecked()
  await expectAccessible(page)
  await page.getByLabel('Remind me when').fill('12')
  await page.locator('form[action="?/notices"]').getByRole('button', { name: 'Save' }).click()
  await expect(page).toHaveURL(/saved=notices/)
  await expect(page.getByLabel('Remind me when')).toHaveValue('12')
  await expect(page.getByLabel('Once a day')).toBeChecked()
})
