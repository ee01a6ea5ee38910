import { startSite } from '../support/site'
import { expect, expectAccessible, MODERATOR, signIn, submit, test as base } from './fixtures'

/** Browsers keep passkeys by name, and no address is one. */
const test = base.extend<object, { site: Awaited<ReturnType<typeof startSite>> }>({
  site: [
    async ({ settings: _ }, use) => {
      const site = await startSite({ hostname: 'localhost' })
      await use(site)
      await site.stop()
    },
    { scope: 'worker' },
  ],
})

test('a passkey is added, signs in by itself and as second step, and is removed', async ({ page, site }) => {
  test.slow()
  const client = await page.context().newCDPSession(page)
  await client.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  } as const
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', { options })
  const verified = (isUserVerified: boolean) =>
    client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
  const byPasskey = page.getByRole('button', { name: 'Sign in with a passkey' })

  await page.goto(`${site.url}/admin/login`)
  await byPasskey.click()
  await expect(page.getByText('your device has no passkey for this site')).toBeVisible()
  await expectAccessible(page)

  await signIn(page, site)
  await page.goto(`${site.url}/admin/account`)
  await page.locator('#passkey-name').fill('my phone')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await expect(page.locator('.codes li')).toHaveCount(10)
  await expect(page.getByText('my phone', { exact: true })).toBeVisible()
  await expectAccessible(page)
  const recovery = (await page.locator('.codes li').first().textContent()) ?? ''
  await page.locator('#passkey-name').fill('my phone again')
  await page.locator('#passkey-name').press('Enter')
  await expect(page.getByText('This device already has a passkey for your account.')).toBeVisible()
  await expect(page.locator('#passkey-name-error')).toHaveCount(0)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await expect(page.getByText('This device already has a passkey for your account.')).toBeVisible()

  await page.context().clearCookies()
  await page.goto(`${site.url}/admin/audit-log`)
  await page.waitForURL(/\/admin\/login\?next=/)
  await byPasskey.click()
  await page.waitForURL(/\/admin\/audit-log$/)
  await expect(page.getByText('moderator · Passkey added')).toBeVisible()

  await page.context().clearCookies()
  await page.goto(`${site.url}/admin/login`)
  await page.locator('main input[name=username]').fill(MODERATOR.username)
  await page.locator('main input[name=password]').fill(MODERATOR.password)
  await submit(page).click()
  await page.waitForURL(/\/admin\/login\/code/)
  await expectAccessible(page)
  await verified(false)
  await byPasskey.click()
  await expect(page.getByText('Canceled')).toBeVisible()
  await verified(true)
  await byPasskey.click()
  await page.waitForURL(/\/admin$/)

  await page.context().clearCookies()
  await page.goto(`${site.url}/admin/login`)
  await page.locator('main input[name=username]').fill(MODERATOR.username)
  await page.locator('main input[name=password]').fill(MODERATOR.password)
  await submit(page).click()
  await page.waitForURL(/\/admin\/login\/code/)
  await page.locator('input[name=code]').fill(recovery)
  await submit(page).click()
  await page.waitForURL(/\/admin$/)

  await page.goto(`${site.url}/admin/account`)
  await expect(page.getByText('Recovery codes left: 9')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Turn off' })).toHaveCount(0)
  const proof = page.locator('#factor-password')
  const renew = page.getByRole('button', { name: 'Create new recovery codes' })
  await proof.fill('not the password')
  await renew.click()
  await expect(proof).toHaveAttribute('aria-invalid', 'true')
  await expectAccessible(page)
  await proof.fill(MODERATOR.password)
  await renew.click()
  await expect(page.locator('.codes li')).toHaveCount(10)
  await expect(page.getByText('Recovery codes left: 10')).toBeVisible()
  await page.getByText('Remove', { exact: true }).click()
  const password = page.locator('details input[name=password]')
  await password.fill('not the password')
  await page.getByRole('button', { name: 'Remove passkey' }).click()
  await expect(password).toHaveAttribute('aria-invalid', 'true')
  await password.fill(MODERATOR.password)
  await page.getByRole('button', { name: 'Remove passkey' }).click()
  await expect(page.getByText('Passkey removed')).toBeVisible()
  await expect(page.getByText('my phone', { exact: true })).toBeHidden()
  await expect(renew).toHaveCount(0)

  await page.context().clearCookies()
  await page.goto(`${site.url}/admin/login`)
  await byPasskey.click()
  await expect(page.getByText('We don’t know this passkey')).toBeVisible()
})

test('under another name of the site, a link leads to the one that passkeys belong to', async ({
  page,
  site,
}) => {
  const elsewhere = site.url.replace('localhost', '127.0.0.1')
  await page.goto(`${elsewhere}/admin/login?next=%2Fadmin%2Faudit-log`)
  await expect(page.getByText(`Passkeys only work at ${new URL(site.url).host}.`)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Open this page there' }).click()
  await page.waitForURL(`${site.url}/admin/login?next=%2Fadmin%2Faudit-log`)
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeVisible()
})
