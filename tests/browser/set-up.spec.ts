import { expect, expectAccessible, signIn, test } from './fixtures'

test('the page says what is not set up and what to do, and sends a test email', async ({ page, site }) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/set-up`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Is everything set up?')
  await expect(page.getByText('sign in with a password alone')).toBeVisible()
  await expectAccessible(page)
  await page.locator('summary', { hasText: 'Passed' }).first().click()
  await expect(page.locator('details li', { hasText: /^synapse-registration \d/ })).toBeVisible()

  const address = page.locator('input[name=email]')
  await address.fill('no address')
  await page.getByRole('button', { name: 'Send test email' }).click()
  await expect(address).toHaveAttribute('aria-invalid', 'true')
  await expect(address).toBeFocused()
  await address.fill('operator@mail.test')
  await page.getByRole('button', { name: 'Send test email' }).click()
  await expect(page.getByText('The mail server accepted the email to operator@mail.test')).toBeVisible()
  await site.mail.next('operator@mail.test')
  await expectAccessible(page)
})
