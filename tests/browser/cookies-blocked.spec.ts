import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from '@playwright/test'
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.js'
import { expect, expectFit, linkIn, MODERATOR, newName, PASSWORD, REASON, submit, test } from './fixtures'

/** Chromium as somebody uses it who blocks all cookies in its settings: it denies pages their storage, too. */
async function withCookiesBlocked(use: (context: BrowserContext) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'no-cookies-'))
  await mkdir(join(folder, 'Default'))
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } }
  await writeFile(join(folder, 'Default/Preferences'), JSON.stringify(settings))
  const executablePath = chromiumPath()
  const { javaScriptEnabled = true } = test.info().project.use
  const context = await chromium.launchPersistentContext(folder, {
    args: CHROMIUM_ARGS,
    locale: 'en',
    javaScriptEnabled,
    reducedMotion: 'reduce',
    ...(executablePath === null ? {} : { executablePath }),
  })
  try {
    await use(context)
  } finally {
    await context.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const hasScripts = () => test.info().project.use.javaScriptEnabled !== false

function failuresOf(page: Page): string[] {
  const failures: string[] = []
  page.on('pageerror', (error) => void failures.push(error.message))
  return failures
}

test('with cookies blocked, an applicant gets from the name to the status, and every script works', async ({
  site,
}) => {
  await withCookiesBlocked(async (context) => {
    const page = await context.newPage()
    const failures = failuresOf(page)
    const name = newName()
    const email = `${name}@mail.test`
    await page.goto(`${site.url}/register`)
    if (hasScripts())
      expect(
        await page.evaluate(() => {
          try {
            return `kept ${sessionStorage.length} ${document.cookie}`
          } catch {
            return 'denied'
          }
        }),
      ).toBe('denied')
    await page.locator('input[name=username]').pressSequentially(name)
    if (hasScripts()) await expect(page.locator('#username-live')).toContainText('is available')
    await submit(page).click()
    await page.waitForURL(/\/register\/email/)
    await expect(page.locator('main')).toContainText(`@${name}:${site.domain}`)
    await page.locator('main input[name=email]').first().fill(email)
    await submit(page).click()
    await page.waitForURL(/sent/)
    await expect(page.locator('main')).toContainText(email)
    const link = linkIn(await site.mail.next(email), '/register/verify/')
    for (let time = 0; time < 2; time++) {
      await page.goto(link)
      await submit(page).click()
      await page.waitForURL(/\/register\/verify\/.*\?in/)
    }
    await expect(page.locator('main')).toContainText('This browser doesn’t keep cookies for this site')
    if (hasScripts()) await expect(page.getByRole('button', { name: 'Show' })).toBeVisible()
    await expectFit(page)
    await page.locator('textarea[name=reason]').fill(REASON)
    if (hasScripts()) await expect(page.locator('#reason-count')).toContainText('of 2000 characters')
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('input[name=legal]').check()
    await submit(page).click()
    await page.waitForURL(/\/register\/status\//)
    await expect(page.locator('main h1')).toHaveText('We received your request')
    expect(failures).toEqual([])
  })
})

test('with cookies blocked, the pages of the desk that need no sign-in work', async ({ site }) => {
  await withCookiesBlocked(async (context) => {
    const page = await context.newPage()
    const failures = failuresOf(page)
    await page.goto(`${site.url}/admin/login`)
    await page.locator('main input[name=username]').fill('nobody')
    await page.locator('main input[name=password]').fill('wrong')
    await submit(page).click()
    await expect(page.locator('main [role=alert]')).toContainText('Username or password is wrong')
    expect(failures).toEqual([])
  })
})

test('with cookies blocked, a moderator is told why the right password leads nowhere', async ({ site }) => {
  await withCookiesBlocked(async (context) => {
    const page = await context.newPage()
    await page.goto(`${site.url}/admin/rules`)
    await page.locator('main input[name=username]').fill(MODERATOR.username)
    await page.locator('main input[name=password]').fill(MODERATOR.password)
    await submit(page).click()
    await expect(page.getByText('Your browser didn’t stay signed in')).toBeVisible()
    await expectFit(page)
  })
})
