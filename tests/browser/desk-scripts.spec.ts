import type { Page } from '@playwright/test'
import { aDesk, find, people, row, startOf } from './at-the-desk'
import { expect, expectAccessible, scriptsStarted, test } from './fixtures'
import { askDatabase } from '../support/site'

test.use({ settings: { moderation: { undo_seconds: 15 } } })

test('keys do the work, and never while somebody writes', async ({ browser, site }) => {
  await people(site, 3)
  const desk = await aDesk(browser, site)
  await expect(desk.locator('.rows li').nth(2)).toBeVisible()
  const names = await desk.locator('a.opens').allTextContents()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.keyboard.press('Enter')
  await expect(desk.locator('#request')).toBeFocused()
  await desk.keyboard.press('Escape')
  await expect(desk.locator('h1')).toHaveText('Requests')
  await desk.keyboard.press('j')
  await desk.keyboard.press('j')
  await desk.keyboard.press('k')
  await desk.keyboard.press('x')
  await expect(row(desk, names[0] ?? '').getByRole('checkbox')).toBeChecked()
  await desk.keyboard.press('x')
  await desk.keyboard.press('Enter')
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await expect(desk.locator('#request')).toBeFocused()
  await desk.keyboard.press('j')
  await expect(desk.locator('h1')).toContainText(names[1] ?? '')
  await desk.keyboard.press('k')
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.locator('textarea[name=message]').fill('')
  await desk.keyboard.type('add a note? j')
  await desk.locator('h1').click()
  await desk.keyboard.press('Control+d')
  await expect(desk.locator('textarea[name=message]')).toHaveValue('add a note? j')
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.keyboard.press('m')
  await expect(desk.locator('textarea[name=message]')).toBeFocused()
  await desk.keyboard.press('Escape')
  await expect(desk.locator('textarea[name=message]')).not.toBeFocused()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.getByRole('link', { name: 'Skip to the request' }).press('Enter')
  await expect(desk.locator('#request')).toBeFocused()
  await desk.keyboard.press('?')
  await expect(desk.getByRole('dialog')).toBeVisible()
  await expectAccessible(desk)
  await desk.keyboard.press('d')
  await desk.keyboard.press('Escape')
  await expect(desk.getByRole('dialog')).toBeHidden()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.keyboard.press('a')
  await desk.waitForURL(/done=/)
  await desk.keyboard.press('/')
  await expect(desk.locator('input[type=search]')).toBeFocused()
})

