import type { Page } from '@playwright/test'
import { allRoutes } from '../site/fuzz/targets'
import { expect, giveAddress, newName, scriptsStarted, signIn, test } from './fixtures'

const BEFORE_SIGN_IN = ['/', '/register', '/register/again', '/register/email', '/admin/login']
const DESK = allRoutes({ onlyPages: true }).filter(
  (route) => route.startsWith('/admin') && !/\[|\/login/.test(route),
)

/** Where everything is that can be pressed, by its place in the page and its words. */
const pressable = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }))
      .map((element) => {
        const { x, y } = element.getBoundingClientRect()
        return `${element.tagName} ${element.getAttribute('name') ?? element.textContent.trim()} at ${x.toFixed()}, ${y.toFixed()}`
      }),
  )

/** Opens a page whose scripts come late, and expects everything that could be pressed before where it was. */
async function expectStill(page: Page, address: string): Promise<void> {
  let release = () => {}
  const held = new Promise<void>((done) => (release = done))
  await page.route('**/_app/**/*.js', async (route) => {
    await held
    await route.continue()
  })
  await page.goto(address, { waitUntil: 'commit' })
  await page.waitForFunction(
    () =>
      document.readyState !== 'loading' &&
      [...document.styleSheets].length >= document.querySelectorAll('link[rel=stylesheet]').length,
  )
  await page.evaluate(() => document.fonts.ready)
  const before = await pressable(page)
  release()
  if (address.includes('/admin')) await scriptsStarted(page)
  await page.waitForLoadState('networkidle')
  const after = await pressable(page)
  expect(before.filter((place) => !after.includes(place))).toEqual([])
  await page.unroute('**/_app/**/*.js')
}

test('nothing that can be pressed moves when the scripts of the page begin', async ({ page, site }) => {
  await giveAddress(page, site, newName())
  for (const route of BEFORE_SIGN_IN)
    await test.step(route, () => expectStill(page, site.url + route), { box: true })
  await signIn(page, site)
  for (const route of DESK) await test.step(route, () => expectStill(page, site.url + route), { box: true })
})
