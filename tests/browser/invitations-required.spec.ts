import { aDesk } from './at-the-desk'
import { confirm, expect, expectAccessible, newName, PASSWORD, REASON, submit, test } from './fixtures'

test.use({ settings: { registration: { invitations: 'required' } } })

test('without a code nothing goes on, and each page says what to do', async ({ page, site }) => {
  await page.goto(site.url)
  await expect(page.locator('main')).toContainText('by invitation only')
  await page.goto(`${site.url}/register`)
  await expectAccessible(page)
  await page.locator('input[name=username]').fill(newName())
  await submit(page).click()
  await expect(page.locator('input[name=invitation]')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.locator('main')).toContainText('Registration is by invitation only. Enter your code')
  await expectAccessible(page)
  await page.goto(`${site.url}/register/email`)
  await expect(page).toHaveURL(`${site.url}/register?lost`)
})

test('who loses the invitation on the way enters another where they stand', async ({
  page,
  site,
  browser,
}) => {
  const desk = await aDesk(browser, site)
  const name = newName()
  const codes: string[] = []
  for (const note of ['First', 'Second']) {
    await desk.goto(`${site.url}/admin/invitations`)
    await desk.locator('input[name=note]').fill(`${note} ${name}`)
    await desk.getByRole('button', { name: 'Create code' }).click()
    await desk.waitForURL(/made=/)
    await expect(desk.locator('li', { hasText: `${note} ${name}` })).toHaveCount(1)
    codes.push((await desk.locator('.notice .code').textContent()) ?? '')
  }
  const email = `${name}@mail.test`
  await page.goto(`${site.url}/register?code=${codes[0]?.trim()}`)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await page.locator('main input[name=email]').fill(email)
  await submit(page).click()
  await page.waitForURL(/sent/)
  await confirm(page, site, email)

  await desk
    .locator('li', { hasText: `First ${name}` })
    .getByRole('button', { name: /^End/ })
    .click()
  await expect(desk.locator('li', { hasText: `First ${name}` })).toHaveCount(0)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  const field = page.locator('input[name=invitation]')
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await expect(page.locator('textarea[name=reason]')).toHaveValue(REASON)
  await expectAccessible(page)
  await field.fill(codes[1]?.trim() ?? '')
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  await desk.context().close()
})