test('keys go on after the browser’s back, also where a field had the focus', async ({ browser, site }) => {
  const [name = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await find(desk, site, startOf(name))
  await scriptsStarted(desk)
  const names = await desk.locator('a.opens').allTextContents()
  await row(desk, names[0] ?? '')
    .getByRole('link')
    .click()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.keyboard.press('j')
  await expect(desk.locator('h1')).toContainText(names[1] ?? '')
  await desk.locator('textarea[name=message]').focus()
  await desk.goBack()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  await desk.keyboard.press('j')
  await expect(desk.locator('h1')).toContainText(names[1] ?? '')

  // Nor does it matter for the queue that another page came between.
  const places = desk.locator('header')
  await places.getByRole('link', { name: 'Rules', exact: true }).click()
  await expect(desk).toHaveURL(/\/admin\/rules/)
  await places.getByRole('link', { name: 'Requests', exact: true }).click()
  await expect(desk).toHaveURL(/\/admin\/registrations\//)
  await desk.locator('input[type=search]').focus()
  await desk.goBack()
  await expect(desk).toHaveURL(/\/admin\/rules/)
  await places.getByRole('link', { name: 'Requests', exact: true }).click()
  await expect(desk).toHaveURL(/\/admin\/registrations\//)
  await desk.keyboard.press('?')
  await expect(desk.getByRole('dialog')).toBeVisible()
})

test('a note that is added after a refusal leaves an empty field without an error, and keys go on', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await desk.route('**/admin/live**', (route) => route.abort())
  await find(desk, site, name)
  await row(desk, name).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(name)
  await scriptsStarted(desk)
  const note = desk.getByLabel('Note for other moderators')
  const add = desk.getByRole('button', { name: 'Add note' })
  await note.fill(' \u200b ')
  await add.click()
  await expect(note).toHaveAttribute('aria-invalid', 'true')
  await expect(note).toBeFocused()

  let answer = () => {}
  const answered = new Promise<void>((resolve) => (answer = resolve))
  await desk.route('**/__data.json*', async (route) => {
    await answered
    await route.continue()
  })
  await note.fill('Ask Mia')
  await add.click()
  await expect(note).toHaveValue('')
  await expect(note).not.toHaveAttribute('aria-invalid')
  answer()
  await expect(desk.locator('#note blockquote')).toHaveText('Ask Mia')
  await expect(add).not.toHaveAttribute('aria-disabled')
  await expect(note).not.toBeFocused()
  await desk.keyboard.press('m')
  await expect(desk.locator('textarea[name=message]')).toBeFocused()
  await expect(note).toHaveValue('')

  // What is refused once more is said once more.
  await note.fill(' \u200b ')
  await add.click()
  await expect(note).toHaveAttribute('aria-invalid', 'true')
  await expect(note).toBeFocused()
})

test('moving to the next request loads this one, and not the list again', async ({ browser, site }) => {
  await people(site, 3)
  const desk = await aDesk(browser, site)
  // What changes elsewhere loads the list again.
  await desk.route('**/admin/live**', (route) => route.abort())
  await desk.goto(`${site.url}/admin`)
  const names = await desk.locator('a.opens').allTextContents()
  await scriptsStarted(desk)
  await row(desk, names[0] ?? '')
    .getByRole('link')
    .click()
  await expect(desk.locator('h1')).toContainText(names[0] ?? '')
  let sent = ''
  await desk.route('**/__data.json*', async (route) => {
    const response = await route.fetch()
    sent += await response.text()
    await route.fulfill({ response })
  })
  await desk.keyboard.press('j')
  await expect(desk.locator('h1')).toContainText(names[1] ?? '')
  expect(sent).toContain(names[1])
  expect(sent).toContain('"neighbours"')
  expect(sent).not.toContain('"counts"')
})

test('the list stays where it is while the open request is in view, and follows it out of view', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 5)
  const desk = await aDesk(browser, site, { viewport: { width: 1280, height: 640 } })
  await find(desk, site, startOf(name))
  await scriptsStarted(desk)
  const scrolled = () => desk.locator('.queue').evaluate((queue) => queue.scrollTop)
  await desk.locator('a.opens').first().click()
  await expect(desk.locator('h1')).toContainText(await desk.locator('a.opens').first().innerText())
  expect(await scrolled()).toBe(0)
  for (const link of (await desk.locator('a.opens').all()).slice(1)) {
    await desk.keyboard.press('j')
    await expect(desk.locator('h1')).toContainText(await link.innerText())
  }
  await expect(desk.locator('li.current')).toBeInViewport({ ratio: 0.9 })
  expect(await scrolled()).toBeGreaterThan(0)
})

