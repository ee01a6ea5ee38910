import { expect, newName, submit, test } from './fixtures'

test.use({ settings: { registration: { username_characters: 'all' } } })

test('where all characters can stand in a name, the page says which, and takes them', async ({
  page,
  site,
}) => {
  const name = `${newName()}/a=b+c`
  await page.goto(`${site.url}/register`)
  await expect(page.locator('#username-hint')).toHaveText('Letters a–z, numbers, and . _ - = / +')
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await expect(page.locator('main')).toContainText(`@${name}:${site.domain}`)
})
