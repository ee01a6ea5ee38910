import { askDatabase } from '../support/site'
import { expect, expectFit, MODERATOR, signIn, test } from './fixtures'

const ANNA = '@anna:example.test'

test('who is asked in the room sees what to do and can cancel, and who is linked can remove that', async ({
  page,
  site,
}) => {
  const whose = 'where username = ?'
  const removed = page.getByText('Your Matrix ID was removed.')
  await askDatabase(
    site,
    `insert into matrix_id_claims (moderator_id, matrix_id, job, event_id, expires_at)
      select id, ?, 'job', '$event', ? from moderators ${whose}`,
    [ANNA, Date.now() + 600_000, MODERATOR.username],
  )
  await signIn(page, site)
  await page.goto(`${site.url}/admin/account`)
  await expect(page.getByText(`A message in the moderators’ room mentions ${ANNA}.`)).toBeVisible()
  await expectFit(page)
  await page.getByRole('link', { name: 'Check now' }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByText(ANNA)).toHaveCount(0)

  await askDatabase(site, `update moderators set matrix_id = ? ${whose}`, [ANNA, MODERATOR.username])
  await page.reload()
  await expect(page.getByText(`What ${ANNA} does in the moderators’ room`)).toBeVisible()
  await expectFit(page)
  await page.getByRole('button', { name: 'Remove Matrix ID' }).click()
  await expect(removed).toBeVisible()
  await expect(page.getByText(ANNA)).toHaveCount(0)

  await askDatabase(site, `update moderators set matrix_id = ? ${whose}`, [ANNA, MODERATOR.username])
  await page.goto(`${site.url}/admin/moderators`)
  const person = page.locator('.people li', { hasText: ANNA })
  await expect(person).toContainText(MODERATOR.username)
  await expectFit(page)
  await person.getByRole('button', { name: 'Remove Matrix ID' }).click()
  await expect(page.getByText(ANNA)).toHaveCount(0)
})
