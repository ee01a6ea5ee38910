import {
  confirm,
  confirmAddress,
  expect,
  expectFit,
  giveAddress,
  newName,
  PASSWORD,
  REASON,
  requestAccount,
  submit,
  test,
} from './fixtures'

test('two people at one computer: the page of one does nothing for the other, and both get through', async ({
  page,
  site,
  context,
}) => {
  const [anna, bert] = [newName(), newName()]
  const words = `${REASON} Only moderators read that.`
  const email = await confirmAddress(page, site, anna)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(words)
  await page.locator('input[name=legal]').check()
  const other = await context.newPage()
  await confirmAddress(other, site, bert)

  await submit(page).click()
  await page.waitForURL(/shown=/)
  await expect(page.locator('main')).toContainText(
    `This browser now has the request for @${bert}, but the page you sent was for @${anna}. Nothing was done.`,
  )
  await expect(page.locator('main .facts')).toContainText(`@${bert}:`)
  await expect(page.locator('textarea[name=reason]')).toHaveValue('')
  await expect(page.locator('input[name=password]')).toHaveValue('')
  await expectFit(page)

  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  await expect(page.locator('main')).toContainText(`@${bert}:`)

  await confirm(other, site, email)
  await expect(other.locator('main .facts')).toContainText(`@${anna}:`)
  await expect(other.locator('textarea[name=reason]')).toHaveValue('')
})

test('who comes back is led to their registration, and may begin another one', async ({ page, site }) => {
  const name = newName()
  await giveAddress(page, site, name)
  await page.goto(site.url)
  await expect(page.locator('main')).toContainText(`@${name}:${site.domain}`)
  await expectFit(page)
  await page.goto(`${site.url}/register`)
  await expect(page.locator('main')).toContainText('Already confirmed it in another browser? Continue there.')
  await expect(page.locator('main')).not.toContainText('isn’t confirmed')
  await expectFit(page)
  await requestAccount(page, site, `${name}.b`)
  await page.goto(site.url)
  await expectFit(page)
  await page.getByRole('link', { name: 'See your request' }).click()
  await page.waitForURL(/\/register\/status/)
  await page.goto(`${site.url}/register`)
  await expectFit(page)
  if (test.info().project.use.javaScriptEnabled !== false) {
    await page.locator('input[name=username]').pressSequentially(`${name}.b`)
    await expect(page.locator('#username-live')).toContainText('You are already requesting this username')
  }
})
