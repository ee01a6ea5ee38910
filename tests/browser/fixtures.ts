import { Agent } from 'node:http'
import { test as base, expect, type Browser, type Page } from '@playwright/test'
import AxeBuilder from '@axe-core/playwright'
import { askDatabase, linkIn, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

export { expect, linkIn, MODERATOR }
/** The operator's colour, as the configuration and as a browser write it. */
const ACCENT = '#8a2be2'
export const ACCENT_RGB = 'rgb(138, 43, 226)'
export const PASSWORD = 'seven quiet herons at dusk'
export const REASON = 'I know two people from the repair café who are on your server.'

/**
 * One running site for each worker; names and addresses differ, so that tests do not meet. `settings`: what a file of
 * tests wants in the configuration besides.
 */
export const test = base.extend<
  { closedAfterwards: undefined },
  { site: Site; settings: Record<string, unknown> }
>({
  settings: [{}, { scope: 'worker', option: true }],
  site: [
    async ({ settings }, use) => {
      const site = await startSite({
        config: {
          site: { accent: ACCENT },
          legal: [{ title: 'House rules', url: 'https://example.test/rules' }],
          ...settings,
        },
      })
      await use(site)
      await site.stop()
    },
    { scope: 'worker' },
  ],
  // Else every page of every test stays open until the last, loads itself again at each request, and the run gets slower
  // with each test.
  closedAfterwards: [
    async ({ browser }, use) => {
      await use(undefined)
      await Promise.all(browser.contexts().map((context) => context.close()))
    },
    { auto: true },
  ],
})

let count = 0
/** A name that no other test of this run has; its digit tells it from words of the program. */
export function newName(): string {
  return `person.${process.pid.toString(36)}.${++count}${Date.now().toString(36).slice(-4)}`
}

/** No accessibility fault that axe knows of. It runs as a script: where scripts are off, the same page is looked at by the other project. */
export async function expectAccessible(page: Page): Promise<void> {
  if (test.info().project.use.javaScriptEnabled === false) return
  // A colour counts once it is painted, in the scheme that was asked for, and not on its way there. A browser with too
  // much to do may paint nothing for as long as nobody looks: then it is judged as it is.
  await page.evaluate(async (longestMs) => {
    const painted = async () => {
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
      await Promise.allSettled(document.getAnimations().map(({ finished }) => finished))
    }
    await Promise.race([painted(), new Promise((resolve) => setTimeout(resolve, longestMs))])
  }, 5_000)
  const { violations } = await new AxeBuilder({ page })
    // No list of all that is right, and no page of its own to put the answers together.
    .options({ resultTypes: ['violations'] })
    .setLegacyMode()
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    // No script runs in there, and axe would wait for its own for ever.
    .exclude('iframe[sandbox]')
    .analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([])
}

/** No accessibility fault, light and dark, wide and narrow; and nothing is cut off at the side. Leaves the page light. */
export async function expectFit(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await expectAccessible(page)
  }
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 720 }
  await page.setViewportSize({ width: 390, height: 800 })
  const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  if (test.info().project.use.javaScriptEnabled !== false) expect(await page.evaluate(overflow)).toBe(0)
  await expectAccessible(page)
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme: 'light' })
}

/**
 * Until the scripts of the page answer presses: before, a press is one for the browser, which loads a whole page.
 * SvelteKit's router sets this property when it starts.
 */
export async function scriptsStarted(page: Page): Promise<void> {
  // The first alone stays as it was where the same page is loaded again.
  await page.waitForFunction(
    () => history.scrollRestoration === 'manual' && document.getElementById('svelte-announcer') !== null,
  )
}

/** The button that sends the step's own form. */
export const submit = (page: Page) =>
  page.locator('main form button[type=submit], main form button:not([type])').first()

/** From the name to the mail that asks whether the address is right. */
export async function giveAddress(
  page: Page,
  site: Site,
  name: string,
  email = `${name}@mail.test`,
): Promise<string> {
  await page.goto(`${site.url}/register`)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await page.locator('main input[name=email]').first().fill(email)
  await submit(page).click()
  await page.waitForURL(/sent/)
  return email
}

/** Follows the newest mail's link to confirm the address; `seen` mails came before it. */
export async function confirm(page: Page, site: Site, email: string, seen = 0): Promise<void> {
  await page.goto(linkIn(await site.mail.next(email, seen), '/register/verify/'))
  await submit(page).click()
  await page.waitForURL(/\/register\/account/)
}

