import { breadthOf, type RuleCore } from '$lib/moderation/rule'
import type { ReachView } from '$lib/moderation/views'
import type { Queue } from '$lib/registration/state'
import { matrixId } from '$lib/registration/username'
import type { Database } from './database/open'
import { findTraits, type Traits } from './database/rules'
import { createMatcher } from './rules'

/** So many that wait are compared with a rule, and so many that were approved: the newest. */
const WAITING_LOOKED = 5_000
const DECIDED_LOOKED = 2_000
/** So many rows are read for either. */
const SEEN = 5_000
/** So many are shown, and can be denied with the rule. */
const SHOWN = 50
/** Read at a time, so that others have a turn in between. */
const SLICE = 500

/** A pattern may be slow: what was compared by then is the answer. */
const PATIENCE_MS = 1_500
/** So long the event loop is held in one go. */
const TURN_MS = 20

const WAITING_QUEUES: Queue[] = ['answered', 'waiting', 'asked']

/** What was compared with a rule. `more`: there is more than that. */
interface Looked {
  looked: number
  hit: Traits[]
  more: boolean
}

/** Tells whom a rule would hit, before it is made. Costs the same however many registrations there are. */
export function createRuleReach({ database, domain }: { database: Database; domain: string }) {
  async function look(
    queues: Queue[],
    most: number,
    counts: (one: Traits) => boolean,
    hits: (one: Traits) => boolean,
  ): Promise<Looked> {
    const found: Looked = { looked: 0, hit: [], more: false }
    const begun = performance.now()
    let turn = begun
    let seen = 0
    for (const queue of queues) {
      let last: Traits | null = null
      for (let full = true; full;) {
        const slice: Traits[] = await database.read((reader) => findTraits(reader, queue, last, SLICE))
        for (const one of slice) {
          const now = performance.now()
          if (seen++ >= SEEN || found.looked >= most || now - begun > PATIENCE_MS)
            return { ...found, more: true }
          if (now - turn > TURN_MS) {
            await new Promise(setImmediate)
            turn = performance.now()
          }
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

  return async (rule: RuleCore): Promise<ReachView> => {
    const match = createMatcher([{ ...rule, id: null, expiresAt: null }])
    const hits = (one: Traits) => match(one, 0).length > 0
    const isApproved = ({ state }: Traits) => state === 'approved' || state === 'completed'
    const waiting = await look(WAITING_QUEUES, WAITING_LOOKED, () => true, hits)
    const approved = await look(['decided'], DECIDED_LOOKED, isApproved, hits)
    return {
      rule,
      breadth: breadthOf(rule),
      waiting: {
        count: waiting.hit.length,
        looked: waiting.looked,
        more: waiting.more,
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
      approved: { count: approved.hit.length, looked: approved.looked, more: approved.more },
    }
  }
}