test('what is ticked in the list is what is decided: one bar, its number, and its keys', async ({
  browser,
  site,
}) => {
  const [open = '', ...others] = await people(site, 3)
  const desk = await aDesk(browser, site)
  await desk.route('**/admin/live**', (route) => route.abort())
  await desk.goto(`${site.url}/admin?tab=all&q=${startOf(open)}`)
  await row(desk, open).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(open)
  await scriptsStarted(desk)
  await expect(desk.locator('.act')).toBeVisible()
  for (const name of others) await row(desk, name).getByRole('checkbox').check()
  await expect(desk.locator('.act')).toBeHidden()
  const several = desk.getByRole('group', { name: 'Decide on the selection' })
  await expect(several.getByRole('button', { name: 'Approve 2', exact: true })).toBeVisible()
  await row(desk, others[0] ?? '')
    .getByRole('checkbox')
    .uncheck()
  await expect(several.getByRole('button', { name: 'Deny 1', exact: true })).toBeVisible()
  await several.getByRole('button', { name: 'Clear selection' }).click()
  await expect(several).toBeHidden()
  await expect(desk.locator('.act')).toBeVisible()
  for (const name of others) await row(desk, name).getByRole('checkbox').check()
  const place = await several.boundingBox()
  await desk.keyboard.press('d')
  const outcome = desk.locator('.outcomes')
  await expect(outcome).toContainText('2 requests denied')
  await expect(desk.locator('.after')).toBeFocused()
  const shown = await outcome.boundingBox()
  expect((shown?.y ?? 0) + (shown?.height ?? 0)).toBeGreaterThan(place?.y ?? 0)
  await expectAccessible(desk)
  for (const name of others) await expect(row(desk, name)).toContainText('denied')
  await expect(row(desk, open)).not.toContainText('denied')
  await outcome.getByRole('button', { name: 'Undo all' }).click()
  await expect(desk.locator('.after')).toContainText('Decisions undone: 2 of 2')
  await expect(desk.locator('.after')).toBeFocused()
  await expect(desk.locator('.act')).toBeVisible()
  await desk.keyboard.press('a')
  await desk.waitForURL(/done=/)
})

test('a press on a link goes through, though the list is asked for anew before it is answered', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await desk.clock.install()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => (answer = resolve))
  await desk.route('**/registrations/**', async (route) => {
    await answered
    await route.continue()
  })
  await desk.goto(`${site.url}/admin?tab=all&q=${name}`)
  await scriptsStarted(desk)
  await row(desk, name).getByRole('link').click()
  // As when somebody comes back to the page: it has missed what changed meanwhile.
  await desk.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await desk.clock.runFor(1_000)
  const anew = desk.waitForRequest(/__data\.json/)
  answer()
  await expect(desk.locator('h1')).toContainText(name)
  await anew
})