/** From the name to the confirmed address, through the mail. */
export async function confirmAddress(page: Page, site: Site, name: string): Promise<string> {
  const email = await giveAddress(page, site, name)
  await confirm(page, site, email)
  return email
}

/** From the name to the request that waits, each page opened and each field typed in. */
export async function typeRequest(page: Page, site: Site, name: string): Promise<string> {
  const email = await confirmAddress(page, site, name)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  return email
}

type Visitor = ReturnType<typeof aVisitor>

/**
 * Does by plain requests what the page could do, with its language and its cookies, and opens it where that ends: what a
 * test needs before it begins, in a tenth of the time.
 */
async function openAfter(
  page: Page,
  { url }: Site,
  act: (visitor: Visitor) => Promise<{ path: string }>,
): Promise<void> {
  const context = page.context()
  const languages = await page.evaluate(() => navigator.languages.join(','))
  const visitor = aVisitor(url, new Agent(), { 'accept-language': languages })
  for (const { name, value } of await context.cookies(url)) visitor.cookies.set(name, value)
  const { path } = await act(visitor)
  await context.clearCookies()
  await context.addCookies(
    [...visitor.cookies].map(([name, value]) => ({
      name,
      value,
      url,
      httpOnly: true,
      sameSite: 'Lax' as const,
    })),
  )
  await page.goto(url + path)
}

/** From the name to the request that waits, without a browser. Answers the page that follows, and the address. */
export async function sendRequest(
  visitor: Visitor,
  site: Site,
  name: string,
  { email = `${name}@mail.test`, reason = REASON }: { email?: string; reason?: string } = {},
) {
  const address = await visitor.submit(await visitor.get('/register'), { username: name })
  await visitor.submit(address, { email })
  const link = new URL(linkIn(await site.mail.next(email), '/register/verify/')).pathname
  const account = await visitor.submit(await visitor.get(link), {})
  const sent = await visitor.submit(account, { password: PASSWORD, reason, legal: 'yes' })
  expect(sent.path).toMatch(/^\/register\/status/)
  return { ...sent, email }
}

/** A request of this name waits, and the page is where its applicant waits. Answers the address. */
export async function requestAccount(page: Page, site: Site, name: string): Promise<string> {
  let email = ''
  await openAfter(page, site, async (visitor) => {
    const sent = await sendRequest(visitor, site, name)
    email = sent.email
    return sent
  })
  return email
}

/** Puts the links that were sent to an address behind their time, as days of waiting would. */
export async function expireLinks(site: Site, email: string): Promise<void> {
  const { rowsAffected } = await askDatabase(
    site,
    `update tokens set expires_at = unixepoch() * 1000 - 60000 where purpose != 'applicant'
      and registration_id = (select id from registrations where email = ?)`,
    [email],
  )
  expect(rowsAffected).toBeGreaterThan(0)
}

/** The page is the moderator's, who has signed in. */
export async function signIn(page: Page, site: Site, { username, password } = MODERATOR): Promise<void> {
  await openAfter(page, site, async (visitor) => {
    const queue = await visitor.submit(await visitor.get('/admin/login'), { username, password })
    expect(queue.path).toMatch(/^\/admin(?!\/login)/)
    return queue
  })
}

/** A browser of its own, of the same kind as the test's, with a moderator who looks at the request of this name, and whose scripts answer. */
export async function openDesk(browser: Browser, site: Site, name: string, locale = 'en'): Promise<Page> {
  const { javaScriptEnabled = true } = test.info().project.use
  const context = await browser.newContext({ locale, javaScriptEnabled })
  const moderator = await context.newPage()
  await signIn(moderator, site)
  // Not by a press: on a wide screen the first request opens by itself meanwhile.
  const link = moderator.getByRole('link', { name: new RegExp(name) }).first()
  await moderator.goto(site.url + ((await link.getAttribute('href')) ?? ''))
  await expect(moderator.locator('h1')).toContainText(name)
  if (javaScriptEnabled) await scriptsStarted(moderator)
  return moderator
}

/** Whether an account can sign in at the homeserver: its error code, or `in`. */
export async function signInToMatrix(
  homeserver: string,
  username: string,
  password = PASSWORD,
): Promise<string> {
  const response = await fetch(`${homeserver}/_matrix/client/v3/login`, {
    method: 'POST',
    body: JSON.stringify({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: username },
      password,
    }),
  })
  const body: unknown = await response.json()
  return response.ok
    ? 'in'
    : typeof body === 'object' && body !== null && 'errcode' in body
      ? String(body.errcode)
      : 'failed'
}
