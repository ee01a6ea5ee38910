import { confirmAddress, expect, newName, test } from './fixtures'

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
