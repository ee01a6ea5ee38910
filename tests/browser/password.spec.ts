import {
  confirmAddress,
  expect,
  expectAccessible,
  expectFit,
  linkIn,
  newName,
  openDesk,
  PASSWORD,
  REASON,
  signInToMatrix,
  submit,
  test,
} from './fixtures'
import { askDatabase } from '../support/site'

test.use({ settings: { registration: { password: 'after_approval' } } })

test('with the password after the approval, no account exists before it, and the link in the mail asks for one', async ({
  page,
  site,
  browser,
}) => {
  const homeserver = site.standIn?.url ?? ''
  const name = newName()
  const email = await confirmAddress(page, site, name)
  await expect(page.locator('input[name=password]')).toHaveCount(0)
  await expect(page.locator('main')).toContainText('Your account doesn’t exist yet')
  await expectAccessible(page)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  await expectAccessible(page)
  expect(await signInToMatrix(homeserver, name)).toBe('M_FORBIDDEN')

  const moderator = await openDesk(browser, site, name)
  await moderator.locator('button[name=decision][value=approve]').click()
  const mail = await site.mail.next(email, 2)
  expect(mail.subject).toContain('set a password')
  expect(await signInToMatrix(homeserver, name)).toBe('M_FORBIDDEN')
  await moderator.context().close()

  // The mail may be opened on another device.
  await page.context().clearCookies()
  await page.goto(linkIn(mail, '/register/status/'))
  await expect(page.locator('main h1')).toHaveText('Approved: set your password')
  await expectAccessible(page)
  await submit(page).click()
  await page.waitForURL(/\/register\/status$/)
  await page.locator('input[name=password]').fill('short')
  await page
    .locator('main form')
    .first()
    .evaluate((form: HTMLFormElement) => (form.noValidate = true))
  await submit(page).click()
  await expect(page.locator('input[name=password]')).toHaveAttribute('aria-invalid', 'true')
  await expectAccessible(page)
  await page.locator('input[name=password]').fill(PASSWORD)
  await submit(page).click()
  await site.mail.next(email, 3)
  expect(await signInToMatrix(homeserver, name)).toBe('in')
  // With scripts the page looks by itself; a second navigation would only be in its way.
  if (test.info().project.use.javaScriptEnabled === false) await page.reload()
  await expect(page.locator('main h1')).toHaveText('Welcome: your account is ready', { timeout: 15_000 })
})

test('whoever lost the username before the approval is told at once, and chooses another one', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await confirmAddress(page, site, name)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  await askDatabase(site, 'update registrations set holds_name = 0 where username = ?', [name])
  const moderator = await openDesk(browser, site, name)
  await moderator.locator('button[name=decision][value=approve]').click()
  const mail = await site.mail.next(email, 2)
  await moderator.context().close()

  await page.context().clearCookies()
  await page.setViewportSize({ width: 320, height: 640 })
  await page.goto(linkIn(mail, '/register/status/'))
  await expect(page.locator('main h1')).toHaveText('Choose another username')
  await expect(page.locator('main')).toContainText(`@${name}:${site.domain} is no longer available`)
  await expect(page.locator('main')).not.toContainText('Your Matrix ID')
  await expect(submit(page)).toHaveText('Choose another username')
  await expectAccessible(page)
  await expectFit(page)
  await submit(page).click()
  await page.waitForURL(/\/register\/status$/)
  await page.locator('input[name=username]').fill(`${name}.2`)
  await submit(page).click()
  await expect(page.locator('main h1')).toHaveText('We received your request')
})
