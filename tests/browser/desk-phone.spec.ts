import type { Browser, Locator, Page } from '@playwright/test'
import { askDatabase, type Site } from '../support/site'
import { aDesk, find, people, row } from './at-the-desk'
import { expect, expectAccessible, test } from './fixtures'

test.use({ settings: { moderation: { undo_seconds: 0 } } })

const box = async (of: Locator) => {
  const found = await of.boundingBox()
  if (found === null) throw new Error('It is not shown')
  return { ...found, end: found.y + found.height }
}
const message = (desk: Page) => desk.locator('.act summary')
const decide = (desk: Page, decision: 'approve' | 'deny') =>
  desk.locator(`button[name=decision][value=${decision}]`)

/** A small phone with the request of this name open. */
async function openOnPhone(browser: Browser, site: Site, name: string, locale = 'en'): Promise<Page> {
  const desk = await aDesk(browser, site, { locale, viewport: { width: 375, height: 553 } })
  await find(desk, site, name)
  await row(desk, name).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(name)
  return desk
}

/** At the end of the page, where the bar covers nothing: what lies half behind it would count as a target half as large. */
async function expectAllAccessible(desk: Page): Promise<void> {
  await desk.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
  await expectAccessible(desk)
  await desk.evaluate(() => window.scrollTo(0, 0))
}

for (const locale of ['en', 'de'] as const)
  test(`a phone leaves room to read (${locale})`, async ({ browser, site }) => {
    const [name = ''] = await people(site, 2)
    const desk = await openOnPhone(browser, site, name, locale)
    for (const [width, height] of [
      [375, 553],
      [320, 568],
    ] as const) {
      await desk.setViewportSize({ width, height })
      const bar = await box(desk.locator('.act'))
      expect(bar.height).toBeLessThanOrEqual(0.15 * height)
      expect(bar.end).toBeCloseTo(height, 0)
      const row = [decide(desk, 'approve'), decide(desk, 'deny'), message(desk)]
      const places = await Promise.all(row.map(box))
      expect(new Set(places.map(({ y }) => Math.round(y))).size).toBe(1)
      for (const place of places) expect(place.height).toBeGreaterThanOrEqual(44)
      expect((await box(desk.locator('header').first())).height).toBeLessThanOrEqual(60)
      // The name, what speaks against it, and the first lines of the reason.
      await expect(desk.locator('main .found')).toContainText(
        { en: 'same words', de: 'gleicher Text' }[locale],
      )
      expect((await box(desk.locator('main .found'))).end).toBeLessThan(bar.y)
      expect((await box(desk.locator('h1'))).end).toBeLessThan(bar.y)
      expect((await box(desk.locator('main .reason-given'))).y + 60).toBeLessThan(bar.y)
      await expectAllAccessible(desk)
    }
    // 400 % zoom: nothing covers what is read.
    await desk.setViewportSize({ width: 320, height: 256 })
    await expect(desk.locator('h1')).toBeInViewport()
    await expect(desk.locator('.act')).not.toBeInViewport()
    await decide(desk, 'deny').scrollIntoViewIfNeeded()
    await expect(decide(desk, 'deny')).toBeInViewport()
    await message(desk).click()
    await desk.locator('textarea[name=message]').fill('Not this time')
    await expect(desk.locator('textarea[name=message]')).toBeInViewport()
    await expectAccessible(desk)
    await desk.context().close()
  })

test('on a phone the message is a sheet above the buttons, which go on deciding', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await openOnPhone(browser, site, name)
  const words = desk.locator('textarea[name=message]')
  await expect(words).toBeHidden()
  await message(desk).click()
  await words.fill('Not this time')
  await desk.locator('select[name=category]').selectOption('wrong_server')
  await expect(decide(desk, 'deny')).toBeInViewport()
  await expectAccessible(desk)
  await desk.locator('button[name=preview][value=deny]').click()
  await expect(desk.locator('.preview')).toContainText('Not this time')
  const dialog = desk.getByRole('dialog')
  if (test.info().project.use.javaScriptEnabled !== false)
    await expect(dialog.frameLocator('iframe').locator('.sheet')).toContainText('Not this time')
  await expectAccessible(desk)
  expect((await box(dialog)).y).toBeGreaterThanOrEqual(0)
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(dialog).toBeHidden()
  expect((await box(desk.locator('.act .sheet'))).y).toBeGreaterThanOrEqual(0)
  await expect(decide(desk, 'deny')).toBeInViewport()
  await decide(desk, 'deny').click()
  expect((await site.mail.next(`${name}@mail.test`, 2)).text).toContain('Not this time')
  await desk.context().close()
})

test('what happened is folded and has its day once, and tasks that are done are no section', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await openOnPhone(browser, site, name)
  await expect(desk.getByRole('heading', { name: 'Background tasks' })).toHaveCount(0)
  const history = desk.locator('details', { hasText: 'History' })
  await expect(history.getByRole('heading')).toHaveCount(0)
  await history.locator('summary').click()
  await expect(history).toContainText('Task done: Email')
  await expect(history.getByRole('heading')).toHaveText([/2\d{3}/])
  await expectAllAccessible(desk)
  await desk.context().close()
})

test('the pages of the desk are in a menu on a phone, which closes behind one', async ({ browser, site }) => {
  const desk = await aDesk(browser, site, { viewport: { width: 320, height: 568 } })
  const rules = desk.getByRole('link', { name: 'Rules', exact: true })
  await expect(rules).toBeHidden()
  await desk.locator('header summary').click()
  await expectAccessible(desk)
  await rules.click()
  await expect(desk).toHaveURL(/\/admin\/rules/)
  await expect(rules).toBeHidden()
  await desk.locator('header summary').click()
  await desk.getByRole('button', { name: 'Sign out' }).click()
  await expect(desk).toHaveURL(/\/admin\/login/)
  await desk.context().close()
})

for (const locale of ['en', 'de', 'fr'] as const)
  test(`what to do about an unverified account stays on a phone (${locale})`, async ({ browser, site }) => {
    const [name = ''] = await people(site, 1)
    await askDatabase(site, `update accounts set state = 'doubtful' where localpart = ?`, [name])
    const desk = await aDesk(browser, site, { locale, viewport: { width: 375, height: 553 } })
    await desk.goto(`${site.url}/admin`)
    const verdicts = desk.locator('li', { hasText: name }).locator('button[name=verdict]')
    await expect(verdicts).toHaveCount(2)
    for (const width of [375, 320]) {
      await desk.setViewportSize({ width, height: 568 })
      for (const verdict of await verdicts.all()) {
        const place = await box(verdict)
        expect(place.x).toBeGreaterThanOrEqual(0)
        expect(place.x + place.width).toBeLessThanOrEqual(width)
      }
    }
    await expectAllAccessible(desk)
    await verdicts.last().click()
    await expect(verdicts).toHaveCount(0)
    await desk.context().close()
  })
