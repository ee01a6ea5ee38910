import { aDesk, people, row, startOf } from './at-the-desk'
import { expect, newName, scriptsStarted, submit, test } from './fixtures'
import type { Page } from '@playwright/test'
import type { Site } from '../support/site'

/** Types a name whose check is answered only when `answer` is called; `place` is where the button stood before. */
async function typeName(page: Page, site: Site, name: string) {
  let answer = () => {}
  const held = new Promise<void>((resolve) => (answer = resolve))
  await page.route('**/trpc/registration.checkUsername**', async (route) => {
    await held
    await route.continue()
  })
  await page.goto(`${site.url}/register`)
  const place = await submit(page).boundingBox()
  const asked = page.waitForRequest(/checkUsername/)
  await page.locator('input[name=username]').fill(name)
  await asked
  return { answer, place }
}

test('a press that begins before an answer appears, and ends after it, counts', async ({ page, site }) => {
  await page.setViewportSize({ width: 320, height: 700 })
  const { answer } = await typeName(page, site, newName())
  const button = submit(page)
  const { x, y, width } = (await button.boundingBox()) ?? { x: 0, y: 0, width: 0 }
  // So high that the button moves away under it, should anything be put in above.
  await page.mouse.move(x + width / 2, y + 2)
  await page.mouse.down()
  const answered = page.waitForResponse(/checkUsername/)
  answer()
  await (await answered).finished()
  await page.waitForTimeout(300)
  await page.mouse.up()
  await page.waitForURL(/\/register\/email/)
})

test('what tells that a name is free moves nothing', async ({ page, site }) => {
  const { answer, place } = await typeName(page, site, 'short')
  answer()
  await expect(page.locator('#username-live')).toContainText('is available')
  expect(await submit(page).boundingBox()).toEqual(place)
})

test('a press in the list of requests counts, though another request appears above it meanwhile', async ({
  browser,
  site,
}) => {
  const [first = '', second = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin?sort=newest&q=${startOf(first)}`)
  await scriptsStarted(desk)
  await expect(desk.locator('h1')).toContainText(second)
  const link = row(desk, first).getByRole('link')
  await link.hover()
  await desk.mouse.down()
  const told = desk.waitForRequest(/__data\.json/, { timeout: 5_000 }).catch(() => null)
  await people(site, 1)
  expect(await told).toBeNull()
  await desk.mouse.up()
  await expect(desk.locator('h1')).toContainText(first)
})
