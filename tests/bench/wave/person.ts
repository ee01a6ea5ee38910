import type { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { solved } from '../../support/proof'
import type { Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { createDice } from './dice'
import { linkTo, PASSWORD, workIn, type Journey, type Page, type Steps } from './journey'
import type { Wish } from './wishes'

/**
 * A person with a browser, who takes some seconds over each form (real ones take more, which no limit minds). With
 * JavaScript the name is looked up while it is typed, and the work is done where a form asks for it.
 */
export function personSteps(site: Site, agent: Agent, wish: Wish, journey: Journey): Steps {
  const { username, email, reason, scripts } = wish
  const dice = createDice(wish.seed)
  const visitor = aVisitor(site.url, agent, { 'x-forwarded-for': wish.address })
  const typing = (low: number, high: number) => sleep(dice.between(low, high) * 1000)
  const lookUp = `/trpc/registration.checkUsername?input=${encodeURIComponent(JSON.stringify({ username, typing: true }))}`

  async function prove(html: string): Promise<{ proof?: string }> {
    const work = scripts ? workIn(html) : null
    if (work === null) return {}
    journey.proofs++
    return { proof: await solved(work) }
  }

  async function timed(page: Promise<Page>): Promise<Page> {
    const begun = performance.now()
    await page
    journey.pagesMs.push(performance.now() - begun)
    return page
  }
  const submit = (page: Page, fields: Record<string, string>) => timed(visitor.submit(page, fields))

  return {
    look: () => timed(visitor.get('/register')),
    async name(page) {
      await Promise.all([scripts ? visitor.send('GET', lookUp, {}) : null, typing(2, 5)])
      return submit(page, { username })
    },
    async address(page) {
      const [proof] = await Promise.all([prove(page.body), typing(4, 8)])
      return submit(page, { email, ...proof })
    },
    async link() {
      const path = await linkTo(site, email, journey)
      await typing(3, 8)
      return timed(visitor.get(path))
    },
    async confirm(page) {
      await typing(1, 2)
      return submit(page, {})
    },
    async account(page) {
      await typing(5, 10)
      return submit(page, { password: PASSWORD, reason })
    },
  }
}
