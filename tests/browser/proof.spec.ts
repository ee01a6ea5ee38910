import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createProofs, PROOF_MS } from '../../src/lib/server/intake/proof-of-work'
import { solved } from '../support/proof'
import { row } from './at-the-desk'
import {
  expect,
  expectAccessible,
  giveAddress,
  newName,
  openDesk,
  typeRequest,
  submit,
  test,
} from './fixtures'

test.use({ settings: { registration: { proof_of_work: 'on' }, trust_proxy: true } })

/** Chosen a name, at the page that asks for the address. */
async function atAddress(page: Parameters<typeof submit>[0], url: string, name = newName()): Promise<string> {
  await page.goto(`${url}/register`)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  return name
}

test('an applicant gets through; without JavaScript, moderators see why to look closer', async ({
  page,
  site,
  browser,
}) => {
  const scripts = test.info().project.use.javaScriptEnabled !== false
  const name = newName()
  await typeRequest(page, site, name)
  const moderator = await openDesk(browser, site, name)
  const words = moderator.getByText('bot check not passed').first()
  await (scripts ? expect(words).toHaveCount(0) : expect(words).toBeVisible())
  // Playwright types faster than people do.
  await expect(moderator.getByText('sent very fast').first()).toBeVisible()
  await expect(moderator.getByText('hidden field')).toHaveCount(0)
  await expectAccessible(moderator)

  await moderator.locator('.filters summary').click()
  for (const [marks, found] of [
    ['flagged', 1],
    ['not flagged', 0],
  ] as const) {
    await moderator.getByLabel('Flags').selectOption(marks)
    await moderator.getByRole('button', { name: 'Apply' }).click()
    await expect(moderator.locator('.set')).toContainText(marks)
    await expect(row(moderator, name)).toHaveCount(found)
  }
  await moderator.context().close()
})

test('keyboard and screen reader pass by the field that people do not see', async ({ page, site }) => {
  await atAddress(page, site.url)
  await expectAccessible(page)
  await page.locator('main input[name=email]').focus()
  await page.keyboard.press('Tab')
  await expect(submit(page)).toBeFocused()
  await expect(page.getByRole('textbox')).toHaveCount(1)
  const trap = page.locator('main input[name=topic]')
  expect(await trap.evaluate((field) => field.closest('[aria-hidden=true]') !== null)).toBe(true)
  const box = await trap.locator('xpath=ancestor::div[@aria-hidden][1]').boundingBox()
  expect((box?.width ?? 9) * (box?.height ?? 9)).toBeLessThanOrEqual(1)
})

test('many get on with JavaScript; without, only a few at a time, and the others are told what to do', async ({
  page,
  site,
}) => {
  const scripts = test.info().project.use.javaScriptEnabled !== false
  // A network of its own: without a proof, one begins from each.
  await page.setExtraHTTPHeaders({ 'x-forwarded-for': '198.51.100.7' })
  await giveAddress(page, site, newName())
  const name = await atAddress(page, site.url)
  expect(await page.content()).toContain('This also works without JavaScript')
  await page.locator('main input[name=email]').fill(`${name}@mail.test`)
  await submit(page).click()
  if (scripts) return page.waitForURL(/sent/)
  await expect(page.locator('main [role=alert]')).toContainText('Only a few people at a time')
  await expect(page.locator('main input[name=email]')).toHaveValue(`${name}@mail.test`)
})

test('a proof that is too old is told kindly: what was typed stays, and sending it again is enough', async ({
  page,
  site,
}) => {
  const scripts = test.info().project.use.javaScriptEnabled !== false
  await page.setExtraHTTPHeaders({ 'x-forwarded-for': '198.51.100.8' })
  const name = await atAddress(page, site.url)
  const address = page.locator('main input[name=email]')
  const proof = page.locator('main input[name=proof]')
  await address.fill(`${name}@mail.test`)
  if (scripts) await expect(proof).toHaveValue(/"solution"/)
  const secret = (await readFile(join(site.folder, 'secret_key'), 'utf8')).trim()
  const before = createProofs({ secret, clock: () => Date.now() - PROOF_MS - 1_000 })
  const old = await solved(await before.make('start', true))
  await proof.evaluate((field: HTMLInputElement, value) => (field.value = value), old)
  await submit(page).click()
  await expect(page.locator('main [role=alert]')).toContainText('has to be sent once more')
  await expect(address).toHaveValue(`${name}@mail.test`)
  await expect(proof).not.toHaveValue(old)
  // Whoever presses again at once is not too fast for that.
  await expect(proof).toHaveValue(/"begunAt"/)
  await expectAccessible(page)
  await submit(page).click()
  await page.waitForURL(/sent/)
})
