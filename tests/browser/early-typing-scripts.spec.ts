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
  await page.getByLabel('Hold').check()
  await page.getByLabel('Looks at').selectOption('network')
  release()
  await loaded
  await page.waitForLoadState('networkidle')
  await expect(list).toHaveValue('early.example')
  await expect(page.getByLabel('Reason (optional)')).toHaveValue('A wave')
  await expect(page.getByLabel('Hold')).toBeChecked()
  await expect(page.getByLabel('Block')).not.toBeChecked()
  await expect(page.getByLabel('Looks at')).toHaveValue('network')
  // And that is what is sent.
  await page.getByRole('button', { name: 'Show what would come of it' }).click()
  await expect(page.getByText('That is no address or network')).toBeVisible()
})
