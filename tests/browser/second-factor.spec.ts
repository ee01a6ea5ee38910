import { readFile } from 'node:fs/promises'
import { Secret, TOTP } from 'otpauth'
import { expect, expectAccessible, MODERATOR, signIn, submit, test } from './fixtures'

test('an authenticator is set up, asked for at the next sign-in, and switched off', async ({
  page,
  site,
}) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/account`)
  await page.getByRole('button', { name: 'Set up' }).click()
  const secret = ((await page.locator('.key').textContent()) ?? '').replaceAll(' ', '')
  await expect(page.locator('img.qr')).toBeVisible()
  await expectAccessible(page)
  const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  await page.locator('input[name=code]').fill('000000')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await expect(page.locator('input[name=code]')).toHaveAttribute('aria-invalid', 'true')
  await page.locator('input[name=code]').fill(code())
  await page.getByRole('button', { name: 'Turn on' }).click()
  const codes = page.locator('.codes li')
  await expect(codes).toHaveCount(10)
  await expectAccessible(page)
  const recovery = (await codes.first().textContent()) ?? ''
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download codes' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('recovery-codes.txt')
  expect(await readFile(await download.path(), 'utf8')).toContain(
    `\n${(await codes.allTextContents()).join('\n')}\n`,
  )
  if (test.info().project.use.javaScriptEnabled !== false) {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy codes' }).click()
    await expect(page.locator('.sr-only[role=status]', { hasText: 'Copied' })).toHaveCount(1)
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied.split('\n')).toEqual(await codes.allTextContents())
  }
  await page.reload()
  await expect(codes).toHaveCount(0)

  await page.context().clearCookies()
  await page.goto(`${site.url}/admin/login`)
  await page.locator('main input[name=username]').fill(MODERATOR.username)
  await page.locator('main input[name=password]').fill(MODERATOR.password)
  await submit(page).click()
  await page.waitForURL(/\/admin\/login\/code/)
  await expectAccessible(page)
  await page.locator('input[name=code]').fill('000000')
  await submit(page).click()
  await expect(page.locator('input[name=code]')).toHaveAttribute('aria-invalid', 'true')
  await page.goto(`${site.url}/admin`)
  await page.waitForURL(/\/admin\/login\?/)
  await page.goto(`${site.url}/admin/login/code`)
  await page.locator('input[name=code]').fill(recovery)
  await submit(page).click()
  await page.waitForURL(/\/admin$/)

  await page.goto(`${site.url}/admin/account`)
  await page.locator('#factor-password').fill(MODERATOR.password)
  await page.getByRole('button', { name: 'Turn off' }).click()
  await expect(page.getByRole('button', { name: 'Set up' })).toBeVisible()
})

test('who needs a second factor and has none is led to set one up, and to nothing else', async ({
  page,
  site,
}) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/moderators`)
  await page.getByRole('button', { name: 'Require second factor', exact: true }).click()
  await page.waitForURL(/\/admin\/account/)
  await expect(page.getByText('A second factor is required here.')).toBeVisible()
  await expectAccessible(page)
  for (const path of ['/admin', '/admin/audit-log', '/admin/moderators', '/admin/rules']) {
    await page.goto(`${site.url}${path}`)
    await page.waitForURL(/\/admin\/account/)
  }
  await page.getByRole('button', { name: 'Set up' }).click()
  const secret = ((await page.locator('.key').textContent()) ?? '').replaceAll(' ', '')
  await page.locator('input[name=code]').fill(new TOTP({ secret: Secret.fromBase32(secret) }).generate())
  await page.getByRole('button', { name: 'Turn on' }).click()
  await expect(page.locator('.codes li')).toHaveCount(10)
  await page.goto(`${site.url}/admin/moderators`)
  await page.getByRole('button', { name: 'Stop requiring it' }).click()
  await expect(page.getByRole('button', { name: 'Require second factor', exact: true })).toBeVisible()
  await page.goto(`${site.url}/admin/account`)
  await page.locator('#factor-password').fill(MODERATOR.password)
  await page.getByRole('button', { name: 'Turn off' }).click()
  await expect(page.getByRole('button', { name: 'Set up' })).toBeVisible()
})
