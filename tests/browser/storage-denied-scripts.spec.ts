import { expect, newName, test } from './fixtures'

test('pages whose storage is denied lose no other script', async ({ page, site }) => {
  await page.addInitScript(() => {
    for (const name of ['sessionStorage', 'localStorage', 'caches', 'indexedDB'])
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException('Access is denied for this document.', 'SecurityError')
        },
      })
  })
  const failures: string[] = []
  page.on('pageerror', (error) => void failures.push(error.message))
  await page.goto(`${site.url}/register`)
  await page.locator('input[name=username]').pressSequentially(newName())
  await expect(page.locator('#username-live')).toContainText('is available')
  await page.getByRole('button', { name: 'Deutsch' }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await page.goto(`${site.url}/admin/login`)
  await page.locator('main input[name=username]').fill('nobody')
  expect(failures).toEqual([])
})

test('a piece of script that fails is reported, and takes no other along', async ({ page, site }) => {
  const said: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && said.push(message.text())))
  await page.addInitScript(() => {
    const all = document.querySelectorAll.bind(document)
    document.querySelectorAll = (selectors: string) => {
      if (selectors.includes('data-new-password')) throw new Error('broken on purpose')
      return all(selectors)
    }
  })
  await page.goto(`${site.url}/register`)
  await page.locator('input[name=username]').pressSequentially(newName())
  await expect(page.locator('#username-live')).toContainText('is available')
  expect(said.join(' ')).toContain('showPassword')
})
