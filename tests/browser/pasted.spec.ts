import { confirm, expect, expectAccessible, linkIn, newName, submit, test } from './fixtures'

test('a name and an address go through as they were copied, whatever nobody sees around them', async ({
  page,
  site,
}) => {
  const name = newName()
  const email = `${name}@mail.test`
  await page.goto(`${site.url}/register`)
  await expect(page.locator('#username-hint')).toHaveText('Letters a–z, numbers, and . _ -')
  await page.locator('input[name=username]').fill(`<https://matrix.to/#/@${name}:${site.domain}>\u200b`)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await expect(page.locator('main')).toContainText(`@${name}:${site.domain}`)
  await page.locator('input[name=email]').fill(`\u2066Anna <${email}>\u2069`)
  await submit(page).click()
  await page.waitForURL(/\/register\/email\?sent/)
  await expect(page.locator('main')).toContainText(email)
  expect(linkIn(await site.mail.next(email), '/register/verify/')).toContain('/register/verify/')

  await page.goto(`${site.url}/register/again`)
  await page.locator('input[name=email]').fill(`mailto:${email}`)
  await submit(page).click()
  await page.waitForURL(/\/register\/again\?sent/)
  await confirm(page, site, email)
})

test('what nobody sees within a name or an address is named with its place, and so is what a name cannot have', async ({
  page,
  site,
}) => {
  const field = page.locator('input[name=username]')
  const refused = async (typed: string, words: string) => {
    await field.fill(typed)
    await submit(page).click()
    await expect(page.locator('main .field-error').first()).toHaveText(words)
    await expect(field).toHaveAttribute('aria-invalid', 'true')
  }
  await page.goto(`${site.url}/register`)
  await refused(
    'riv\u200ber',
    'There is an invisible character after “riv”. Delete it, or type the username again.',
  )
  await expectAccessible(page)
  await refused('a/b', 'A username can only contain letters a–z, numbers and . _ - (no spaces, no accents).')
  await refused('..', 'A username can’t consist of symbols only. Add a letter.')

  await field.fill(newName())
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  const address = page.locator('input[name=email]')
  for (const [typed, words] of [
    [
      'an\u00adna@mail.test',
      'There is an invisible character after “an”. Delete it, or type the address again.',
    ],
    ['anna@mail.test, bert@mail.test', 'These are several email addresses. Enter just one.'],
  ] as const) {
    await address.fill(typed)
    await submit(page).click()
    await expect(page.locator('main .field-error')).toHaveText(words)
  }
  await expectAccessible(page)
})
