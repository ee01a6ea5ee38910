import { expect, signIn, test } from './fixtures'

test('what is typed, ticked and chosen before the page’s script has begun stays', async ({ page, site }) => {
  await signIn(page, site)
  let release = () => {}
  const typed = new Promise<void>((done) => (release = done))
  await page.route('**/_app/**/*.js', async (route) => {
    await typed
    await route.continue()
  })
  const loaded = page.waitForResponse(/_app.*\.js/)
  await page.goto(`${site.url}/admin/rules/import`, { waitUntil: 'commit' })
  const list = page.getByLabel('List', { exact: true })
  await list.pressSequentially('early.example')
  await page.getByLabel('Reason (optional)').fill('A wave')
  await page.getByLabel('Flag').check()
  await page.getByLabel('Match').selectOption('network')
  release()
  await loaded
  await page.waitForLoadState('networkidle')
  await expect(list).toHaveValue('early.example')
  await expect(page.getByLabel('Reason (optional)')).toHaveValue('A wave')
  await expect(page.getByLabel('Flag')).toBeChecked()
  await expect(page.getByLabel('Block')).not.toBeChecked()
  await expect(page.getByLabel('Match')).toHaveValue('network')
  // And that is what is sent.
  await page.getByRole('button', { name: 'Preview import' }).click()
  await expect(page.getByText('That isn’t an IP address or network')).toBeVisible()
})
