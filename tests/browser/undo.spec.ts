import type { Page } from '@playwright/test'
import type { Site } from '../support/site'
import { aDesk, find, people, row } from './at-the-desk'
import { expect, expectFit, scriptsStarted, signIn, test } from './fixtures'

const COLLEAGUE = { username: 'colleague', password: 'a colleagues password' }

// Long enough for everything that is looked at meanwhile.
test.use({ settings: { moderation: { undo_seconds: 90 } } })

const bar = (desk: Page) => desk.getByRole('region', { name: 'Decisions you can undo' })
const withScripts = () => test.info().project.use.javaScriptEnabled !== false

async function deny(desk: Page, site: Site, name: string): Promise<string> {
  await find(desk, site, name)
  await row(desk, name).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(name)
  const address = desk.url()
  await desk.locator('button[name=decision][value=deny]').click()
  await desk.waitForURL(/done=/)
  return address
}

test('a decision that rests is undone from any page, by its name', async ({ browser, site }) => {
  const [first = '', second = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await expect(bar(desk)).toHaveCount(0)
  await deny(desk, site, first)
  const request = await deny(desk, site, second)
  await expect(bar(desk).getByRole('listitem')).toHaveText([new RegExp(second), new RegExp(first)])
  await desk.goto(`${site.url}/admin/rules?q=spam`)
  await expect(bar(desk)).toContainText(`${second}: denied`)
  // What counts down is not said aloud every second.
  await expect(bar(desk).locator('[role=status], [aria-live]').filter({ hasText: 'Undo' })).toHaveCount(0)
  await expectFit(desk)
  if (withScripts()) await scriptsStarted(desk)
  await bar(desk)
    .getByRole('button', { name: new RegExp(`Undo.*${first}`) })
    .click()
  await expect(desk.locator('main')).toContainText('Undone. The request is waiting again.')
  await expect(desk).toHaveURL(/\/admin\/rules\?q=spam/)
  await expect(bar(desk).getByRole('listitem')).toHaveText([new RegExp(second)])
  await desk.goto(request)
  await expect(desk.locator('main')).toContainText('Not in effect yet: denied by moderator.')
  await expectFit(desk)
  if (withScripts()) await scriptsStarted(desk)
  await desk.locator('.one').getByRole('button', { name: /Undo/ }).click()
  await expect(desk.getByRole('status').filter({ hasText: 'The request is waiting again.' })).toBeVisible()
  await expect(bar(desk)).toHaveCount(0)
  await desk.context().close()
})

test('a colleague undoes it on the request, and the audit log says who', async ({ browser, site }) => {
  const { username, password } = COLLEAGUE
  const args = ['admin', 'create', '--username', username, '--email', 'c@example.test', '--password-stdin']
  await site.cli(args, password)
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  const request = await deny(desk, site, name)
  const { javaScriptEnabled = true } = test.info().project.use
  const context = await browser.newContext({ locale: 'en', javaScriptEnabled })
  const colleague = await context.newPage()
  await signIn(colleague, site, COLLEAGUE)
  await colleague.goto(request)
  await expect(bar(colleague)).toHaveCount(0)
  await expect(colleague.locator('main')).toContainText('Not in effect yet: denied by moderator.')
  await colleague.getByRole('button', { name: /Undo/ }).click()
  await expect(colleague.locator('button[name=decision][value=deny]')).toBeVisible()
  await colleague.goto(`${site.url}/admin/audit-log`)
  await expect(
    colleague
      .locator('main :is(li, tr)')
      .filter({ hasText: 'Decision undone' })
      .filter({ hasText: username })
      .first(),
  ).toBeVisible()

  // Too late: it says so, where one is.
  await desk.reload()
  await desk.goto(`${site.url}/admin/rules`)
  await expect(bar(desk)).toHaveCount(0)
  await deny(desk, site, name)
  await desk.goto(`${site.url}/admin/rules`)
  if (withScripts()) await scriptsStarted(desk)
  await colleague.goto(request)
  await colleague.getByRole('button', { name: /Undo/ }).click()
  await expect(colleague.locator('button[name=decision][value=deny]')).toBeVisible()
  await bar(desk).getByRole('button', { name: /Undo/ }).click()
  await expect(desk.locator('main [role=alert]')).toBeVisible()
  await context.close()
  await desk.context().close()
})
