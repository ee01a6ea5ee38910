import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expect, expectFit, newName, requestAccount, signIn, test } from './fixtures'

const look = (page: Page) => page.getByRole('button', { name: 'Preview import' })
const heading = (page: Page) => page.getByRole('heading', { name: 'Import preview' })

test('a list is pasted, looked at, mended and added; its rules are found, tried and ended', async ({
  page,
  site,
}) => {
  const name = newName()
  const domain = `${name}.example`
  await requestAccount(page, site, name)
  await signIn(page, site)
  await page.goto(`${site.url}/admin/rules`)
  await page.getByRole('link', { name: 'Import rules' }).click()
  await expectFit(page)

  await look(page).click()
  await expect(page.getByText('The list is empty. Add at least one value.')).toBeVisible()
  await expect(page.getByLabel('List', { exact: true })).toBeFocused()
  await expectFit(page)

  const list = page.getByLabel('List', { exact: true })
  await list.fill(
    `\n\n# Casinos\n${domain}\n*.${domain}\nnot a domain \u202E\ngmail.com\n${'long-'.repeat(40)}x`,
  )
  await page.getByLabel('Flag').check()
  await page.getByLabel('one month').check()
  await page.getByLabel('Reason (optional)').fill('From a neighbour')
  await look(page).click()
  await expect(heading(page)).toBeFocused()
  const preview = page.getByRole('region', { name: 'Import preview' })
  await expect(preview).toContainText('2 rules to add')
  await expect(preview).toContainText('1 line is a duplicate')
  await expect(preview).toContainText('1 comment is skipped')
  await expect(preview.getByText('2 lines can’t be read')).toBeVisible()
  await expect(preview).toContainText('Line 4')
  await expect(preview).toContainText('U+202E')
  await expect(preview).toContainText('A great many people have an address there.')
  // What was typed stays, line for line.
  await expect(list).toHaveValue(/^# Casinos\n/)
  await expect(page.getByLabel('Flag')).toBeChecked()
  await expect(page.getByLabel('Reason (optional)')).toHaveValue('From a neighbour')
  await expectFit(page)

  await list.fill(domain)
  await page.getByRole('button', { name: 'Add 2 rules' }).click()
  await expect(page.getByRole('alert')).toContainText('changed since the preview')
  await expect(page.getByRole('alert')).toBeFocused()
  await expectFit(page)
  await page.getByRole('button', { name: 'Add 1 rule', exact: true }).click()
  await expect(page.getByRole('status')).toContainText('1 rule was added and is active.')
  await expectFit(page)

  await page.getByRole('main').getByRole('link', { name: 'Back to the rules' }).last().click()
  await page.getByLabel('Words in the value or reason').fill(name)
  await page.getByLabel('Match').selectOption('domain')
  await page.getByRole('search').getByLabel('Action').selectOption('hold')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await expect(page).toHaveURL(/kind=domain/)
  await expect(page.getByText('1 rule', { exact: true })).toBeVisible()
  await expect(page.locator('.listed li')).toContainText(['From a neighbour'])
  await expectFit(page)

  await page.getByLabel('Email address, domain, IP address or username').fill(`somebody@sub.${domain}`)
  await page.getByRole('button', { name: 'Test' }).click()
  await expect(page.getByText('It is allowed and flagged.')).toBeVisible()
  await expect(page.getByLabel('Words in the value or reason')).toHaveValue(name)
  await expectFit(page)
  await page.locator('.outcome').getByRole('button', { name: domain }).click()
  await expect(page.getByText('No rules match these filters.')).toBeVisible()
  await expect(page).toHaveURL(/kind=domain/)
  await page.getByRole('link', { name: 'Ended' }).click()
  await expect(page.locator('.listed li')).toContainText([domain])
  await page.goto(`${site.url}/admin/audit-log?what=rules_imported`)
  await expect(page.locator('main ol')).toContainText('count: 1')
  await expect(page.locator('main')).not.toContainText(domain)
})

test('what is taken along as a table is there already when it is pasted again', async ({ page, site }) => {
  const name = newName()
  await signIn(page, site)
  await page.goto(`${site.url}/admin/rules/import`)
  await page.getByLabel('Table (CSV)').check()
  await page
    .getByLabel('List', { exact: true })
    .fill(
      `value,kind,effect,reason,expires\n${name}.example,,allow,"a, ""b""",2031-12-31\n-${name}.*,address_pattern,,,`,
    )
  await look(page).click()
  await expect(heading(page)).toBeFocused()
  await expect(page.getByText('Block: 1')).toBeVisible()
  await expect(page.getByText('Allow: 1')).toBeVisible()
  await page.getByRole('button', { name: 'Add 2 rules' }).click()
  await expect(page.getByRole('status')).toContainText('2 rules were added')

  await page.goto(`${site.url}/admin/rules`)
  const [table] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Table (CSV)' }).click(),
  ])
  expect(table.suggestedFilename()).toMatch(/^rules-.*\.csv$/)
  const text = await readFile(await table.path(), 'utf8')
  await page.getByLabel('Values of one kind').selectOption('address_pattern')
  const [values] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Values only (text)' }).click(),
  ])
  expect((await readFile(await values.path(), 'utf8')).split('\n')).toContain(`-${name}.*`)

  await page.goto(`${site.url}/admin/rules/import`)
  await page.getByLabel('Table (CSV)').check()
  await page.getByLabel('List', { exact: true }).fill(text)
  await look(page).click()
  await expect(heading(page)).toBeFocused()
  await expect(page.getByText('No rules to add.')).toBeVisible()
  await expect(page.getByText(/already active/)).toBeVisible()
  await expect(page.getByText(/can’t be read/)).toHaveCount(0)
  await expect(page.getByRole('button', { name: /^Add/ })).toHaveCount(0)
})

test('the pages of lists are in German, too', async ({ page, site }) => {
  await page.context().addCookies([{ name: 'language', value: 'de', url: site.url }])
  await signIn(page, site)
  await page.goto(`${site.url}/admin/rules/import`)
  await page.locator('textarea').fill('a b\ngmail.com')
  await page.getByRole('button', { name: 'Vorschau ansehen' }).click()
  await expect(page.getByRole('region', { name: 'Vorschau des Imports' })).toContainText('1 neue Regel')
  await expectFit(page)
  await page.goto(`${site.url}/admin/rules`)
  await expectFit(page)
})
