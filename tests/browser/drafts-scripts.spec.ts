import type { Page } from '@playwright/test'
import { aDesk, find, people, row, startOf } from './at-the-desk'
import { expect, MODERATOR, scriptsStarted, signIn, submit, test } from './fixtures'

const COLLEAGUE = { username: 'colleague', password: 'a colleagues password' }

const TYPED = {
  message: 'You write nicely, but',
  category: 'wrong_server',
  question: 'Whom do you know?',
  note: 'Ask Mia',
}
const NOTHING = { message: '', category: '', question: '', note: '' }
type Typed = typeof NOTHING

async function type(desk: Page, { message, category, question, note }: Typed): Promise<void> {
  await desk.locator('#message').fill(message)
  await desk.locator('select[name=category]').selectOption(category)
  if (!(await desk.locator('#question').isVisible())) await desk.locator('#ask summary').click()
  await desk.locator('#question').fill(question)
  await desk.locator('#note-text').fill(note)
}

async function expectTyped(desk: Page, { message, category, question, note }: Typed): Promise<void> {
  await expect(desk.locator('#message')).toHaveValue(message)
  await expect(desk.locator('select[name=category]')).toHaveValue(category)
  await expect(desk.locator('#question')).toHaveValue(question)
  if (question !== '') await expect(desk.locator('#question')).toBeVisible()
  await expect(desk.locator('#note-text')).toHaveValue(note)
}

/** What this tab keeps. */
const kept = (desk: Page) => desk.evaluate(() => JSON.stringify({ ...sessionStorage }))

async function open(desk: Page, name: string): Promise<void> {
  await row(desk, name).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(name)
  await scriptsStarted(desk)
}

/** Outside of any field, as keys mean something there. */
const press = async (desk: Page, key: string) => {
  await desk.locator('h1').click()
  await desk.keyboard.press(key)
}

test('drafts stay at their request, wherever one goes in between', async ({ browser, site }) => {
  const [first = ''] = await people(site, 2)
  const desk = await aDesk(browser, site)
  await find(desk, site, startOf(first))
  await open(desk, first)
  await type(desk, TYPED)
  const query = (await desk.locator('a[data-step=after]').count()) > 0 ? ['j', 'k'] : ['k', 'j']
  await press(desk, query[0] ?? '')
  await expect(desk.locator('h1')).not.toContainText(first)
  const second = /@(.+):/.exec(await desk.locator('h1').innerText())?.[1] ?? ''
  await expectTyped(desk, NOTHING)
  const other = { ...NOTHING, note: 'Another one' }
  await type(desk, other)
  await press(desk, query[1] ?? '')
  await expect(desk.locator('h1')).toContainText(first)
  await expectTyped(desk, TYPED)

  await press(desk, 'Escape')
  await expect(desk.locator('h1')).not.toContainText(first)
  await open(desk, second)
  await expectTyped(desk, other)
  await open(desk, first)
  await expectTyped(desk, TYPED)

  await desk.getByRole('button', { name: 'Deutsch' }).click()
  await expect(desk.locator('html')).toHaveAttribute('lang', 'de')
  await expectTyped(desk, TYPED)
  await desk.getByRole('button', { name: 'English' }).click()
  await expect(desk.locator('html')).toHaveAttribute('lang', 'en')
  await desk.getByRole('button', { name: 'Dark' }).click()
  await desk.waitForLoadState()
  await expectTyped(desk, TYPED)
  await desk.reload()
  await expectTyped(desk, TYPED)
  await desk.context().close()
})

test('previews keep what is typed in the other forms', async ({ browser, site }) => {
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await find(desk, site, name)
  await open(desk, name)
  await type(desk, TYPED)
  for (const preview of ['#ask button[name=preview]', 'button[name=preview][value=deny]']) {
    const answered = desk.waitForResponse(/preview/)
    await desk.locator(preview).click()
    await (await answered).finished()
    await expect(desk.getByRole('dialog')).toBeVisible()
    await desk.keyboard.press('Escape')
    await expect(desk.getByRole('dialog')).toBeHidden()
    await expectTyped(desk, TYPED)
  }
  await desk.context().close()
})

