import { aDesk } from './at-the-desk'
import { expect, expectAccessible, expectFit, newName, signIn, test } from './fixtures'

test('two who change one canned reply at once lose nothing', async ({ browser, site }) => {
  const desks = [await aDesk(browser, site), await aDesk(browser, site)] as const
  const [one, other] = desks
  const title = newName()
  await one.goto(`${site.url}/admin/replies/new`)
  await one.locator('input[name=title]').fill(title)
  await one.locator('textarea[name=en]').fill('Welcome, {name}')
  await one.getByRole('button', { name: 'Save' }).click()
  await one.waitForURL(/\/admin\/replies$/)
  for (const desk of desks) {
    await desk.goto(`${site.url}/admin/replies`)
    await desk.locator('li', { hasText: title }).getByRole('link').first().click()
    await expect(desk.locator('input[name=title]')).toHaveValue(title)
  }
  await one.locator('textarea[name=en]').fill('Words of the first')
  await one.getByRole('button', { name: 'Save' }).click()
  await one.waitForURL(/\/admin\/replies$/)
  await other.locator('textarea[name=en]').fill('Words of the second')
  await other.getByRole('button', { name: 'Save' }).click()
  await expect(other.getByRole('alert')).toContainText('in the meantime')
  await expect(other.locator('textarea[name=en]')).toHaveValue('Words of the second')
  await expect(other.locator('main')).toContainText('Words of the first')
  await expectFit(other)
  // Now on purpose.
  await other.getByRole('button', { name: 'Save' }).click()
  await other.waitForURL(/\/admin\/replies$/)
})

test('what was typed for visitors outlives a session', async ({ browser, site }) => {
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin/intake`)
  await desk.locator('textarea[name=en]').fill('We are on holiday')
  await desk.context().clearCookies()
  await desk.getByRole('button', { name: 'Close registration' }).click()
  await desk.waitForURL(/\/admin\/login/)
  await expectAccessible(desk)
  if (test.info().project.use.javaScriptEnabled === false)
    return expect(desk.locator('main')).toContainText('We are on holiday')
  await signIn(desk, site)
  await desk.goto(`${site.url}/admin/intake`)
  await expect(desk.locator('textarea[name=en]')).toHaveValue('We are on holiday')
})
