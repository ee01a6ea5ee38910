import type { Page } from '@playwright/test'
import { allRoutes } from '../site/fuzz/targets'
import { aDesk } from './at-the-desk'
import { confirmAddress, expect, expectFit, giveAddress, newName, requestAccount, test } from './fixtures'

const DESK = allRoutes({ onlyPages: true }).filter(
  (route) => route.startsWith('/admin') && !/\[|\/login/.test(route),
)
const PUBLIC = ['/', '/register', '/register/again', '/admin/login']

/** As a pseudo-locale does: each text gets accents, and is two fifths longer. */
const lengthen = (page: Page) =>
  page.evaluate(() => {
    const accents: Record<string, string> = { a: 'á', e: 'ë', i: 'î', o: 'õ', u: 'ü', n: 'ñ', c: 'ç' }
    const pseudo = (text: string) => {
      const more = Math.ceil(text.trim().length * 0.4)
      if (more === 0) return text
      return `${text.trimEnd().replace(/[aeiounc]/g, (letter) => accents[letter] ?? letter)} ${'ëxtrà '.repeat(more).slice(0, more).trim()}`
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const texts: Node[] = []
    while (walker.nextNode()) texts.push(walker.currentNode)
    for (const node of texts)
      if (node.parentElement?.closest('script, style, textarea, bdi, code, kbd, .matrix-id') === null)
        node.nodeValue = pseudo(node.nodeValue ?? '')
    for (const field of document.querySelectorAll('[placeholder]'))
      field.setAttribute('placeholder', pseudo(field.getAttribute('placeholder') ?? ''))
  })

/** What is cut off at a side: the page itself, or words in something that hides what does not fit. */
const cutOff = (page: Page) =>
  page.evaluate(() => {
    const isCut = (element: Element) =>
      element.scrollWidth > element.clientWidth + 1 &&
      getComputedStyle(element).overflowX === 'hidden' &&
      // Cut off on purpose, with a sign that it is, or for screen readers alone.
      getComputedStyle(element).textOverflow !== 'ellipsis' &&
      element.clientWidth > 1
    const { scrollWidth, clientWidth } = document.documentElement
    return [
      ...(scrollWidth > clientWidth ? [`the page, by ${scrollWidth - clientWidth}`] : []),
      ...[...document.querySelectorAll('body *')]
        .filter((element) => element.checkVisibility() && isCut(element))
        .map(({ tagName, className, textContent }) => `${tagName}.${className} ${textContent.slice(0, 40)}`),
    ]
  })

async function expectRoom(page: Page, address: string): Promise<void> {
  await page.goto(address)
  await page.waitForLoadState('networkidle')
  await lengthen(page)
  for (const width of [1440, 1024, 390, 320]) {
    await page.setViewportSize({ width, height: 800 })
    expect([width, await cutOff(page)]).toEqual([width, []])
  }
}

test('words that are two fifths longer have room on every page', async ({ page, browser, site }) => {
  test.slow()
  for (const path of PUBLIC)
    await test.step(path, () => expectRoom(page, `${site.url}${path}`), { box: true })
  await giveAddress(page, site, newName())
  await test.step('sent', () => expectRoom(page, page.url()), { box: true })
  await page.context().clearCookies()
  await confirmAddress(page, site, newName())
  await test.step('account', () => expectRoom(page, page.url()), { box: true })
  await page.context().clearCookies()
  const name = newName()
  await requestAccount(page, site, name)
  await test.step('status', () => expectRoom(page, page.url()), { box: true })
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin?q=${name}`)
  const request = await desk.getByRole('link', { name, exact: true }).getAttribute('href')
  for (const path of [request ?? '', ...DESK])
    await test.step(path, () => expectRoom(desk, `${site.url}${path}`), { box: true })
  await desk.context().close()
})

/** Latin words on the page that come from nowhere but the program: neither names, nor what somebody typed or set. */
const latinWords = (page: Page) =>
  page.evaluate(() => {
    const NAMES =
      /\b(Matrix|Element|Web|Desktop|Example|Community|Synapse|Cinny|FluffyChat|X|UTC|QR|HTML|JavaScript|JSON|CSV|Enter|Esc|Space|House rules|demo|moderator|config\.yaml|[\w-]+_[\w_]+|[\w.]+\.(?:test|org|io|example))\b/g
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found: string[] = []
    while (walker.nextNode()) {
      const { parentElement: place, nodeValue: text } = walker.currentNode
      if (
        place?.closest(
          'script, style, textarea, bdi, code, kbd, time, .matrix-id, [dir=auto], [lang]:not(html)',
        ) !== null
      )
        continue
      if (!place.checkVisibility()) continue
      const words = (text ?? '').replaceAll(NAMES, '').replace(/@?[\w.+-]*[@:\d][\w.:@+-]*/g, '')
      if (/[A-Za-z]{3,}/.test(words)) found.push(words.trim())
    }
    return found
  })

test('a page in Arabic is mirrored, says nothing in English, and is as accessible as any', async ({
  browser,
  site,
}) => {
  test.slow()
  const context = await browser.newContext({ locale: 'ar' })
  const page = await context.newPage()
  const expectArabic = async (address: string) => {
    await page.goto(address)
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
    expect(await latinWords(page)).toEqual([])
  }
  for (const path of PUBLIC) await test.step(path, () => expectArabic(`${site.url}${path}`), { box: true })
  await expectFit(page)
  const name = newName()
  await requestAccount(page, site, name)
  await test.step('status', () => expectArabic(page.url()), { box: true })
  await expectFit(page)
  const desk = await aDesk(browser, site, { locale: 'ar' })
  await desk.goto(`${site.url}/admin?q=${name}`)
  await desk.getByRole('link', { name, exact: true }).click()
  await expect(desk.locator('h1')).toContainText(name)
  expect(await latinWords(desk)).toEqual([])
  const [list, request] = [
    await desk.locator('.queue').boundingBox(),
    await desk.locator('.one').boundingBox(),
  ]
  expect(list?.x).toBeGreaterThan(request?.x ?? Infinity)
  await expectFit(desk)
  await desk.context().close()
  await context.close()
})