test('a press on a link goes through, though what was sent before is answered meanwhile', async ({
  browser,
  site,
}) => {
  const [name = '', other = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  // What changes elsewhere would be asked for as well.
  await desk.route('**/admin/live**', (route) => route.abort())
  await desk.goto(`${site.url}/admin?tab=all&q=${startOf(name)}`)
  await scriptsStarted(desk)
  await row(desk, name).getByRole('checkbox').check()
  await desk.locator('button[name=several][value=deny]').click()
  await expect(desk.locator('.outcomes')).toContainText('1 request denied')
  const held = { sent: () => {}, pressed: () => {} }
  const until = (what: keyof typeof held) => new Promise<void>((resolve) => (held[what] = resolve))
  const [sent, pressed] = [until('sent'), until('pressed')]
  await desk.route('**/admin?/undoSeveral', async (route) => {
    await sent
    await route.continue()
  })
  await desk.route('**/registrations/**', async (route) => {
    await pressed
    await route.continue()
  })
  await desk.getByRole('button', { name: 'Undo all' }).click()
  await row(desk, other).getByRole('link').click()
  const undone = desk.waitForResponse(/undoSeveral/)
  held.sent()
  await (await undone).finished()
  // Until the page has taken the answer in.
  await expect(desk.locator('.outcomes')).toBeHidden()
  held.pressed()
  await expect(desk.locator('h1')).toContainText(other)
  await desk.goto(`${site.url}/admin?q=${name}`)
  await expect(row(desk, name)).toBeVisible()
})

test('a new request, a colleague’s decision and who looks at what appear by themselves', async ({
  browser,
  site,
}) => {
  const [first = ''] = await people(site, 1)
  const [desk, colleague] = [await aDesk(browser, site), await aDesk(browser, site)]
  await desk.goto(`${site.url}/admin?tab=all&q=${first.split('.').slice(0, 2).join('.')}`)
  const [second = ''] = await people(site, 1)
  await expect(row(desk, second)).toBeVisible()

  await find(colleague, site, second)
  await colleague.getByRole('link', { name: second, exact: true }).click()
  await expect(colleague.locator('h1')).toContainText(second)
  await row(desk, second).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(second)
  await desk.locator('textarea[name=message]').fill('What I began to write')
  await colleague.locator('button[name=decision][value=approve]').click()
  await expect(desk.locator('.act')).toContainText('moderator decided in the meantime: approved')
  await expect(desk.locator('textarea[name=message]')).toHaveValue('What I began to write')
  // What somebody else decided can be denied as long as it rests, and not approved once more.
  await expect(desk.locator('button[name=decision][value=deny]')).toBeVisible()
  await expect(desk.locator('button[name=decision][value=approve]')).toHaveCount(0)
  // The decision rests, and then takes effect, without anybody loading the page.
  await expect(row(desk, second)).toContainText('open', { timeout: 30_000 })
})

test('each tab says for itself what it shows, from its load until it is closed or goes on', async ({
  browser,
  site,
}) => {
  const [name = '', other = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await desk.goto(`${site.url}/admin?tab=all&q=${startOf(name)}`)
  await scriptsStarted(desk)
  const looks = async () => {
    const sql = `select r.username from looks join registrations r on r.id = registration_id
      where r.username in (?, ?)`
    return (await askDatabase(site, sql, [name, other])).rows.map(({ username }) => username)
  }
  /** Until the connection of a page has taken over from its load: a page that goes before leaves that to its time. */
  const connected = async (page: Page) => {
    const load = /\bload:"([\w-]{36})"/.exec(await page.content())?.[1] ?? ''
    expect(load).not.toBe('')
    const rows = async () => (await askDatabase(site, 'select 1 from looks where stream = ?', [load])).rows
    await expect.poll(async () => (await looks()).length - (await rows()).length).toBe(2)
  }
  await row(desk, name).getByRole('link').click()
  await expect.poll(looks).toEqual([name])
  const second = await desk.context().newPage()
  await second.goto(desk.url())
  await connected(second)
  await second.reload()
  await connected(second)
  await expect.poll(looks).toEqual([name, name])
  await row(desk, other).getByRole('link').click()
  await expect.poll(async () => (await looks()).sort()).toEqual([name, other].sort())
  await desk.goBack()
  await expect.poll(looks).toEqual([name, name])
  await second.close()
  await expect.poll(looks).toEqual([name])
  await desk.close()
  await expect.poll(looks).toEqual([])
})

test('what changes while there is no connection is shown once there is one, also after a step', async ({
  browser,
  site,
}) => {
  const [first = '', second = '', third = ''] = await people(site, 3)
  const desk = await aDesk(browser, site)
  await find(desk, site, startOf(first))
  await row(desk, first).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(first)
  await scriptsStarted(desk)
  const colleague = await aDesk(browser, site)
  await find(colleague, site, startOf(first))
  const open = async (name: string) => {
    await row(colleague, name).getByRole('link').click()
    await expect(colleague.locator('h1')).toContainText(name)
  }
  await open(third)

  await desk.route('**/admin/live**', (route) => route.abort())
  const failed = desk.waitForEvent('requestfailed', (request) => request.url().includes('/admin/live'))
  await row(desk, second).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(second)
  await failed
  await colleague.locator('button[name=decision][value=deny]').click()
  await expect(colleague.locator('h1')).not.toContainText(third)
  await expect(row(desk, third)).not.toContainText('denied')
  await desk.unroute('**/admin/live**')
  await expect(row(desk, third)).toContainText('denied')
  await colleague.context().close()
  await desk.context().close()
})
