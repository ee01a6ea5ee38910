import { expect, expectAccessible, newName, submit, test } from './fixtures'

test.use({ settings: { registration: { proof_of_work: 'on' } } })

/** Chosen a name, at the page that asks for the address. */
async function atAddress(page: Parameters<typeof submit>[0], url: string): Promise<string> {
  const name = newName()
  await page.goto(`${url}/register`)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  return `${name}@mail.test`
}
const worker = /proof-worker/

test('the solver is loaded when somebody is in the form, not before', async ({ page, site }) => {
  const asked: string[] = []
  page.on('request', (request) => void (worker.test(request.url()) && asked.push(request.url())))
  const email = await atAddress(page, site.url)
  await page.waitForLoadState('networkidle')
  expect(asked).toEqual([])
  await page.locator('main input[name=email]').focus()
  await expect.poll(() => asked.length).toBe(1)
  await expect(page.locator('main input[name=proof]')).toHaveValue(/"solution":\{"counter"/)
  await page.locator('main input[name=email]').fill(email)
  await submit(page).click()
  await page.waitForURL(/sent/)
  expect(asked).toHaveLength(1)
})

test('while it works, a quiet line says so and the button keeps the focus', async ({ page, site }) => {
  let go: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (go = resolve))
  await page.route(worker, async (route) => {
    await gate
    await route.continue()
  })
  const email = await atAddress(page, site.url)
  await page.locator('main input[name=email]').fill(email)
  await page.keyboard.press('Enter')
  const line = page.locator('main form [role=status]', { hasText: 'Checking that you are human' })
  await expect(line).toBeVisible()
  await submit(page).focus()
  await expect(submit(page)).toBeFocused()
  await expectAccessible(page)
  // One press sends once.
  await page.keyboard.press('Enter')
  go()
  await page.waitForURL(/sent/)
  await expect(site.mail.next(email)).resolves.toBeTruthy()
  await expect(site.mail.next(email, 1, 1_500)).rejects.toThrow('No mail')
})

test('where the solver cannot be loaded, the form goes without it', async ({ page, site }) => {
  await page.route(worker, (route) => route.abort())
  const email = await atAddress(page, site.url)
  await page.locator('main input[name=email]').fill(email)
  await submit(page).click()
  await page.waitForURL(/sent/)
  await site.mail.next(email)
})

test('a refused address comes back with work to do anew, and can be sent again', async ({ page, site }) => {
  const email = await atAddress(page, site.url)
  await page
    .locator('main form')
    .first()
    .evaluate((form) => form.setAttribute('novalidate', ''))
  await page.locator('main input[name=email]').fill('nobody')
  const first = await page.locator('main input[name=proof]').inputValue()
  await submit(page).click()
  await expect(page.locator('main input[name=email]')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.locator('main input[name=proof]')).not.toHaveValue(first)
  await page.locator('main input[name=email]').fill(email)
  await submit(page).click()
  await page.waitForURL(/sent/)
  // The same mail once more, from the next page's own form.
  await submit(page).click()
  await page.waitForURL(/sent=again/)
  await site.mail.next(email, 1)
})
