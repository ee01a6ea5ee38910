import { apply } from './at-the-desk'
import { expect, expectFit, newName, openDesk, REASON, submit, test } from './fixtures'

test('from a request its domain is blocked, with whom it hits, and they are denied', async ({
  page,
  site,
  browser,
}) => {
  // Many pages are looked at here, each in both themes and widths.
  test.slow()
  const domain = `${newName()}.example`
  const [first, second, third, other] = [newName(), newName(), newName(), newName()]
  for (const name of [first, second, third]) await apply(site, name, { email: `${name}@${domain}` })
  await apply(site, other)

  const desk = await openDesk(browser, site, first)
  await expect(desk.locator('main')).toContainText('2 waiting')
  await expect(desk.getByText('written before')).toBeVisible()
  await expectFit(desk)
  await desk.getByText('Add a rule from this request').click()
  await desk.getByRole('link', { name: 'Domain and its subdomains' }).click()

  const boxes = desk.locator('input[name=deny]')
  await expect(boxes).toHaveCount(3)
  await expect(desk.locator('main')).not.toContainText(other)
  await expect(desk.locator('input[name=value]')).toHaveValue(domain)
  await expectFit(desk)

  await desk.locator('input[name=value]').fill('not a domain')
  await desk.getByRole('button', { name: 'Save rule' }).click()
  await expect(desk.getByRole('alert')).toContainText('That isn’t a domain')
  await desk.locator('input[name=value]').fill(`*.${domain.toUpperCase()}.`)
  await desk.locator('input[name=reason]').fill('A wave of the same words')
  await desk.getByRole('button', { name: 'Preview matches' }).click()
  await expect(boxes).toHaveCount(3)
  const box = (name: string) => desk.locator('li', { hasText: name }).locator('input[name=deny]')
  await box(third).uncheck()
  await desk.locator('input[name=effect][value=hold]').check()
  await desk.getByRole('button', { name: 'Save and deny selected' }).click()
  await expect(desk.getByRole('alert')).toContainText('preview the matches again')
  await expect(boxes).toHaveCount(0)
  await desk.locator('input[name=effect][value=block]').check()
  await desk.getByRole('button', { name: 'Preview matches' }).click()
  await expect(boxes).toHaveCount(3)
  await expect(box(second)).toBeChecked()
  await expect(box(third)).not.toBeChecked()
  await desk.getByRole('button', { name: 'Save and deny selected' }).click()
  await expect(desk.getByText('The rule is active.')).toBeVisible()
  await expect(desk.getByText('2 requests were denied.')).toBeVisible()
  await expectFit(desk)

  await page.goto(`${site.url}/register`)
  await page.locator('input[name=username]').fill(newName())
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await page.locator('main input[name=email]').first().fill(`late@sub.${domain}`)
  await submit(page).click()
  await expect(page.locator('main')).toContainText('We don’t accept email addresses from this provider')

  await desk.goto(`${site.url}/admin/rules`)
  const rule = desk.locator('.listed li', { hasText: domain })
  await expect(rule).toContainText('A wave of the same words')
  await expect(rule).toContainText('1 match')
  await desk.locator('input[name=value]').fill(`Somebody@${domain}`)
  await desk.getByRole('button', { name: 'Test' }).click()
  await expect(desk.getByText('It is blocked.')).toBeVisible()
  await expectFit(desk)
  await rule.getByRole('button', { name: 'End rule' }).click()
  await expect(desk.locator('li', { hasText: domain })).toHaveCount(0)
  await desk.context().close()
})

test('odd characters in a reason are shown, and turn nothing around', async ({ site, browser }) => {
  const name = newName()
  await apply(site, name, { reason: `${REASON}\n\u202Edlrow\u200B раypal` })
  const desk = await openDesk(browser, site, name)
  const reason = desk.locator('blockquote').first()
  await expect(reason).toContainText('U+202E')
  await expect(reason).toContainText('U+200B')
  expect(await reason.innerText()).not.toContain('\u202E')
  await expect(desk.locator('main dl').getByText('mixed alphabets')).toBeVisible()
  await expectFit(desk)
  await desk.context().close()
})
