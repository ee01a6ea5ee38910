import type { Browser, Page } from '@playwright/test'
import type { Site } from '../support/site'
import {
  expect,
  expectAccessible,
  linkIn,
  newName,
  openDesk,
  PASSWORD,
  requestAccount,
  signIn,
  signInToMatrix,
  submit,
  test,
} from './fixtures'

const COLLEAGUE = { username: 'colleague', password: 'a colleagues password' }

/** A browser of its own, of the same kind as the test's. */
async function elsewhere(browser: Browser, options: { width?: number; dark?: boolean } = {}): Promise<Page> {
  const { javaScriptEnabled = true } = test.info().project.use
  const { width = 1280, dark = false } = options
  const context = await browser.newContext({
    javaScriptEnabled,
    locale: 'en',
    viewport: { width, height: 800 },
    colorScheme: dark ? 'dark' : 'light',
  })
  return context.newPage()
}

/** A moderator who looks at the request of this name. */
async function lookAt(browser: Browser, site: Site, name: string): Promise<Page> {
  const desk = await openDesk(browser, site, name)
  await desk.waitForURL(/\/registrations\//)
  return desk
}

/** A second moderator, who looks at the same page. */
async function openAsColleague(browser: Browser, site: Site, url: string): Promise<Page> {
  const { username, password } = COLLEAGUE
  const args = ['admin', 'create', '--username', username, '--email', 'c@example.test', '--password-stdin']
  await site.cli(args, password)
  const page = await elsewhere(browser)
  await signIn(page, site, COLLEAGUE)
  await page.goto(url)
  return page
}

const unfold = async (page: Page, inside: string) => {
  const details = page.locator(`${inside} details`)
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click()
}

/** Nothing of the page reaches beyond its sides. */
const expectNoOverflow = async (page: Page) => {
  const width = page.viewportSize()?.width ?? 0
  const box = await page.locator('main').boundingBox()
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width)
  if (test.info().project.use.javaScriptEnabled !== false)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
}

test('a question goes by mail, is answered in another browser, and comes back to the desk', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  await unfold(desk, '#ask')
  await desk.locator('#question').fill('Whom do you know here?\nAnd since when?')
  await desk.locator('#ask button:not([formaction])').last().click()
  await expect(desk.locator('#ask')).toContainText('And since when?')
  await expect(desk.locator('#ask .tag')).toHaveText('Awaiting reply')
  await expectAccessible(desk)

  await desk.locator('#note-text').fill('Sounds like a bot')
  await desk.locator('#note button').click()
  await expect(desk.locator('#note blockquote')).toHaveText('Sounds like a bot')
  await expect(desk.locator('#note-text')).toHaveValue('')
  await unfold(desk, '#ask')
  await expect(desk.locator('#question')).toHaveValue('')

  const mail = await site.mail.next(email, 2)
  expect(mail.text).toContain('Whom do you know here?')
  expect(mail.html).toContain('And since when?')
  for (const [width, dark] of [
    [390, true],
    [1280, false],
  ] as const) {
    const applicant = await elsewhere(browser, { width, dark })
    await applicant.goto(linkIn(mail, '/register/status/'))
    await expect(applicant.locator('main')).toContainText('And since when?')
    await expect(applicant.locator('main')).not.toContainText('Sounds like a bot')
    await expect(applicant.locator('main')).not.toContainText('moderator ·')
    await expectAccessible(applicant)
    await expectNoOverflow(applicant)
    if (dark) {
      await applicant.locator('#answer').fill(' \u200b ')
      await applicant.getByRole('button', { name: 'Send answer' }).click()
      await expect(applicant.locator('#answer')).toHaveAttribute('aria-invalid', 'true')
      await expectAccessible(applicant)
    } else {
      await applicant.locator('#answer').fill('My sister, since last year')
      await applicant.getByRole('button', { name: 'Send answer' }).click()
      await expect(applicant.locator('#answer')).toHaveCount(0)
      await expect(applicant.locator('main')).toContainText('My sister, since last year')
      await expect(applicant.getByRole('heading', { level: 1 })).toHaveText(
        'Your answer is with the moderators',
      )
    }
    await applicant.context().close()
  }
  await page.reload()
  await expect(page.locator('main')).toContainText('My sister, since last year')
  await desk.reload()
  await expect(desk.locator('#ask')).toContainText('My sister, since last year')
  await expect(desk.locator('#ask .tag')).toHaveText('Answered')
  await expectAccessible(desk)
  await desk.setViewportSize({ width: 390, height: 800 })
  await expectNoOverflow(desk)
  await desk.context().close()
})

test('a claim is seen by a colleague, who can take it over', async ({ page, site, browser }) => {
  const name = newName()
  await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  await desk.locator('#claim button').click()
  await expect(desk.locator('#claim')).toContainText('Assigned to you.')
  const colleague = await openAsColleague(browser, site, desk.url())
  await expect(colleague.locator('#claim')).toContainText('Assigned to moderator.')
  await expectAccessible(colleague)
  await colleague.locator('#claim button').click()
  await expect(colleague.locator('#claim')).toContainText('Assigned to you.')
  await desk.locator('#claim button').click()
  await expect(desk.locator('[role=alert]')).toContainText('assigned to colleague')
  await colleague.locator('#claim button').click()
  await expect(colleague.locator('#claim')).toContainText('Unassigned.')
  await colleague.context().close()
  await desk.context().close()
})

