import {
  confirm,
  expect,
  expectAccessible,
  giveAddress,
  newName,
  PASSWORD,
  REASON,
  submit,
  test,
} from './fixtures'

test('whoever confirms later has lost the name, is told so, and picks another one', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await giveAddress(page, site, name)
  const { javaScriptEnabled = true } = test.info().project.use
  const faster = await (await browser.newContext({ javaScriptEnabled })).newPage()
  await confirm(faster, site, await giveAddress(faster, site, name, `faster.${name}@mail.test`))
  await faster.context().close()

  await confirm(page, site, email)
  await expect(page.locator('main h1')).toHaveText('Choose another username')
  await expect(page.locator('main')).toContainText(`@${name}:${site.domain}`)
  await expect(page.locator('input[name=password]')).toHaveCount(0)
  await expectAccessible(page)

  const field = page.locator('input[name=username]')
  await field.fill(name)
  await submit(page).click()
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await expect(field).toHaveValue(name)
  await expectAccessible(page)

  await field.fill(`${name}.2`)
  await submit(page).click()
  await expect(page.locator('main')).toContainText(`@${name}.2:${site.domain}`)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  expect(site.standIn?.users.has(`@${name}.2:${site.domain}`)).toBe(true)
  expect(site.standIn?.users.has(`@${name}:${site.domain}`)).toBe(false)
})

test('for a username chosen in place of another one, no email is said to be sent before it is', async ({
  page,
  site,
}) => {
  const [first, second] = [newName(), newName()]
  const email = await giveAddress(page, site, first)
  await page.getByRole('link', { name: 'choose another username' }).click()
  await page.waitForURL(/\/register$/)
  await page.locator('input[name=username]').fill(second)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)

  await page.goto(`${site.url}/register`)
  await expect(page.locator('main')).not.toContainText('with the link we send')
  await page.goto(`${site.url}/register/email?sent`)
  await expect(page.locator('main')).toContainText(`@${second}:${site.domain}`)
  await expect(page.locator('main')).not.toContainText(email)
  await page.locator('main input[name=email]').first().fill(email)
  await submit(page).click()
  await page.waitForURL(/\/register\/email\?sent$/)
  await expect(page.locator('main')).toContainText(email)
})
