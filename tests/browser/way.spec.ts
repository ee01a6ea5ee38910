import {
  ACCENT_RGB,
  confirmAddress,
  expect,
  expectAccessible,
  expectFit,
  giveAddress,
  linkIn,
  newName,
  openDesk,
  PASSWORD,
  REASON,
  requestAccount,
  signInToMatrix,
  submit,
  test,
  typeRequest,
} from './fixtures'

for (const locale of ['en', 'de'] as const)
  test.describe(`in ${locale}`, () => {
    test.use({ locale })

    test('an applicant gets an account, and a moderator decided it', async ({ page, site, browser }) => {
      const name = newName()
      await page.goto(site.url)
      await expect(page.locator('html')).toHaveAttribute('lang', locale)
      await expectAccessible(page)

      const email = await typeRequest(page, site, name)
      const mail = await site.mail.next(email, 1)
      expect(mail.text).toContain(locale === 'de' ? 'Anfrage' : 'request')
      await expectAccessible(page)
      expect(await signInToMatrix(site.standIn?.url ?? '', name)).toBe('M_USER_LOCKED')

      const moderator = await openDesk(browser, site, name, locale)
      await expect(moderator.getByText(REASON).first()).toBeVisible()
      await expectAccessible(moderator)
      await moderator.locator('textarea[name=message]').fill('See you\non Saturday')
      await moderator.locator('button[name=decision][value=approve]').click()
      const told = await site.mail.next(email, 2)
      expect(told.text).toContain('See you')
      expect(await signInToMatrix(site.standIn?.url ?? '', name)).toBe('in')

      await page.goto(linkIn(told, '/register/status/'))
      await expect(page.locator('main')).toContainText(`@${name}:${site.domain}`)
      await expectAccessible(page)
      await moderator.context().close()
    })

    test('a denial reaches the applicant with the moderator’s words, and no account stays', async ({
      page,
      site,
      browser,
    }) => {
      const name = newName()
      const email = await requestAccount(page, site, name)
      const moderator = await openDesk(browser, site, name, locale)
      await moderator.locator('textarea[name=message]').fill('We only take neighbours.')
      await moderator.locator('button[name=decision][value=deny]').click()
      const told = await site.mail.next(email, 2)
      expect(told.text).toContain('We only take neighbours.')
      expect(await signInToMatrix(site.standIn?.url ?? '', name)).not.toBe('in')
      await page.reload()
      await expect(page.locator('main')).toContainText('We only take neighbours.')
      await moderator.context().close()
    })
  })

test('opening the link changes nothing: only the button confirms', async ({ page, site }) => {
  const email = await giveAddress(page, site, newName())
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  for (let scan = 0; scan < 3; scan++) await fetch(link)
  await page.goto(link)
  await expectAccessible(page)
  await submit(page).click()
  await page.waitForURL(/\/register\/account/)
  await expectAccessible(page)
})

test('a spent link says so, and a broken one too', async ({ page, site }) => {
  const email = await confirmAddress(page, site, newName())
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  await page.context().clearCookies()
  await page.goto(link)
  await expect(page.locator('main h1')).toBeVisible()
  await expect(page.locator('main')).not.toContainText('500')
  await expectAccessible(page)
  await page.goto(`${site.url}/register/verify/nonsense`)
  await expect(page.locator('main h1')).toBeVisible()
  await expectAccessible(page)
})

test('who sends the last step from two tabs is told that the first one counts', async ({
  page,
  site,
  context,
}) => {
  await confirmAddress(page, site, newName())
  const other = await context.newPage()
  await other.goto(page.url())
  const third = await context.newPage()
  await third.goto(page.url())
  for (const [tab, reason] of [
    [page, REASON],
    [other, `${REASON} And I would like to help.`],
  ] as const) {
    await tab.locator('input[name=password]').fill(PASSWORD)
    await tab.locator('textarea[name=reason]').fill(reason)
    await tab.locator('input[name=legal]').check()
    await submit(tab).click()
    await tab.waitForURL(/\/register\/status/)
  }
  await expect(other.locator('main')).toContainText('What you sent first counts')
  await expect(page.locator('main')).not.toContainText('What you sent first counts')

  // The same words with another password: only one of them opens the account.
  await third.locator('input[name=password]').fill('another seven quiet herons')
  await third.locator('textarea[name=reason]').fill(REASON)
  await third.locator('input[name=legal]').check()
  await submit(third).click()
  await third.waitForURL(/\/register\/status/)
  await expect(third.locator('main')).toContainText('What you sent first counts, including the password')
})

