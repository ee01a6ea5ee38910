import { breadthOf, type RuleCore } from '$lib/moderation/rule'
import type { ReachCount, ReachView } from '$lib/moderation/views'
import type { Queue } from '$lib/registration/state'
import { matrixId } from '$lib/registration/username'
import type { Database } from '../database/open'
import { findTraits, type Traits } from '../database/rules'
import { createMatcher } from './matcher'
import { yieldToEventLoop } from '../concurrency/yield-to-event-loop'

/** How many waiting and how many approved requests are compared with a rule: the latest. */
const WAITING_LOOKED = 5_000
const DECIDED_LOOKED = 2_000
/** How many rows are read for each. */
const SEEN = 5_000
/** How many are shown, and can be denied with the rule. */
const SHOWN = 50
/** Read at a time, so that others run in between. */
const SLICE = 500

/** A pattern may be slow: the result is what was compared by then. */
const PATIENCE_MS = 1_500

const WAITING_QUEUES: Queue[] = ['answered', 'waiting', 'asked']

/** What was compared with a rule. `more`: there is more than that. */
interface Looked {
  looked: number
  hit: Traits[]
  more: boolean
}

/** Previews whom rules would affect before they are made. Costs the same however many registrations there are. */
export function createRuleImpact({ database, domain }: { database: Database; domain: string }) {
  async function look(
    queues: Queue[],
    most: number,
    counts: (one: Traits) => boolean,
    hits: (one: Traits) => boolean,
  ): Promise<Looked> {
    const found: Looked = { looked: 0, hit: [], more: false }
    const begun = performance.now()
    const turn = yieldToEventLoop()
    let seen = 0
    for (const queue of queues) {
      let last: Traits | null = null
      for (let full = true; full;) {
        const slice: Traits[] = await database.read((reader) => findTraits(reader, queue, last, SLICE))
        for (const one of slice) {
          if (seen++ >= SEEN || found.looked >= most || performance.now() - begun > PATIENCE_MS)
            return { ...found, more: true }
          await turn()
          if (!counts(one)) continue
          found.looked++
          if (hits(one)) found.hit.push(one)
        }
        last = slice.at(-1) ?? null
        full = slice.length === SLICE
      }
    }
    return found
  }

  /** Whom at least one of these rules matches. */
  async function reach(rules: readonly RuleCore[]): Promise<{ waiting: Looked; approved: Looked }> {
    const match = createMatcher(rules.map((rule) => ({ ...rule, id: null, expiresAt: null })))
    const hits = (one: Traits) => match(one, 0).length > 0
    const isApproved = ({ state }: Traits) => state === 'approved' || state === 'completed'
    return {
      waiting: await look(WAITING_QUEUES, WAITING_LOOKED, () => true, hits),
      approved: await look(['decided'], DECIDED_LOOKED, isApproved, hits),
    }
  }

  const counted = ({ hit, looked, more }: Looked): ReachCount => ({ count: hit.length, looked, more })

  return {
    async ofRule(rule: RuleCore): Promise<ReachView> {
      const { waiting, approved } = await reach([rule])
      return {
        rule,
        breadth: breadthOf(rule),
        waiting: {
          ...counted(waiting),
          some: waiting.hit
            .slice(0, SHOWN)
            .map(({ id, version, username, email, clientAddress, reason, stateSince }) => ({
              id,
              version,
              matrixId: matrixId(username, domain),
              email,
              clientAddress,
              reason,
              stateSince,
            })),
        },
        approved: counted(approved),
      }
    },

    async ofList(rules: readonly RuleCore[]): Promise<{ waiting: ReachCount; approved: ReachCount }> {
      const { waiting, approved } = await reach(rules)
      return { waiting: counted(waiting), approved: counted(approved) }
    },
  }
}