test('deciding on what a colleague has taken asks once, and keeps the message', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  await desk.locator('#claim button').click()
  await expect(desk.locator('#claim')).toContainText('Assigned to you.')
  const colleague = await openAsColleague(browser, site, desk.url())
  await expect(colleague.locator('#claim')).toContainText('also viewing: moderator')
  await colleague.locator('textarea[name=message]').fill('See you there')
  await colleague.locator('button[name=decision][value=approve]').click()
  await expect(colleague.locator('[role=alert]')).toContainText('assigned to moderator')
  await expect(colleague.locator('textarea[name=message]')).toHaveValue('See you there')
  await expectAccessible(colleague)
  await colleague.locator('button[name=decision][value=approve]').click()
  expect((await site.mail.next(email, 2)).text).toContain('See you there')
  await colleague.context().close()
  await desk.context().close()
})

test('a canned reply is made, refused where it is wrong, inserted, previewed, and arrives as shown', async ({
  page,
  site,
  browser,
}) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  const request = desk.url()
  const title = `Welcome ${name}`
  await desk.goto(`${site.url}/admin/replies`)
  await expectAccessible(desk)
  await desk.goto(`${site.url}/admin/replies/new?purpose=approve`)
  await desk.locator('input[name=title]').fill(title)
  await desk.locator('textarea[name=en]').fill('Good to have you, {nmae}!')
  await submit(desk).click()
  await expect(desk.locator('[role=alert]')).toContainText('{nmae}')
  await expect(desk.locator('textarea[name=en]')).toHaveValue('Good to have you, {nmae}!')
  await expectAccessible(desk)
  await desk.locator('textarea[name=en]').fill('Good to have you, {name}!\n\nSee you at {site}.')
  await submit(desk).click()
  await expect(desk.getByRole('link', { name: title })).toBeVisible()
  await expectAccessible(desk)

  await desk.goto(request)
  await desk.locator('#reply-message').selectOption({ label: title })
  await desk.locator('form:has(#reply-message) button').click()
  const words = `Good to have you, ${name}!\n\nSee you at Example Community.`
  await expect(desk.locator('#message')).toHaveValue(words)
  await desk.locator('button[name=preview][value=approve]').click()
  const preview = desk.locator('.preview')
  await expect(preview).toContainText(`See you at Example Community.`)
  await expect(desk.locator('#message')).toHaveValue(words)
  // The frame shows the email as it is, with its own styles; without scripts it is asked to.
  const formatted = desk.getByRole('button', { name: 'Show the email as HTML' })
  if (test.info().project.use.javaScriptEnabled === false) await formatted.click()
  else await expect(formatted).toHaveCount(0)
  const framed = preview.frameLocator('iframe')
  await expect(framed.locator('.press')).toHaveCSS('border-radius', /[1-9]/)
  await expect(framed.locator('.sheet')).toContainText('See you at Example Community.')
  await expect(desk.locator('#message')).toHaveValue(words)
  await expectAccessible(desk)
  await desk.setViewportSize({ width: 390, height: 800 })
  await expectNoOverflow(desk)
  const shown = (await preview.locator('pre').textContent()) ?? ''
  const subject = await preview.locator('dd').last().textContent()
  await preview.getByRole('button', { name: 'Close' }).click()
  await expect(preview).toBeHidden()
  if (test.info().project.use.javaScriptEnabled !== false)
    await expect(desk.locator('button[name=preview][value=approve]')).toBeFocused()
  await desk.locator('button[name=decision][value=approve]').click()
  const mail = await site.mail.next(email, 2)
  expect(mail.subject).toBe(subject)
  expect(mail.text?.replace(/\/register\/status\/\S+/, '/register/status/…').trim()).toBe(shown.trim())

  await desk.goto(`${site.url}/admin/replies`)
  await desk.getByRole('link', { name: title }).click()
  await desk.locator('summary', { hasText: 'Delete this canned reply' }).click()
  await desk.getByRole('button', { name: 'Yes, delete canned reply' }).click()
  await expect(desk).toHaveURL(/\/admin\/replies$/)
  await expect(desk.getByRole('link', { name: title })).toHaveCount(0)
  await desk.context().close()
})

