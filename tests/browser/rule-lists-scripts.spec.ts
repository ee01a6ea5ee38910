import type { Locator } from '@playwright/test'
import { expect, scriptsStarted, signIn, test } from './fixtures'

/** As a browser pastes it: all of it at once, where `fill` would type line by line. */
const paste = (field: Locator, text: string) =>
  field.evaluate((area: HTMLTextAreaElement, pasted) => {
    area.value = pasted
    area.dispatchEvent(new InputEvent('input', { bubbles: true }))
  }, text)

test('a list that is larger than a form can be is not sent, and so not lost', async ({ page, site }) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/rules/import`)
  await scriptsStarted(page)
  const list = page.getByLabel('List', { exact: true })
  const text = Array.from({ length: 9_000 }, (_, index) => `spam${index}.a-rather-long-one.example`).join(
    '\n',
  )
  let posts = 0
  page.on('request', (request) => (posts += request.method() === 'POST' ? 1 : 0))
  await paste(list, text)
  const look = page.getByRole('button', { name: 'Preview import' })
  await look.click()
  await expect(list).toBeFocused()
  expect(await list.evaluate((field: HTMLTextAreaElement) => field.validationMessage)).toContain('256 kB')
  expect(posts).toBe(0)
  await expect(list).toHaveValue(text)

  // As much as may be sent is taken.
  await paste(list, text.split('\n').slice(0, 5_000).join('\n'))
  await look.click()
  await expect(page.getByText('5000 rules to add')).toBeVisible()
})

test('by keyboard alone a list is looked at and added', async ({ page, site }) => {
  await signIn(page, site)
  await page.goto(`${site.url}/admin/rules/import`)
  await scriptsStarted(page)
  await page.getByLabel('List', { exact: true }).focus()
  await page.keyboard.insertText('keys.example')
  const look = page.getByRole('button', { name: 'Preview import' })
  for (
    let presses = 0;
    presses < 12 && !(await look.evaluate((one) => one === document.activeElement));
    presses++
  )
    await page.keyboard.press('Tab')
  // The rest of the page is still asked for when the answer to the press stands there.
  let release = () => {}
  const pressed = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/__data.json**', async (route) => {
    await pressed
    await route.continue()
  })
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Import preview' })).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Add 1 rule' })).toBeFocused()
  await page.keyboard.press('Enter')
  release()
  await expect(page.getByRole('status')).toBeFocused()
  await expect(page.getByRole('status')).toContainText('1 rule was added')
})
