import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { createProofs } from '../../src/lib/server/intake/proof-of-work'
import type { Site } from '../support/site'
import { aDesk, find } from './at-the-desk'
import {
  confirm,
  expect,
  expectAccessible,
  expectFit,
  MODERATOR,
  newName,
  PASSWORD,
  REASON,
  signInToMatrix,
  submit,
  test,
} from './fixtures'

test.use({ settings: { registration: { invitations: 'optional' } } })

const INVITED = 'You have an invitation'
const WRONG = 'AAAA-AAAA-AAAA-AAAA'

interface Wish {
  note: string
  uses?: string
  days?: string
  skip?: boolean
}
const codeRow = (desk: Page, note: string) => desk.locator('.listed li', { hasText: note })

/** Makes a code at the desk, and answers it with its link. */
async function makeCode(desk: Page, site: Site, { note, uses = '', days = '', skip = false }: Wish) {
  await desk.goto(`${site.url}/admin/invitations`)
  await desk.locator('input[name=note]').fill(note)
  await desk.locator('input[name=uses]').fill(uses)
  await desk.locator('input[name=days]').fill(days)
  await desk.locator('input[name=skipReview]').setChecked(skip)
  await desk.getByRole('button', { name: 'Create code' }).click()
  await desk.waitForURL(/made=/)
  await expect(codeRow(desk, note)).toHaveCount(1)
  await expect(desk.locator('input[name=note]')).toHaveValue('')
  const shown = desk.locator('.notice.good')
  const code = (await shown.locator('.code').textContent())?.trim() ?? ''
  const link = /http\S+/.exec((await shown.locator('.code-link').textContent()) ?? '')?.[0] ?? ''
  return { code, link }
}

/** Gives the open form the age that it has when a person fills it in: Playwright types faster, and is held for it. */
async function likeAPerson(page: Page, site: Site): Promise<void> {
  const secret = (await readFile(join(site.folder, 'secret_key'), 'utf8')).trim()
  const stamp = await createProofs({ secret, clock: () => Date.now() - 10_000 }).make('start', false)
  await page
    .locator('main input[name=proof]')
    .evaluate((field: HTMLInputElement, value) => (field.value = value), stamp)
}

/** From the first page, with whatever was typed there already, to the request; answers the address. */
async function goOn(page: Page, site: Site, name: string): Promise<string> {
  const email = `${name}@mail.test`
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await page.locator('main input[name=email]').first().fill(email)
  await likeAPerson(page, site)
  await submit(page).click()
  await page.waitForURL(/sent/)
  await confirm(page, site, email)
  return email
}
async function request(page: Page): Promise<void> {
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
}
const openAt = async (browser: Browser, site: Site) => aDesk(browser, site)

test('a link carries the code through all the pages, and the moderator sees by which invitation', async ({
  page,
  site,
  browser,
}) => {
  const [desk, name, note] = [await openAt(browser, site), newName(), `Garden ${newName()}`]
  const { code, link } = await makeCode(desk, site, { note, uses: '2', days: '7' })
  expect(link).toBe(`${site.url}/register?code=${code}`)
  await expectAccessible(desk)

  await page.goto(link)
  await expect(page).toHaveURL(/\/register\?draft=/)
  expect(page.url()).not.toContain(code)
  await expect(page.locator('main')).toContainText(INVITED)
  await expectAccessible(page)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await expect(page.locator('main')).toContainText(INVITED)
  await expectAccessible(page)
  const email = `${name}@mail.test`
  await page.locator('main input[name=email]').fill(email)
  await submit(page).click()
  await page.waitForURL(/sent/)
  await confirm(page, site, email)
  await expect(page.locator('main')).toContainText(INVITED)
  await expectAccessible(page)
  await request(page)

  await find(desk, site, name)
  await expect(desk.locator('.rows li', { hasText: name })).toContainText(note)
  await desk.locator('a.opens', { hasText: name }).click()
  await desk.waitForURL(/registrations/)
  await expect(desk.locator('main')).toContainText(note)
  await expectAccessible(desk)
  await desk.goto(`${site.url}/admin/invitations`)
  await expect(codeRow(desk, note)).toContainText('used 1 of 2 times')
  await codeRow(desk, note).getByRole('link', { name: 'Requests: 1' }).click()
  await expect(desk.locator('.rows-form .rows li')).toHaveCount(1)
  await expect(desk.locator('.rows-form .rows li')).toContainText(name)
  await expectAccessible(desk)
  await desk.context().close()
})

test('a code can be typed in any spelling, and a wrong one is told at its field', async ({
  page,
  site,
  browser,
}) => {
  const [desk, name, note] = [await openAt(browser, site), newName(), `Typed ${newName()}`]
  const { code } = await makeCode(desk, site, { note })
  await page.goto(`${site.url}/register`)
  await expect(page.locator('input[name=invitation]')).toBeHidden()
  await page.getByText('I have an invitation code').click()
  await page.locator('input[name=username]').fill(name)
  await page.locator('input[name=invitation]').fill(WRONG)
  await submit(page).click()
  const field = page.locator('input[name=invitation]')
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await expect(field).toHaveValue(WRONG)
  await expect(field).toBeVisible()
  await expect(page.locator('main')).toContainText('There is no invitation with this code')
  await expectAccessible(page)
  await field.fill(code.toLowerCase().replaceAll('-', ' '))
  await goOn(page, site, name)
  await expect(page.locator('main')).toContainText(INVITED)
  await desk.context().close()
})