test('all that is wrong with a form is said at once, at the fields and in a summary that leads to them', async ({
  page,
  site,
}) => {
  await confirmAddress(page, site, newName())
  const title = await page.title()
  await submit(page).click()
  const password = page.locator('input[name=password]')
  const reason = page.locator('textarea[name=reason]')
  const legal = page.locator('input[name=legal]')
  for (const field of [password, reason, legal]) await expect(field).toHaveAttribute('aria-invalid', 'true')
  const summary = page.locator('main [role=alert]')
  await expect(summary).toBeFocused()
  await expect(summary.getByRole('link')).toHaveCount(3)
  await expect(page).toHaveTitle(`Error: ${title}`)
  await expectFit(page)
  await summary.getByRole('link').nth(1).click()
  await expect(reason).toBeFocused()

  await password.fill('short')
  await reason.fill('too short')
  await submit(page).click()
  await expect(page.locator('#password-error')).toContainText('12')
  await expect(summary).toBeFocused()
  await expect(reason).toHaveValue('too short')
  await expect(password).toHaveValue('')
  if (test.info().project.use.javaScriptEnabled === false) return
  await reason.fill(REASON)
  await expect(page.locator('#reason-error')).toHaveCount(0)
  await expect(summary.getByRole('link')).toHaveCount(2)
  await password.fill(PASSWORD)
  await legal.check()
  await expect(summary).toHaveCount(0)
  await expect(page).toHaveTitle(title)
  await expectAccessible(page)
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
})

test('one field that is wrong gets the focus itself, in our words', async ({ page, site }) => {
  await page.goto(`${site.url}/register`)
  const title = await page.title()
  await submit(page).click()
  await expect(page.locator('input[name=username]')).toBeFocused()
  await expect(page.locator('#username-error')).toBeVisible()
  await expect(page.locator('main [data-error-summary]')).toHaveCount(0)
  await expect(page).toHaveTitle(`Error: ${title}`)
  await expectAccessible(page)
})

test('the language can be changed on any page, and mails follow it', async ({ page, site, browser }) => {
  const name = newName()
  const email = await confirmAddress(page, site, name)
  await page.getByRole('button', { name: 'Deutsch' }).first().click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(page).toHaveURL(/\/register\/account/)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('textarea[name=reason]').fill(REASON)
  await page.locator('input[name=legal]').check()
  await submit(page).click()
  await page.waitForURL(/\/register\/status/)
  const mail = await site.mail.next(email, 1)
  expect(mail.text).toContain('Anfrage')
  expect(mail.html).toContain('lang="de"')
  await browser.version()
})

test('a request that somebody else decided says who and what', async ({ page, site, browser }) => {
  const name = newName()
  await requestAccount(page, site, name)
  const [one, other] = await Promise.all([openDesk(browser, site, name), openDesk(browser, site, name)])
  for (const moderator of [one, other])
    await expect(moderator.locator('button[name=decision][value=deny]')).toBeVisible()
  await one.locator('button[name=decision][value=approve]').click()
  await one.waitForURL(/[?&]done=/)
  await other.locator('textarea[name=message]').fill('A message that must not be lost')
  await other.locator('button[name=decision][value=deny]').click()
  await expect(other.locator('[role=alert]')).toContainText('moderator')
  await expect(other.locator('body')).toContainText('A message that must not be lost')
  await expect.poll(() => signInToMatrix(site.standIn?.url ?? '', name)).toBe('in')
  await Promise.all([one.context().close(), other.context().close()])
})

test('the operator’s colour is on the pages, and the policy lets it in', async ({ page, site }) => {
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  await page.goto(site.url)
  await expect(page.locator('main a.btn-primary').first()).toHaveCSS('background-color', ACCENT_RGB)
  await page.goto(`${site.url}/register`)
  await expect(submit(page)).toHaveCSS('background-color', ACCENT_RGB)
  expect(complaints).toEqual([])
})
