import type { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createProofs, type Proofs } from '../../../src/lib/server/intake/proof-of-work'
import { solved } from '../../support/proof'
import type { Site } from '../../support/site'
import { aVisitor, formsIn } from '../../support/visitor'
import { linkTo, PASSWORD, workIn, type Journey, type Page, type Steps } from './journey'
import type { Wish } from './wishes'

/** Just more than what is called too fast. */
const KEPT_MS = 3_100
/** What the work takes a machine like this one. */
export const WORK_MS = 250

/** Proofs with next to no work: the programs of a wave have machines of their own, which would not slow this one down. */
export const cheapProofs = (secret: string): Proofs =>
  createProofs({ secret, clock: Date.now, counter: () => 1 })

/**
 * A program, which opens no page that it does not need. A blunt one sends each form at once, fills in the hidden field and
 * proves nothing; the others keep the time and do the work. All of them read their mail.
 */
export function programSteps(site: Site, agent: Agent, wish: Wish, journey: Journey, cheap: Proofs): Steps {
  const { kind, username, email, reason } = wish
  const visitor = aVisitor(site.url, agent, { 'x-forwarded-for': wish.address })
  const blunt = kind === 'blunt'

  /** Posts, and looks at the next page only where it is not the one that was meant. */
  async function post(path: string, fields: Record<string, string>, meant: string): Promise<Page> {
    const answer = await visitor.postAlone(path, fields)
    const { location } = answer.headers
    if (answer.status !== 303 || location === undefined) return { ...answer, path }
    const next = String(location)
    return next.startsWith(meant) ? { ...answer, body: '', path: next } : visitor.get(next)
  }

  async function prove(html: string): Promise<{ proof?: string }> {
    if (workIn(html) === null) return {}
    journey.proofs++
    const proof = await solved(await cheap.make('start', true))
    await sleep(WORK_MS)
    return { proof }
  }

  return {
    look: (page) => Promise.resolve(page),
    name: (page) =>
      blunt ? post('/register', { username }, '/register/email') : visitor.post(page.path, { username }),
    async address(page) {
      if (blunt)
        return post(
          '/register/email',
          { email, chosen: username, topic: 'Hello', proof: '' },
          '/register/email?sent',
        )
      const [proof] = await Promise.all([prove(page.body), sleep(KEPT_MS)])
      return visitor.submit(page, { email, ...proof })
    },
    link: async () => ({ status: 200, headers: {}, body: '', path: await linkTo(site, email, journey) }),
    confirm: ({ path }) => post(`${path}?/confirm`, {}, '/register/account'),
    account: ({ body }) => {
      const [form] = formsIn(body)
      const fields = { ...form?.hidden, password: PASSWORD, reason }
      return post('/register/account?/request', fields, '/register/status')
    },
  }
}
