import { setTimeout as sleep } from 'node:timers/promises'
import { linkIn, type Site } from '../../support/site'
import { formsIn, type Answer } from '../../support/visitor'
import { refusedBy, type Refusal, type Refused } from './refusals'
import type { Wish } from './wishes'

export type Page = Answer & { path: string }

const STEPS = ['look', 'name', 'address', 'link', 'confirm', 'account'] as const
export type Step = (typeof STEPS)[number]
/** Each step goes on from the page that the one before ended on. */
export type Steps = Record<Step, (page: Page) => Promise<Page>>

/**
 * How far somebody got. `repeated`: forms sent once more; `waited`: how often they came again a minute later; `mailMs`: how
 * long their mail took, null where none came; `pagesMs`: how long each page took.
 */
export interface Journey {
  end: 'requested' | Refusal
  step: Step
  repeated: number
  waited: number
  proofs: number
  mailMs: number | null
  pagesMs: number[]
}

export const PASSWORD = 'seven quiet herons at dusk'
const MAIL_MS = 180_000
const MINUTE = 60
const MOST_TRIES = 3

export const aJourney = (): Journey => ({
  end: 'requested',
  step: 'look',
  repeated: 0,
  waited: 0,
  proofs: 0,
  mailMs: null,
  pagesMs: [],
})

/** The path of the link in the first mail to an address, waited for. */
export async function linkTo(site: Site, email: string, journey: Journey): Promise<string> {
  const begun = performance.now()
  const mail = await site.mail.next(email, 0, MAIL_MS)
  journey.mailMs = performance.now() - begun
  return new URL(linkIn(mail, '/register/verify/')).pathname
}

/** The work that a page asks a browser for; null where it asks for none. */
export function workIn(html: string): string | null {
  if (!html.includes('data-proof-worker')) return null
  return formsIn(html).find(({ names }) => names.includes('proof'))?.hidden['proof'] ?? null
}

/** Seconds until somebody tries again, where the page says soon; null: they give up. Programs wait for no minute. */
function patience(kind: Wish['kind'], { refusal, seconds }: Refused, before: number): number | null {
  if (seconds === null || seconds > MINUTE || before >= MOST_TRIES - 1) return null
  if (refusal === 'busy' || refusal === 'cut' || refusal === 'outdated') return seconds
  return kind === 'person' ? seconds : null
}

/** Takes the steps, as far as the site lets one. */
export async function travel(kind: Wish['kind'], steps: Steps, journey: Journey): Promise<Journey> {
  let page: Page = { status: 200, headers: {}, body: '', path: '/register' }
  for (const step of STEPS) {
    journey.step = step
    for (let before = 0; ; before++) {
      const answer = await steps[step](page).catch(missing)
      const refused = 'refusal' in answer ? answer : refusedBy(answer)
      // A refused form comes back with what the next try needs.
      if ('body' in answer && (refused === null || formsIn(answer.body).length > 0)) page = answer
      if (refused === null) break
      const seconds = patience(kind, refused, before)
      if (seconds === null) return { ...journey, end: refused.refusal }
      if (seconds === MINUTE) journey.waited++
      else journey.repeated++
      await sleep(seconds * 1000)
    }
  }
  if (page.path.startsWith('/register/status')) return journey
  throw new Error(`Somebody ended on ${page.path} (${page.status})`)
}

/** What came in place of a page: no mail in time, or a connection that broke. */
function missing(error: unknown): Refused {
  if (error instanceof Error && error.message.startsWith('No mail'))
    return { refusal: 'no_mail', seconds: null }
  if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
    return { refusal: 'cut', seconds: 1 }
  throw error
}
