import type { Page } from '@playwright/test'
import { askDatabase, type Site } from '../support/site'
import { aDesk, people, row, startOf } from './at-the-desk'
import { expect, expectAccessible, scriptsStarted, test } from './fixtures'

test.use({ settings: { moderation: { undo_seconds: 600 } } })

const DECISIONS = '**/trpc/moderation.decideMany**'

const states = async (site: Site, names: string[]): Promise<string[]> => {
  const sql = 'select username, state from registrations where username like ?'
  const { rows } = await askDatabase(site, sql, [`${startOf(names[0] ?? '')}.%`])
  return names.map((name) => String(rows.find(({ username }) => username === name)?.['state']))
}

/** A list where these are ticked, and a message to them is typed. */
async function ticked(desk: Page, site: Site, names: string[], list = ''): Promise<void> {
  await desk.route('**/admin/live**', (route) => route.abort())
  await desk.goto(`${site.url}/admin?q=${startOf(names[0] ?? '')}${list}`)
  await scriptsStarted(desk)
  for (const name of names)
    await desk
      .locator('.rows li')
      .filter({ has: desk.getByRole('link', { name, exact: true }) })
      .getByRole('checkbox')
      .check()
  await desk.locator('textarea[name=several_message]').fill('We are full')
}

test('an answer that gets lost is not taken for nothing decided: what was typed stays, and all of it can be undone', async ({
  browser,
  site,
}) => {
  test.slow()
  const names = await people(site, 12)
  const desk = await aDesk(browser, site)
  await ticked(desk, site, names, '&sort=oldest')
  let calls = 0
  await desk.route(DECISIONS, async (route) => {
    if (++calls < 2) return route.continue()
    await route.fetch()
    await route.abort()
  })
  await desk.locator('button[name=several][value=deny]').click()
  const outcome = desk.locator('.outcomes')
  await expect(outcome).toContainText('10 requests denied')
  await expect(outcome).toContainText('2 more requests may or may not be decided')
  await expect(outcome).toContainText('Everything else is still undecided')
  await expect(desk.locator('textarea[name=several_message]')).toHaveValue('We are full')
  await expectAccessible(desk)
  expect(await states(site, names)).toEqual(names.map(() => 'denied'))
  await outcome.getByRole('button', { name: 'Undo all' }).click()
  await expect(desk.locator('.after')).toContainText('Decisions undone: 12 of 12')
  expect(await states(site, names)).toEqual(names.map(() => 'requested'))
})

test('a connection that breaks leaves the page as it is, with message and ticks', async ({
  browser,
  site,
}) => {
  const names = await people(site, 2)
  const desk = await aDesk(browser, site)
  await ticked(desk, site, names)
  await desk.context().setOffline(true)
  await desk.locator('button[name=several][value=deny]').click()
  const outcome = desk.locator('.outcomes')
  await expect(outcome).toContainText('0 requests denied')
  await expect(outcome).toContainText('2 more requests may or may not be decided')
  await expect(desk.locator('textarea[name=several_message]')).toHaveValue('We are full')
  await expect(desk.locator('input[name=item]:checked')).toHaveCount(2)
  expect(await states(site, names)).toEqual(['requested', 'requested'])

  // What was never decided counts neither as undone nor as left.
  await desk.context().setOffline(false)
  await outcome.getByRole('button', { name: 'Undo all' }).click()
  await expect(desk.locator('.after')).toContainText('Decisions undone: 0 of 0')
})

test('a refusal says why, and keeps what was typed: a session that ended, a denial reason that is gone', async ({
  browser,
  site,
}) => {
  const names = await people(site, 1)
  const desk = await aDesk(browser, site)
  await ticked(desk, site, names)
  await desk.locator('select[name=several_category] option').evaluateAll((options) => {
    for (const option of options)
      if (option instanceof HTMLOptionElement && option.value !== '') option.value = 'gone'
  })
  await desk.locator('select[name=several_category]').selectOption({ index: 1 })
  const outcome = desk.locator('.outcomes')
  await desk.locator('button[name=several][value=deny]').click()
  await expect(outcome).toContainText('denial reason')
  await expect(outcome).not.toContainText('connection')
  await expect(outcome.getByRole('button', { name: 'Undo all' })).toHaveCount(0)
  await expect(desk.locator('textarea[name=several_message]')).toHaveValue('We are full')
  // The list is up to date.
  await expect(desk.locator('.after')).toBeFocused()

  await desk.context().clearCookies()
  await desk.locator('button[name=several][value=deny]').click()
  await expect(outcome).toContainText('You aren’t signed in')
  await expect(desk.locator('textarea[name=several_message]')).toHaveValue('We are full')
  await expect(row(desk, names[0] ?? '').getByRole('checkbox')).toBeChecked()
  expect(await states(site, names)).toEqual(['requested'])
})

test('undoing them all is there to be pressed again after a lost connection or a refusal, and says why', async ({
  browser,
  site,
}) => {
  const [open = '', ...names] = await people(site, 3)
  const desk = await aDesk(browser, site)
  await ticked(desk, site, names)
  await row(desk, open).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(open)
  await desk.locator('button[name=several][value=deny]').click()
  const outcome = desk.locator('.outcomes')
  await expect(outcome).toContainText('2 requests denied')
  // The list is up to date.
  await expect(desk.locator('.after')).toBeFocused()
  const undo = outcome.getByRole('button', { name: 'Undo all' })

  await desk.context().setOffline(true)
  await undo.click()
  await expect(outcome.getByRole('alert')).toContainText('Check your connection')
  await expect(outcome.getByRole('alert')).toBeFocused()
  await expectAccessible(desk)
  await desk.context().setOffline(false)

  const data = JSON.stringify([{ problem: 1 }, 'Not now'])
  const refusal = { type: 'failure', status: 503, data }
  await desk.route('**/admin?/undoSeveral', (route) => route.fulfill({ json: refusal }))
  await undo.click()
  await expect(outcome.getByRole('alert')).toHaveText('Not now')
  await expect(desk.locator('h1')).toContainText(open)
  await desk.unroute('**/admin?/undoSeveral')

  await undo.click()
  await expect(desk.locator('.after')).toContainText('Decisions undone: 2 of 2')
  await expect(desk.locator('.after')).toBeFocused()
  expect(await states(site, names)).toEqual(['requested', 'requested'])
})

test('clearing the selection keeps what was typed for another one', async ({ browser, site }) => {
  const names = await people(site, 2)
  const desk = await aDesk(browser, site)
  await ticked(desk, site, names)
  await desk.locator('select[name=several_category]').selectOption('spam')
  await desk.locator('input[name=several_silent]').check()
  const several = desk.getByRole('group', { name: 'Decide on the selection' })
  await several.getByRole('button', { name: 'Clear selection' }).click()
  await expect(desk.locator('input[name=item]:checked')).toHaveCount(0)
  await expect(several).toBeHidden()
  const kept = async () => {
    await row(desk, names[0] ?? '')
      .getByRole('checkbox')
      .check()
    await expect(several.getByRole('button', { name: 'Deny 1', exact: true })).toBeVisible()
    await expect(desk.locator('textarea[name=several_message]')).toHaveValue('We are full')
    await expect(desk.locator('select[name=several_category]')).toHaveValue('spam')
    await expect(desk.locator('input[name=several_silent]')).toBeChecked()
  }
  await kept()
  await desk.reload()
  await scriptsStarted(desk)
  await kept()
})
