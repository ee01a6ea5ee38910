import type { Page } from '@playwright/test'
import { confirm, expect, giveAddress, linkIn, MODERATOR, newName, submit, test } from './fixtures'

/** What other hosts hear of a page when every link on it that leads to them is followed. */
async function heardElsewhere(page: Page, url: string) {
  const heard: { to: string; referer: string | undefined }[] = []
  const { origin } = new URL(url)
  await page.context().route(
    (asked) => asked.origin !== origin,
    async (route) => {
      const { referer } = await route.request().allHeaders()
      heard.push({ to: route.request().url(), referer })
      await route.fulfill({ status: 200, contentType: 'text/html', body: '<title>Elsewhere</title>' })
    },
  )
  await page.goto(url)
  const links = page.locator('a[href^="http"]')
  const count = await links.count()
  for (let index = 0; index < count; index++) {
    await page.goto(url)
    const link = links.nth(index)
    if (new URL((await link.getAttribute('href')) ?? '', url).origin === origin) continue
    await link.evaluate((element) => element.removeAttribute('target'))
    await link.click()
    await page.waitForURL((now) => now.origin !== origin)
    // Nor does a script there see it.
    expect(await page.evaluate(() => document.referrer)).toBe('')
  }
  await page.context().unrouteAll()
  return heard
}

test('no other host hears of the token in a link, whatever leads away from its page', async ({
  page,
  site,
}) => {
  const email = await giveAddress(page, site, newName())
  const verify = linkIn(await site.mail.next(email), '/register/verify/')
  const heard = await heardElsewhere(page, verify)
  expect(heard.length).toBeGreaterThan(0)
  for (const one of heard) expect(one).toEqual({ to: one.to, referer: undefined })
  // And the page's own form still tells that it comes from here: else it would be refused.
  await confirm(page, site, email)
})

test('nor of the token of a moderator who is invited', async ({ page, site }) => {
  const email = `${newName()}@mail.test`
  await page.goto(`${site.url}/admin/login`)
  await page.locator('input[name=username]').fill(MODERATOR.username)
  await page.locator('input[name=password]').fill(MODERATOR.password)
  await submit(page).click()
  await page.waitForURL(/\/admin$/)
  await page.goto(`${site.url}/admin/moderators`)
  const form = page.locator('form', { has: page.locator('input[name=email]') })
  await form.locator('input[name=email]').fill(email)
  await form.locator('button').click()
  const join = linkIn(await site.mail.next(email), '/admin/join/')
  await page.context().clearCookies()
  for (const one of await heardElsewhere(page, join)) expect(one.referer).toBeUndefined()
  await page.goto(join)
  await page.locator('input[name=username]').fill(newName())
  await page.locator('input[name=password]').fill('a fine new password')
  await submit(page).click()
  await page.waitForURL(/\/admin$/)
})
