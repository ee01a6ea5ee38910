import { breadthOf, type RuleCore } from '$lib/moderation/rule'
import type { ReachView } from '$lib/moderation/views'
import type { Queue } from '$lib/registration/state'
import { matrixId } from '$lib/registration/username'
import type { Database } from './database/open'
import { findTraits, type Traits } from './database/rules'
import { createMatcher } from './rules'

/** So many that wait are compared with a rule, and so many that were decided: the newest. */
const WAITING_LOOKED = 5_000
const DECIDED_LOOKED = 2_000
/** So many are shown, and can be denied with the rule. */
const SHOWN = 50
/** Read at a time, so that others have a turn in between. */
const SLICE = 500

const WAITING: Queue[] = ['answered', 'waiting', 'asked']

/** Tells whom a rule would hit, before it is made. Costs the same however many registrations there are. */
export function createRuleReach({ database, domain }: { database: Database; domain: string }) {
  async function newest(queue: Queue, most: number): Promise<Traits[]> {
    const found: Traits[] = []
    while (found.length < most) {
      const last = found.at(-1) ?? null
      const slice = await database.read((reader) => findTraits(reader, queue, last, SLICE))
      found.push(...slice)
      if (slice.length < SLICE) break
      await new Promise(setImmediate)
    }
    return found
  }

  return async (rule: RuleCore): Promise<ReachView> => {
    const match = createMatcher([{ ...rule, id: null, expiresAt: null }])
    const hits = (one: Traits) => match(one, 0).length > 0
    const waiting: Traits[] = []
    for (const queue of WAITING) waiting.push(...(await newest(queue, WAITING_LOOKED - waiting.length)))
    const approved = (await newest('decided', DECIDED_LOOKED)).filter(
      ({ state }) => state === 'approved' || state === 'completed',
    )
    const reached = waiting.filter(hits)
    return {
      rule,
      breadth: breadthOf(rule),
      waiting: {
        count: reached.length,
        looked: waiting.length,
        more: waiting.length >= WAITING_LOOKED,
        some: reached
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
      approved: {
        count: approved.filter(hits).length,
        looked: approved.length,
        more: approved.length >= DECIDED_LOOKED,
      },
    }
  }
}
