import { Agent } from 'node:http'
import { newName, sendRequest, signIn, test } from './fixtures'
import { aVisitor } from '../support/visitor'
import type { Browser, Page } from '@playwright/test'
import type { Site } from '../support/site'

/** Another person at the desk, in a browser of their own. */
export async function aDesk(browser: Browser, site: Site, options = {}): Promise<Page> {
  const { javaScriptEnabled = true } = test.info().project.use
  const context = await browser.newContext({ locale: 'en', javaScriptEnabled, ...options })
  const page = await context.newPage()
  await signIn(page, site)
  return page
}

/** So many requests wait, from one person after the other. Answers their names. */
export async function people(site: Site, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, newName)
  for (const name of names)
    await sendRequest(aVisitor(site.url, new Agent(), { 'accept-language': 'en' }), site, name)
  return names
}

/** A request in the list. */
export const row = (desk: Page, name: string) => desk.locator('.rows li', { hasText: name })
/** Looks for words among all requests. */
export const find = async (desk: Page, site: Site, words: string) => {
  await desk.goto(`${site.url}/admin?tab=all&q=${words}`)
}