test('whose code opens without review gets in at once, and the page of the request says by whom', async ({
  page,
  site,
  browser,
}) => {
  const [desk, name, note] = [await openAt(browser, site), newName(), `Family ${newName()}`]
  const { link } = await makeCode(desk, site, { note, uses: '1', skip: true })
  await page.goto(link)
  const email = await goOn(page, site, name)
  await request(page)
  await site.mail.next(email, 1)
  expect(await signInToMatrix(site.standIn?.url ?? '', name)).toBe('in')
  await find(desk, site, name)
  await desk.locator('a.opens', { hasText: name }).click()
  await expect(desk.locator('main')).toContainText('Approved through an invitation from moderator')
  await expectAccessible(desk)
  await desk.goto(`${site.url}/admin/invitations?over`)
  await expect(codeRow(desk, note)).toContainText('used up')
  await expectAccessible(desk)
  await page.context().clearCookies()
  await page.goto(link)
  await expect(page.locator('main')).toContainText('used as often as it can be')
  await expectAccessible(page)
  await desk.context().close()
})

test('a code that is ended on the way is told in words, and one goes on without it', async ({
  page,
  site,
  browser,
}) => {
  const [desk, name, note] = [await openAt(browser, site), newName(), `Ended ${newName()}`]
  const { link } = await makeCode(desk, site, { note })
  await page.goto(link)
  await page.locator('input[name=username]').fill(name)
  await submit(page).click()
  await page.waitForURL(/\/register\/email/)
  await codeRow(desk, note).getByRole('button', { name: /^End/ }).click()
  await expect(codeRow(desk, note)).toHaveCount(0)
  await page.locator('main input[name=email]').fill(`${name}@mail.test`)
  await submit(page).click()
  await expect(page.getByRole('alert')).toContainText('was ended')
  await expectAccessible(page)
  await submit(page).click()
  await page.waitForURL(/sent/)
  await expect(page.locator('main')).not.toContainText(INVITED)
  await desk.context().close()
})

test('a code is shown once, to who made it: neither a reload, nor going back, nor a colleague sees it again', async ({
  site,
  browser,
}) => {
  // Two people at the desk, and every page in both themes and widths.
  test.slow()
  const [desk, note] = [await openAt(browser, site), `Once ${newName()}`]
  const { code } = await makeCode(desk, site, { note, skip: true })
  await expect(desk.locator('main')).toContainText('the only time you see it')
  await expectAccessible(desk)
  await expectFit(desk)
  const made = desk.url()
  await desk.reload()
  await expect(desk.locator('main')).toContainText('can’t be shown again')
  expect(await desk.content()).not.toContain(code)
  await expectAccessible(desk)
  await desk.goto(`${site.url}/admin/invitations`)
  await expect(codeRow(desk, note)).toHaveCount(1)
  await desk.goBack()
  expect(await desk.content()).not.toContain(code)
  const colleague = await openAt(browser, site)
  await colleague.goto(made)
  expect(await colleague.content()).not.toContain(code)
  // One that was lost is ended, and another one made.
  await codeRow(desk, note).getByRole('button', { name: /^End/ }).click()
  await expect(codeRow(desk, note)).toHaveCount(0)
  const second = await makeCode(desk, site, { note })
  expect(second.code).not.toBe(code)
  expect(await desk.content()).not.toContain(code)
  await colleague.context().close()
  await desk.context().close()
})

test('who is disabled leaves a list of the codes that they could know, ended with one press', async ({
  page,
  site,
  browser,
}) => {
  // Two people at the desk, and every page in both themes and widths.
  test.slow()
  const [desk, name] = [await openAt(browser, site), newName()]
  const who = ['--username', name, '--email', `${name}@desk.test`]
  await site.cli(['admin', 'create', ...who, '--password-stdin'], MODERATOR.password)
  await page.goto(`${site.url}/admin/login`)
  await page.locator('main input[name=username]').fill(name)
  await page.locator('main input[name=password]').fill(MODERATOR.password)
  await submit(page).click()
  await page.waitForURL(/\/admin$/)
  await makeCode(page, site, { note: `Friends of ${name}` })
  await makeCode(page, site, { note: `Family of ${name}`, skip: true })

  await desk.goto(`${site.url}/admin/moderators`)
  const listed = desk
    .locator('section', { hasText: 'Codes to end' })
    .locator('.people > li', { hasText: name })
  await expect(listed).toHaveCount(0)
  await desk.locator('.people > li', { hasText: name }).getByRole('button', { name: 'Disable' }).click()
  await desk.waitForURL(/changed=/)
  await expect(listed).toContainText(`${name} is disabled and could know 2 codes`)
  await expect(listed).toContainText(`Family of ${name}`)
  await expect(listed).toBeFocused()
  await expectFit(desk)
  await desk.goto(`${site.url}/admin/invitations`)
  await expect(listed).toContainText('could know 2 codes')
  await expectAccessible(desk)
  await listed.getByRole('button', { name: 'End these 2 codes' }).click()
  await expect(listed).toHaveCount(0)
  await expect(codeRow(desk, name)).toHaveCount(0)
  await desk.goto(`${site.url}/admin/moderators`)
  await expect(listed).toHaveCount(0)
  await desk.context().close()
})

test('what is wrong with a new code is told, and what was typed stays', async ({ site, browser }) => {
  const desk = await openAt(browser, site)
  await desk.goto(`${site.url}/admin/invitations`)
  await desk.locator('input[name=note]').fill('A note that stays')
  await desk.locator('input[name=uses]').fill('0')
  await desk.getByRole('button', { name: 'Create code' }).click()
  await expect(desk.getByRole('alert')).toContainText('whole number')
  await expect(desk.locator('input[name=note]')).toHaveValue('A note that stays')
  await expectAccessible(desk)
  await desk.context().close()
})
