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

/** A request waits, from a person with a browser of their own. */
export async function apply(
  site: Site,
  name: string,
  what: { email?: string; reason?: string } = {},
): Promise<void> {
  await sendRequest(aVisitor(site.url, new Agent(), { 'accept-language': 'en' }), site, name, what)
}

/** So many requests wait, from one person after the other. Answers their names, which begin alike, and as no other. */
export async function people(site: Site, count: number): Promise<string[]> {
  const start = newName()
  const names = Array.from({ length: count }, (_, index) => `${start}.${index + 1}`)
  for (const name of names) await apply(site, name)
  return names
}

/** What the names of those who came together begin with. */
export const startOf = (name: string): string => name.replace(/\.\d+$/, '')

/** A request in the list. */
export const row = (desk: Page, name: string) => desk.locator('.rows li', { hasText: name })
/** Looks for words among all requests. */
export const find = async (desk: Page, site: Site, words: string) => {
  await desk.goto(`${site.url}/admin?tab=all&q=${words}`)
}
