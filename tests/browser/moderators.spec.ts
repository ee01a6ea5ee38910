import { askDatabase } from '../support/site'
import { aDesk } from './at-the-desk'
import {
  expect,
  expectAccessible,
  expectFit,
  linkIn,
  MODERATOR,
  newName,
  signIn,
  submit,
  test,
} from './fixtures'

test('somebody is invited, joins by the link in the mail, and is out when disabled', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = `${name}@mail.test`
  await signIn(page, site)
  await page.getByRole('link', { name: 'Moderators' }).click()
  await expect(page.locator('h1')).toHaveText('Moderators')
  await expectAccessible(page)
  await page.locator('input[name=email]').fill('nobody')
  await page.locator('form[action="?/invite"]').evaluate((form: HTMLFormElement) => (form.noValidate = true))
  await page.getByRole('button', { name: 'Send invitation' }).click()
  await expect(page.locator('[role=alert]')).toBeVisible()
  await page.goto(`${site.url}/admin/moderators`)
  await page.locator('input[name=email]').fill(email)
  await page.getByRole('button', { name: 'Send invitation' }).click()
  await expect(page.locator('.invitations')).toContainText(email)
  await expect(page.locator('main [role=status], main [role=alert]').first()).toContainText(
    `We sent the invitation to ${email}.`,
  )
  await expect(page.locator('input[name=email]')).toHaveValue('')
  await expectAccessible(page)

  const link = linkIn(await site.mail.next(email), '/admin/join/')
  const { javaScriptEnabled = true } = test.info().project.use
  const context = await browser.newContext({ locale: 'en', javaScriptEnabled, colorScheme: 'dark' })
  const other = await context.newPage()
  await other.goto(link)
  await expectAccessible(other)
  await other.locator('input[name=username]').fill('moderator')
  await other.locator('input[name=password]').fill('a password of some length')
  await submit(other).click()
  await expect(other.locator('input[name=username]')).toHaveAttribute('aria-invalid', 'true')
  await other.locator('input[name=username]').fill(name)
  await other.locator('input[name=password]').fill('a password of some length')
  await submit(other).click()
  await other.waitForURL(/\/admin$/)
  // People, rules and settings are an administrator's.
  await other.goto(`${site.url}/admin/moderators`)
  await expect(other.locator('main')).toContainText('administrator')
  await other.goto(`${site.url}/admin/account`)
  await expect(other.locator('main')).toContainText(name)
  await expectAccessible(other)
  await other.setViewportSize({ width: 390, height: 844 })
  const wider = await other.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wider).toBeLessThanOrEqual(0)

  await page.reload()
  const person = page.locator('.people li', { hasText: name })
  await person.getByRole('button', { name: 'Disable' }).click()
  await expect(person).toContainText('disabled')
  await other.goto(`${site.url}/admin`)
  await other.waitForURL(/\/admin\/login/)
  await other.goto(link)
  await expect(other.locator('[role=alert]')).toBeVisible()
  await context.close()
})

test('a password is changed, which ends the other sessions, and sessions are ended by hand', async ({
  page,
  site,
  browser,
}) => {
  await signIn(page, site)
  const other = await aDesk(browser, site)
  await page.goto(`${site.url}/admin/account`)
  await expect(page.locator('main')).toContainText('this device')
  await expectAccessible(page)
  await page.locator('input[name=current]').fill('not my password')
  await page.locator('input[name=password]').fill('a password of some length')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.locator('input[name=current]')).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await expect(page.locator('main')).toContainText('Signed out.')
  await other.goto(`${site.url}/admin`)
  await other.waitForURL(/\/admin\/login/)
  await other.context().close()
})

test('who signed in long ago signs in again before the ways in can be changed', async ({ page, site }) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/account`)
  const again = page.getByRole('button', { name: 'Sign in again' })
  await expect(again).toHaveCount(0)
  await askDatabase(site, 'update sessions set started_at = started_at - 3600000')
  await page.reload()
  await expectFit(page)
  await page.getByRole('button', { name: 'Set up' }).click()
  await expect(page.getByRole('alert').getByText('sign in again, in case')).toBeVisible()
  await expect(page.locator('.key')).toHaveCount(0)
  await again.click()
  await page.waitForURL(/\/admin\/login\?next=/)
  await page.locator('main input[name=username]').fill(MODERATOR.username)
  await page.locator('main input[name=password]').fill(MODERATOR.password)
  await submit(page).click()
  await page.waitForURL(/\/admin\/account$/)
  await expect(again).toHaveCount(0)
})
