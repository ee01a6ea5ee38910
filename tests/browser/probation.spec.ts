import {
  expect,
  expectAccessible,
  expectFit,
  newName,
  openDesk,
  requestAccount,
  signInToMatrix,
  test,
} from './fixtures'
import { askDatabase } from '../support/site'

test.use({
  settings: { moderation: { undo_seconds: 0, probation: true, probation_days: 3, probation_for_held: true } },
})

/** A moderator presses a button of the request. */
const press = (name: string) => ({ name, exact: true })

test('an account reads first, and writes when a moderator ends that', async ({ page, site, browser }) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await openDesk(browser, site, name)
  const { pathname } = new URL(desk.url())
  await expectFit(desk)
  await desk.getByRole('button', press('Approve, read-only for 3 days')).click()
  await desk.waitForURL(/done=/)
  const mail = await site.mail.next(email, 2)
  expect(mail.text).toMatch(/Until .+ you can sign in and read/)
  expect(await signInToMatrix(site.standIn?.url ?? '', name)).toBe('in')
  await page.goto(`${site.url}/register/status`)
  await expect(page.locator('main')).toContainText('you can sign in and read')
  await expect(page.locator('main')).not.toContainText('display name')
  await expectAccessible(page)

  await desk.goto(`${site.url}/admin?tab=probation`)
  await expect(desk.locator('.filters nav a[aria-current=page]')).toContainText('On probation')
  await expect(desk.locator('.rows li')).toHaveCount(1)
  await desk.goto(site.url + pathname)
  await expect(desk.locator('main')).toContainText('On probation: the owner can sign in and read')
  await expect(desk.getByRole('button', press('Deny and remove account'))).toBeVisible()
  await expectFit(desk)
  await desk.getByRole('button', press('End probation now')).click()
  await expect(desk.getByRole('button', press('End probation now'))).toHaveCount(0)
  expect((await site.mail.next(email, 3)).text).toContain('is a full account now')
  await page.goto(`${site.url}/register/status`)
  await expect(page.locator('main')).not.toContainText('you can sign in and read')
  await desk.goto(`${site.url}/admin?tab=probation`)
  await expect(desk.locator('main')).toContainText('No account is on probation.')
})

test('an account that is denied while it reads is removed, and its owner told so', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await openDesk(browser, site, name)
  const { pathname } = new URL(desk.url())
  await desk.setViewportSize({ width: 375, height: 553 })
  expect((await desk.locator('.act').boundingBox())?.height).toBeLessThanOrEqual(0.15 * 553)
  await desk.locator('.act summary').click()
  await desk.getByRole('button', press('Approve, read-only for 3 days')).click()
  await desk.waitForURL(/done=/)
  await site.mail.next(email, 2)
  await desk.goto(site.url + pathname)
  await desk.getByRole('button', press('Deny and remove account')).click()
  await desk.waitForURL(/done=/)
  expect((await site.mail.next(email, 3)).text).toContain('decided to remove your account')
  await expect.poll(() => signInToMatrix(site.standIn?.url ?? '', name)).toBe('M_FORBIDDEN')
  // The homeserver knows of it before it is recorded here, and without scripts a page stays as it was loaded.
  await expect(async () => {
    await page.goto(`${site.url}/register/status`)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Your account was closed')
  }).toPass()
  await expectAccessible(page)
})

test('of a request that a rule flags, reading first is the first choice, and approving at once stays one', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  await requestAccount(page, site, name)
  await askDatabase(
    site,
    "insert into rules (id, subject, form, value, effect, made_at) values (?, 'username', 'exact', ?, 'hold', 1)",
    [name, name],
  )
  await askDatabase(site, 'update registrations set held_by = ? where username = ?', [name, name])
  const desk = await openDesk(browser, site, name)
  await expectFit(desk)
  await expect(desk.getByRole('button', press('Approve'))).toBeVisible()
  await desk.setViewportSize({ width: 375, height: 553 })
  expect((await desk.locator('.act').boundingBox())?.height).toBeLessThanOrEqual(0.15 * 553)
  await desk.getByRole('button', press('Approve read-only')).click()
  await desk.waitForURL(/done=/)
  await desk.goto(`${site.url}/admin?tab=decided`)
  await desk.getByRole('link', { name, exact: true }).click()
  await expect(desk.locator('main')).toContainText('On probation: the owner can sign in and read')
})
