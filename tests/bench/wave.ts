import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { askDatabase, startSite, type Site } from '../support/site'
import { clear } from './wave/clearing'
import { figuresOf, print, type Measured, type Went } from './wave/figures'
import { aJourney, travel, type Journey } from './wave/journey'
import { signedIn } from './wave/moderator'
import { personSteps } from './wave/person'
import { cheapProofs, programSteps } from './wave/program'
import { wishesOf, type Wish } from './wave/wishes'

/** So many begin in a second, and so many programs are on their way at a time. */
const PER_SECOND = 33
const PROGRAMS_AT_ONCE = 300
const SHORTEST_MS = 40_000
/** Connections that lie still are closed before the server does it, so that no form meets a closing one. */
const IDLE_MS = 2_000

/** What is `undefined`, or missing, has the program's own default, and not what makes other tests fast. */
const DEFAULTS = { trust_proxy: true, rate_limit: {}, moderation: {} }
const NEVER_CLOSES = { max_waiting: 0, max_per_day: 0 }
const RUNS: { name: string; config: Record<string, unknown> }[] = [
  {
    name: 'defaults',
    config: { ...DEFAULTS, registration: { max_waiting: undefined, max_per_day: undefined } },
  },
  { name: 'never closes', config: { ...DEFAULTS, registration: NEVER_CLOSES } },
  {
    name: 'no brakes',
    config: {
      ...DEFAULTS,
      rate_limit: { email_submission: 100_000, everybody_per_minute: 1_000_000 },
      registration: { ...NEVER_CLOSES, proof_of_work: 'off' },
    },
  },
]

/**
 * A wave of wishes for accounts against the running site, three times: as it is configured by default, without the limits
 * that close it, and without any brake. After each a moderator clears the queue with the desk's own pages. `WAVE` is how
 * many come (5,000; a hundredth of them people), `RUNS` which runs (`0,1,2`). All of it comes from this machine, and mail
 * goes to a server here. One run takes some minutes; over midnight (UTC) a second day's limit would count.
 */
export async function wave(): Promise<void> {
  const count = Number(process.env.WAVE ?? 5_000)
  const asked = (process.env.RUNS ?? '0,1,2').split(',').map(Number)
  const wishes = wishesOf(count, Math.max(SHORTEST_MS, (count / PER_SECOND) * 1000))
  const columns: { name: string; figures: [string, string][] }[] = []
  try {
    for (const [index, { name, config }] of RUNS.entries())
      if (asked.includes(index)) columns.push({ name, figures: figuresOf(await measure(config, wishes)) })
  } finally {
    // What one run took minutes for is not lost with the next one.
    if (columns.length > 0) print(wishes, columns)
  }
}

async function measure(config: Record<string, unknown>, wishes: Wish[]): Promise<Measured> {
  const site = await startSite({ config })
  try {
    const begun = performance.now()
    const went = await go(site, wishes)
    const seconds = (performance.now() - begun) / 1000
    const before = await registrationsOf(site)
    const mails = site.mail.mails.map(({ to }) => [to ?? []].flat().flatMap(({ value }) => value))
    const cleared = await clear(await signedIn(site))
    return { went, seconds, before, mails: mails.flat(), cleared, after: await registrationsOf(site) }
  } finally {
    await site.stop()
  }
}

/** All wishes at their times: how each of them ended. */
async function go(site: Site, wishes: Wish[]): Promise<Went[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1_000, timeout: IDLE_MS })
  const cheap = cheapProofs((await readFile(join(site.folder, 'secret_key'), 'utf8')).trim())
  const begun = performance.now()
  const programs = new Set<Promise<unknown>>()
  const all: Promise<Went>[] = []

  async function one(wish: Wish): Promise<Went> {
    const journey: Journey = aJourney()
    const steps =
      wish.kind === 'person'
        ? personSteps(site, agent, wish, journey)
        : programSteps(site, agent, wish, journey, cheap)
    const ended = await travel(wish.kind, steps, journey)
    return { ...wish, ...ended, endedAt: performance.now() - begun }
  }

  for (const wish of wishes) {
    await sleep(wish.at - (performance.now() - begun))
    while (wish.kind !== 'person' && programs.size >= PROGRAMS_AT_ONCE) await Promise.race(programs)
    const went = one(wish)
    all.push(went)
    const done = went.catch(() => undefined).finally(() => programs.delete(done))
    if (wish.kind !== 'person') programs.add(done)
  }
  const went = await Promise.all(all)
  agent.destroy()
  return went
}

const heldSchema = v.pipe(v.string(), v.parseJson(), v.array(v.string()))

/** What became of each, by name: looked up where the pages would not tell, for the figures alone. */
async function registrationsOf(site: Site): Promise<Measured['before']> {
  const { rows } = await askDatabase(site, 'select username, state, held_for as held from registrations')
  return new Map(
    rows.map(({ username, state, held }) => [
      String(username),
      { state: String(state), marked: v.parse(heldSchema, held).length > 0 },
    ]),
  )
}
