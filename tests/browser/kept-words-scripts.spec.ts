import { confirmAddress, expect, newName, test } from './fixtures'

test.use({ settings: { registration: { invitations: 'optional' } } })

test('another language keeps what was typed, for the same person alone', async ({ page, site, context }) => {
  const [anna, bert] = [newName(), newName()]
  await confirmAddress(page, site, anna)
  await page.locator('textarea[name=reason]').fill('Words of Anna')
  await page.getByRole('button', { name: 'Deutsch' }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(page.locator('textarea[name=reason]')).toHaveValue('Words of Anna')
  await confirmAddress(await context.newPage(), site, bert)
  await page.getByRole('button', { name: 'English' }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await expect(page.locator('main .facts')).toContainText(`@${bert}:`)
  await expect(page.locator('textarea[name=reason]')).toHaveValue('')
})

test('another language keeps a typed invitation code and the ticked consent', async ({ page, site }) => {
  await page.goto(`${site.url}/register`)
  await page.locator('summary', { hasText: 'invitation code' }).click()
  await page.locator('input[name=invitation]').fill('7KQM-4XRT')
  await page.getByRole('button', { name: 'Deutsch' }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(page.locator('input[name=invitation]')).toBeVisible()
  await expect(page.locator('input[name=invitation]')).toHaveValue('7KQM-4XRT')
  await page.getByRole('button', { name: 'English' }).click()

  await confirmAddress(page, site, newName())
  await page.locator('input[name=legal]').check()
  await page.getByRole('button', { name: 'Deutsch' }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(page.locator('input[name=legal]')).toBeChecked()
})
