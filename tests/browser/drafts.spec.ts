import { aDesk, find, people, row } from './at-the-desk'
import { expect, expectAccessible, MODERATOR, scriptsStarted, submit, test } from './fixtures'

const WORDS = 'You write nicely, but\n"we" <b>know</b> nobody here.'

test('words that a form sends after the session ended are at hand when one signs in', async ({
  browser,
  site,
}) => {
  const scripts = test.info().project.use.javaScriptEnabled !== false
  const [name = ''] = await people(site, 1)
  const desk = await aDesk(browser, site)
  await find(desk, site, name)
  await row(desk, name).getByRole('link').click()
  await expect(desk.locator('h1')).toContainText(name)
  if (scripts) await scriptsStarted(desk)
  const place = desk.url()
  for (const [field, button] of [
    ['#message', 'button[name=decision][value=deny]'],
    ['#note-text', '#note button'],
  ] as const) {
    await desk.locator(field).fill(WORDS)
    await desk.context().clearCookies()
    await desk.locator(button).click()
    await desk.waitForURL(/\/admin\/login/)
    expect(decodeURIComponent(desk.url())).not.toContain('nicely')
    expect(JSON.stringify(await desk.context().cookies())).not.toContain('nicely')
    const words = desk.locator('textarea[name=kept]')
    for (const password of ['a wrong one', MODERATOR.password]) {
      if (!scripts) {
        await expect(words).toHaveValue(WORDS)
        await expectAccessible(desk)
      }
      await desk.locator('main input[name=username]').fill(MODERATOR.username)
      await desk.locator('main input[name=password]').fill(password)
      await submit(desk).click()
      if (password !== MODERATOR.password) await expect(desk.locator('[role=alert]')).toBeVisible()
    }
    await desk.waitForURL(place)
    if (scripts) await expect(desk.locator(field)).toHaveValue(WORDS)
    await desk.goto(place)
  }
  await desk.context().close()
})