test('what was sent is no draft any more, and a colleague who sends something takes none away', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await find(desk, site, name)
  await open(desk, name)
  await type(desk, TYPED)
  const colleague = await aDesk(browser, site)
  await colleague.goto(desk.url())
  await colleague.locator('#note-text').fill('I know her')
  await colleague.locator('#note button').click()
  await expect(desk.locator('#note blockquote')).toHaveText('I know her')
  await expectTyped(desk, TYPED)

  await desk.locator('#note button').click()
  await expect(desk.locator('#note blockquote')).toHaveCount(2)
  await expectTyped(desk, { ...TYPED, note: '' })
  await desk.locator('#ask button:not([formaction])').last().click()
  await expect(desk.locator('#ask .tag')).toHaveText('Awaiting reply')
  await expectTyped(desk, { ...TYPED, note: '', question: '' })
  await desk.reload()
  await expectTyped(desk, { ...TYPED, note: '', question: '' })
  await desk.locator('button[name=decision][value=deny]').click()
  await desk.waitForURL(/done=/)
  expect(await kept(desk)).not.toContain(TYPED.message)
  await colleague.context().close()
  await desk.context().close()
})

test('whoever is typing goes on typing while a colleague adds something, asks and decides', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await find(desk, site, name)
  await open(desk, name)
  const place = desk.url()
  const colleague = await aDesk(browser, site)
  await colleague.goto(place)

  await desk.locator('#note-text').pressSequentially('Ask M')
  await colleague.locator('#note-text').fill('I know her')
  await colleague.locator('#note button').click()
  await expect(desk.locator('#note blockquote')).toHaveText('I know her')
  await desk.keyboard.type('ia and dad')
  await expect(desk.locator('#note-text')).toHaveValue('Ask Mia and dad')

  await desk.locator('#ask summary').click()
  await desk.locator('#question').pressSequentially('Who d')
  if (!(await colleague.locator('#question').isVisible())) await colleague.locator('#ask summary').click()
  await colleague.locator('#question').fill('Whom do you know?')
  await colleague.locator('#ask button:not([formaction])').last().click()
  await expect(desk.locator('#ask .tag')).toHaveText('Awaiting reply')
  await desk.keyboard.type('o you adore?')
  await expect(desk.locator('#question')).toHaveValue('Who do you adore?')
  expect(desk.url()).toBe(place)

  // Refused once, the decision stays for whoever goes on typing in it.
  await desk.locator('input[name=version]').evaluateAll((versions) => {
    for (const version of versions) if (version instanceof HTMLInputElement) version.value = '0'
  })
  await desk.locator('button[name=decision][value=deny]').click()
  await expect(desk.getByRole('alert')).toBeFocused()
  await desk.locator('#message').pressSequentially('We are f')
  await colleague.locator('button[name=decision][value=deny]').click()
  await colleague.waitForURL(/done=/)
  await expect(desk.locator('.changed')).toBeVisible()
  await desk.keyboard.type('ull, dear')
  await expect(desk.locator('#message')).toHaveValue('We are full, dear')
  await colleague.context().close()
  await desk.context().close()
})

test('what was typed is still there to copy when a colleague decided meanwhile', async ({
  browser,
  site,
}) => {
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await find(desk, site, name)
  await open(desk, name)
  const place = desk.url()
  await type(desk, TYPED)
  await press(desk, 'Escape')
  await expect(desk.locator('h1')).not.toContainText(name)
  const colleague = await aDesk(browser, site)
  await colleague.goto(place)
  await colleague.locator('button[name=decision][value=deny]').click()
  await colleague.waitForURL(/done=/)
  await desk.goto(place)
  await expect(desk.locator('.act')).toContainText(TYPED.message)
  await colleague.context().close()
  await desk.context().close()
})

test('a session that ended keeps the draft for the same moderator, and for nobody else', async ({
  browser,
  site,
}) => {
  const { username, password } = COLLEAGUE
  await site.cli(
    ['admin', 'create', '--username', username, '--email', 'c@example.test', '--password-stdin'],
    password,
  )
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await find(desk, site, name)
  await open(desk, name)
  await type(desk, TYPED)
  const place = desk.url()
  await desk.context().clearCookies()
  await desk.locator('button[name=decision][value=deny]').click()
  await desk.waitForURL(/\/admin\/login/)
  expect(decodeURIComponent(desk.url())).not.toContain(TYPED.message)
  await desk.locator('main input[name=username]').fill(MODERATOR.username)
  await desk.locator('main input[name=password]').fill(MODERATOR.password)
  await submit(desk).click()
  await desk.waitForURL(place)
  await expectTyped(desk, TYPED)

  await desk.context().clearCookies()
  await desk.reload()
  await desk.waitForURL(/\/admin\/login/)
  await signIn(desk, site, COLLEAGUE)
  await desk.goto(place)
  await scriptsStarted(desk)
  await expectTyped(desk, NOTHING)
  expect(await kept(desk)).not.toContain(TYPED.message)

  await type(desk, TYPED)
  expect(await kept(desk)).toContain(TYPED.message)
  await desk.getByRole('button', { name: 'Sign out' }).click()
  await desk.waitForURL(/\/admin\/login/)
  expect(await kept(desk)).not.toContain(TYPED.message)
  await desk.context().close()
})
