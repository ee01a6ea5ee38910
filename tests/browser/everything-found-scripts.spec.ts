import { askDatabase, type Site } from '../support/site'
import { aDesk, people, row } from './at-the-desk'
import { expect, expectFit, scriptsStarted, test } from './fixtures'

test.use({ settings: { moderation: { undo_seconds: 0 } } })

/** So many more wait, with names that begin as this one does. */
async function alike(site: Site, name: string, more: number): Promise<void> {
  const columns = `version, state, language, client_address, reason, silent, started_at, state_since, exchange,
    domain, network, address_key`
  await askDatabase(
    site,
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
      insert into registrations (id, seq, username, holds_name, name_key, email, ${columns})
      select 'more-' || i, 100000 + i, username || '.' || i, 0, name_key, i || email, ${columns} from n, registrations where username = ?`,
    [more, name],
  )
}

const states = async (site: Site, like: string): Promise<Record<string, number>> => {
  const sql = 'select state, count(*) as count from registrations where username like ? group by state'
  const { rows } = await askDatabase(site, sql, [`${like}%`])
  return Object.fromEntries(rows.map(({ state, count }) => [String(state), Number(count)]))
}

test('everything that a list finds is counted first, with what nobody sees on this page, and who comes later is not among it', async ({
  browser,
  site,
}) => {
  test.slow()
  const [wave = '', other = ''] = await people(site, 2)
  await alike(site, wave, 59)
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin?q=${wave}`)
  await scriptsStarted(desk)
  await expect(desk.locator('.rows li')).toHaveCount(50)
  await row(desk, `${wave}.7`).first().getByRole('checkbox').check()
  await desk.getByLabel('Select all matching requests').check()
  await desk.getByRole('button', { name: 'Deny', exact: true }).click()
  const several = desk.getByRole('group', { name: 'Decide on the selection' })
  await expect(several).toContainText('60 requests match.')
  await expect(several).toContainText('10 of them are on other pages')
  await expect(several.getByRole('status')).toBeFocused()
  await expectFit(desk)
  expect(await states(site, wave)).toEqual({ requested: 60 })

  await several.getByRole('button', { name: 'Cancel' }).click()
  await expect(several).not.toContainText('requests match')
  await several.getByRole('button', { name: 'Deny', exact: true }).click()
  await expect(several).toContainText('60 requests match.')

  // One who comes after it was counted.
  await askDatabase(site, `update registrations set username = ? || '.late' where username = ?`, [
    wave,
    other,
  ])
  await several.getByRole('button', { name: 'Deny 60' }).click()
  await expect(desk.locator('.outcomes')).toContainText('60 requests denied')
  await expect(desk.locator('.outcomes')).toBeInViewport({ ratio: 1 })
  await expect(desk.locator('.after')).toBeFocused()
  expect(await states(site, wave)).toEqual({ denied: 60, requested: 1 })
  await expect(row(desk, `${wave}.late`)).toBeVisible()
})

test('it counts for the list it was ticked on, and not for the next one', async ({ browser, site }) => {
  const [one = '', other = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin`)
  await scriptsStarted(desk)
  await row(desk, one).getByRole('checkbox').check()
  await desk.getByLabel('Select all matching requests').check()
  await desk.locator('input[type=search]').fill(other)
  await desk.keyboard.press('Enter')
  await expect(row(desk, one)).toBeHidden()
  await row(desk, other).getByRole('checkbox').check()
  await expect(desk.getByLabel('Select all matching requests')).not.toBeChecked()
  await desk.getByRole('button', { name: 'Deny 1', exact: true }).click()
  await expect(desk.locator('.outcomes')).toContainText('1 request denied')
  expect(await states(site, one)).toEqual({ requested: 1 })
})

test('a connection that breaks while it is counted decides nothing, and is told', async ({
  browser,
  site,
}) => {
  const [one = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin?q=${one}`)
  await scriptsStarted(desk)
  await row(desk, one).getByRole('checkbox').check()
  await desk.getByLabel('Select all matching requests').check()
  await desk.route('**/trpc/moderation.queue**', (route) => route.abort())
  await desk.getByRole('button', { name: 'Deny', exact: true }).click()
  await expect(desk.locator('.outcomes')).toContainText('0 requests denied')
  await expect(desk.locator('.outcomes')).toContainText('The connection was lost')
  expect(await states(site, one)).toEqual({ requested: 1 })
})
