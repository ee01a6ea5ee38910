import { confirmAddress, expect, newName, PASSWORD, submit, test } from './fixtures'

const FAMILY = '👨🏽‍👩🏽‍👧🏽‍👦🏽'

test('a reason is refused where nobody sees it, and taken with two thousand families', async ({
  page,
  site,
}) => {
  await confirmAddress(page, site, newName())
  const reason = page.locator('textarea[name=reason]')
  const send = async (words: string) => {
    await page.locator('input[name=password]').fill(PASSWORD)
    await reason.fill(words)
    await page.locator('input[name=legal]').check()
    await submit(page).click()
  }
  await send('\u3164\u2800\u00ad'.repeat(30))
  await expect(page.locator('#reason-error')).toContainText('this has 0')
  await send(FAMILY.repeat(2001))
  await expect(page.locator('#reason-error')).toContainText('it has 2001')
  await expect(reason).toHaveValue(FAMILY.repeat(2001))
  await send(FAMILY.repeat(2000))
  await page.waitForURL(/\/register\/status/)
  await expect(page.locator('main')).toContainText(FAMILY)
})