test('a denial has its category, and can be approved after all', async ({ page, site, browser }) => {
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  const request = desk.url()
  await desk.locator('select[name=category]').selectOption('wrong_server')
  await desk.locator('button[name=decision][value=deny]').click()
  await site.mail.next(email, 2)
  await expect
    .poll(async () => {
      await desk.goto(request)
      return desk.locator('#reopen details').count()
    })
    .toBe(1)
  await expect(desk.locator('main dl').first()).toContainText('Wrong server')
  await unfold(desk, '#reopen')
  await expectAccessible(desk)
  await desk.locator('#reopen-message').fill('We thought again.')
  await desk.locator('button[name=preview][value=reopen]').click()
  await expect(desk.locator('.preview')).toContainText('> We thought again.')
  await desk.locator('.preview').getByRole('button', { name: 'Close' }).click()
  await desk.locator('#reopen').getByRole('button', { name: 'Approve after all' }).click()
  const mail = await site.mail.next(email, 3)
  expect(mail.text).toContain('We thought again.')

  const applicant = await elsewhere(browser)
  await applicant.goto(linkIn(mail, '/register/status/'))
  await submit(applicant).click()
  await applicant.locator('input[name=password]').fill(`${PASSWORD} again`)
  await submit(applicant).click()
  await site.mail.next(email, 4)
  expect(await signInToMatrix(site.standIn?.url ?? '', name, `${PASSWORD} again`)).toBe('in')
  expect(await signInToMatrix(site.standIn?.url ?? '', name)).not.toBe('in')
  await applicant.context().close()
  await desk.context().close()
})

test('a question that a colleague’s decision overtook is not sent, and what was typed stays to copy', async ({
  page,
  site,
  browser,
}) => {
  const words = 'Whom do you know here?'
  const name = newName()
  await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  const colleague = await openAsColleague(browser, site, desk.url())
  await unfold(desk, '#ask')
  await desk.locator('#question').fill(words)
  await colleague.locator('button[name=decision][value=deny]').click()
  await colleague.waitForURL(/done=/)
  if (test.info().project.use.javaScriptEnabled !== false)
    await expect(desk.locator('main [role=status].changed')).toContainText(
      'colleague decided in the meantime',
    )
  await expect(desk.locator('#question')).toHaveValue(words)

  await desk.locator('#ask button:not([formaction])').last().click()
  await expect(desk.locator('main [role=alert]')).toHaveCount(1)
  await expect(desk.locator('main [role=alert]')).toContainText('Nothing was changed')
  await expect(desk.locator('main [role=alert]')).toBeFocused()
  await expect(desk.locator('#ask')).toContainText('What you typed was not sent')
  await expect(desk.locator('#ask')).toContainText(words)
  await expect(desk.locator('#question')).toHaveCount(0)
  await expectAccessible(desk)
  if (test.info().project.use.javaScriptEnabled !== false) {
    await desk.goto(desk.url())
    await expect(desk.locator('#ask')).toContainText(words)
  }
  await colleague.context().close()
  await desk.context().close()
})

test('a message with an approval that a colleague was faster with is not sent, and stays to copy', async ({
  page,
  site,
  browser,
}) => {
  const words = 'We thought again.'
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  const request = desk.url()
  await desk.locator('button[name=decision][value=deny]').click()
  await site.mail.next(email, 2)
  await expect
    .poll(async () => {
      await desk.goto(request)
      return desk.locator('#reopen details').count()
    })
    .toBe(1)
  const colleague = await openAsColleague(browser, site, request)
  await unfold(desk, '#reopen')
  await desk.locator('#reopen-message').fill(words)
  await unfold(colleague, '#reopen')
  await colleague.locator('#reopen').getByRole('button', { name: 'Approve after all' }).click()
  await site.mail.next(email, 3)
  await expect(colleague.locator('#reopen details')).toHaveCount(0)
  await expect(desk.locator('#reopen-message')).toHaveValue(words)

  await desk.locator('#reopen').getByRole('button', { name: 'Approve after all' }).click()
  await expect(desk.locator('main [role=alert]')).toHaveCount(1)
  await expect(desk.locator('main [role=alert]')).toBeFocused()
  await expect(desk.locator('#reopen')).toContainText('What you typed was not sent')
  await expect(desk.locator('#reopen')).toContainText(words)
  await expectAccessible(desk)
  await colleague.context().close()
  await desk.context().close()
})

test('an answer that a decision overtook is not sent, and stays to copy', async ({ page, site, browser }) => {
  const words = 'My sister, since last year'
  const name = newName()
  const email = await requestAccount(page, site, name)
  const desk = await lookAt(browser, site, name)
  await unfold(desk, '#ask')
  await desk.locator('#question').fill('Whom do you know here?')
  await desk.locator('#ask button:not([formaction])').last().click()
  await expect(desk.locator('#ask .tag')).toHaveText('Awaiting reply')
  await site.mail.next(email, 2)
  await page.goto(`${site.url}/register/status`)
  await page.locator('#answer').fill(words)
  await desk.locator('button[name=decision][value=deny]').click()
  await site.mail.next(email, 3)

  await page.getByRole('button', { name: 'Send answer' }).click()
  await expect(page.locator('main [role=alert]')).toHaveCount(1)
  await expect(page.locator('main [role=alert]')).toContainText('Nothing was sent')
  await expect(page.locator('main [role=alert]')).toBeFocused()
  await expect(page.locator('#answer')).toHaveCount(0)
  await expect(page.getByLabel('What you wrote')).toHaveValue(words)
  await expectAccessible(page)
  await desk.context().close()
})
