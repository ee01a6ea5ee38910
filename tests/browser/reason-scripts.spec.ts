import { confirmAddress, expect, newName, openDesk, requestAccount, test } from './fixtures'

const FAMILY = '👩‍👩‍👧'

test('the counter counts what the server counts', async ({ page, site }) => {
  await confirmAddress(page, site, newName())
  const reason = page.locator('textarea[name=reason]')
  const count = page.locator('#reason-count')
  await expect(page.locator('#reason-hint')).toContainText('Japanese')
  for (const [typed, words] of [
    [FAMILY.repeat(29), '1 more character to go'],
    ['名'.repeat(14), '2 more characters to go'],
    ['名'.repeat(15), '15 of 2000 characters'],
    [`a${'\u3164\u2028'.repeat(30)}b`, '27 more characters to go'],
    [FAMILY.repeat(2000), '2000 of 2000 characters'],
    [FAMILY.repeat(2001), '1 character too many'],
  ] as const) {
    await reason.fill(typed)
    await expect(count).toHaveText(words)
  }
})

test('what a moderator writes is not cut in the middle of an emoji, and not sent while it is too long', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  await requestAccount(page, site, name)
  const moderator = await openDesk(browser, site, name)
  const note = moderator.locator('form[action*="note"] textarea')
  await note.fill(FAMILY.repeat(4000))
  expect(await note.inputValue()).toBe(FAMILY.repeat(4000))
  expect(await note.evaluate((field: HTMLTextAreaElement) => field.validationMessage)).toBe('')
  await note.fill(FAMILY.repeat(4001))
  expect(await note.evaluate((field: HTMLTextAreaElement) => field.validationMessage)).toContain('4001')
  await note.fill(FAMILY.repeat(4000))
  await moderator.locator('form[action*="note"] button').click()
  await expect(moderator.getByText(FAMILY.repeat(20)).first()).toBeVisible()
  await moderator.context().close()
})
