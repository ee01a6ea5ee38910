import { expect, expectFit, giveAddress, newName, PASSWORD, REASON, signIn, submit, test } from './fixtures'
import { startSite, type Site } from '../support/site'

/** Names under which the site is opened, and what its address is. */
const SITES: [string, (site: Site) => string, Record<string, unknown>][] = [
  ['another name', ({ url }) => url.replace('127.0.0.1', 'localhost'), {}],
  [
    'http, where the site has https',
    ({ url }) => url,
    { hosts: ['127.0.0.1', 'register.example.test'], site: { url: 'https://register.example.test' } },
  ],
]

for (const [title, urlOf, config] of SITES)
  test(`under ${title} one registers and signs in as anywhere`, async ({ page }) => {
    test.slow()
    const site = await startSite({ config: { hosts: ['127.0.0.1', 'localhost'], ...config } })
    try {
      const here = { ...site, url: urlOf(site) }
      const name = newName()
      const email = await giveAddress(page, here, name)
      const mail = await site.mail.next(email)
      const link = new URL(/https?:\/\/\S+\/register\/verify\/\S+/.exec(mail.text ?? '')?.[0] ?? '')
      await page.goto(here.url + link.pathname)
      await expect(page.locator('main')).toContainText(name)
      await submit(page).click()
      await page.waitForURL(`${here.url}/register/account`)
      await page.locator('input[name=password]').fill(PASSWORD)
      await page.locator('textarea[name=reason]').fill(REASON)
      await submit(page).click()
      await page.waitForURL(/\/register\/status/)
      await page.getByRole('button', { name: 'Dark' }).click()
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
      await signIn(page, here)
      await expect(page.getByRole('link', { name: new RegExp(name) }).first()).toBeVisible()
    } finally {
      await site.stop()
    }
  })

test('a form of another site is refused in words, with a link to the page', async ({ page, site }) => {
  const elsewhere = site.url.replace('127.0.0.1', 'localhost')
  await page.route(`${elsewhere}/attack`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${site.url}/register"><input name="username" value="planted"><button>Win</button></form>`,
    }),
  )
  await page.goto(`${elsewhere}/attack`)
  await page.getByRole('button', { name: 'Win' }).click()
  await expect(page.getByRole('heading', { name: 'This came from another website' })).toBeVisible()
  await expectFit(page)
  await page.getByRole('link', { name: 'Open the page here' }).click()
  await page.waitForURL(`${site.url}/register`)
  await expect(page.locator('input[name=username]')).toHaveValue('')
})
