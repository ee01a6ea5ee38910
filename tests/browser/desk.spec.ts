import { aDesk, find, people, row, startOf } from './at-the-desk'
import { expect, expectAccessible, test } from './fixtures'

// Long enough that a slow machine can take a decision back, and short enough to wait for.
test.use({ settings: { moderation: { undo_seconds: 8 } } })

test('the list and the open request stand beside each other, and the address of it all can be sent on', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await expectAccessible(desk)
  await desk.locator('input[type=search]').fill(name)
  await desk.keyboard.press('Enter')
  await desk.waitForURL(/q=/)
  await expect(desk.locator('.rows li')).toHaveCount(1)
  await row(desk, name).getByRole('link').click()
  await desk.waitForURL(/\/admin\/registrations\/.+q=/)
  await expect(desk.locator('.rows li')).toHaveCount(1)
  await expect(desk.locator('h1')).toContainText(name)
  await expectAccessible(desk)

  const colleague = await aDesk(browser, site)
  await colleague.goto(desk.url())
  await expect(colleague.locator('.rows li')).toHaveCount(1)
  await expect(colleague.locator('h1')).toContainText(name)
  await colleague.getByRole('link', { name: /remove/, exact: true }).click()
  await expect(colleague.locator('.rows li').nth(1)).toBeVisible()
})

test('a decision leads to the next request, and is taken back with one press', async ({ browser, site }) => {
  const [first = '', second = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  const start = startOf(first)
  await find(desk, site, start)
  await row(desk, first).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(first)
  await desk.locator('textarea[name=message]').fill('Not this time')
  await desk.locator('button[name=decision][value=deny]').click()
  await desk.waitForURL(/done=/)
  await expect(desk.locator('h1')).not.toContainText(first)
  const undo = desk.getByRole('button', { name: /Undo/ })
  await undo.click()
  await expect(desk.locator('h1')).toContainText(first)
  await expect(desk.locator('button[name=decision][value=deny]')).toBeVisible()
  await expect(desk.getByRole('status').filter({ hasText: 'The request is waiting again.' })).toBeVisible()
  await expect(desk.locator('main')).toContainText('Decision undone')
  expect(site.mail.mails.filter((mail) => JSON.stringify(mail.to).includes(first))).toHaveLength(2)
  expect(second).not.toBe('')
})

test('several are decided with one message, and each says what came of it', async ({ browser, site }) => {
  test.slow()
  const names = await people(site, 3)
  const start = startOf(names[0] ?? '')
  const [desk, colleague] = [await aDesk(browser, site), await aDesk(browser, site)]
  // The colleague's decision would show at once; what counts here is who is told late.
  await desk.route('**/admin/live**', (route) => route.abort())
  await desk.goto(`${site.url}/admin?q=${start}&sort=oldest`)
  for (const name of names) await row(desk, name).getByRole('checkbox').check()
  await expectAccessible(desk)
  await find(colleague, site, names[1] ?? '')
  await colleague.getByRole('link', { name: names[1] ?? '', exact: true }).click()
  await colleague.locator('button[name=decision][value=approve]').click()
  await colleague.waitForURL(/done=/)
  await desk.locator('textarea[name=several_message]').fill('We are full')
  await desk.locator('button[name=several][value=deny]').click()
  const outcome = desk.locator('.outcomes')
  await expect(outcome).toContainText('2 requests denied')
  await expect(outcome).toContainText('approved')
  await expect(outcome).toContainText('moderator')
  await expect(outcome.getByRole('link', { name: names[1] ?? '', exact: true })).toBeVisible()
  await expectAccessible(desk)
  for (const name of [names[0] ?? '', names[2] ?? '']) {
    const told = await site.mail.next(`${name}@mail.test`, 2, 20_000)
    expect(told.text).toContain('We are full')
  }
})

test('Enter in a box or in the denial reason decides nothing, and all that was ticked and typed stays', async ({
  browser,
  site,
}) => {
  const names = await people(site, 2)
  const desk = await aDesk(browser, site)
  await desk.route('**/admin/live**', (route) => route.abort())
  await desk.goto(`${site.url}/admin?q=${startOf(names[0] ?? '')}`)
  for (const name of names) await row(desk, name).getByRole('checkbox').check()
  await desk.locator('textarea[name=several_message]').fill('We are full')
  for (const place of ['input[name=item]', 'input[name=several_silent]', 'select[name=several_category]']) {
    await desk.locator(place).first().press('Enter')
    await desk.waitForLoadState()
    await expect(desk.locator('input[name=item]:checked')).toHaveCount(2)
    await expect(desk.locator('textarea[name=several_message]')).toHaveValue('We are full')
    await expect(desk.locator('.outcomes')).toHaveCount(0)
  }
  await expectAccessible(desk)
  await desk.reload()
  for (const name of names) await expect(row(desk, name).getByRole('checkbox')).toBeVisible()
})

test('a phone shows one thing at a time, with a way back and to the next', async ({ browser, site }) => {
  const names = await people(site, 2)
  const start = startOf(names[0] ?? '')
  const desk = await aDesk(browser, site, { viewport: { width: 390, height: 844 }, hasTouch: true })
  await desk.goto(`${site.url}/admin?q=${start}&sort=oldest`)
  await row(desk, names[0] ?? '')
    .getByRole('link')
    .tap()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await expect(desk.locator('.queue')).toBeHidden()
  await expect(desk.locator('button[name=decision][value=approve]')).toBeInViewport()
  const wider = await desk.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wider).toBeLessThanOrEqual(0)
  await expectAccessible(desk)
  await desk.getByRole('link', { name: 'Next' }).tap()
  await expect(desk.locator('h1')).toContainText(names[1] ?? '')
  await desk.getByRole('link', { name: 'Back to the queue' }).tap()
  await expect(desk.locator('.queue')).toBeVisible()
})
