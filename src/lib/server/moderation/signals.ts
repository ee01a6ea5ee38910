import { nearTo } from '$lib/registration/likeness'
import { matrixId } from '$lib/registration/username'
import type { FactsView, OtherView, OthersView } from '$lib/moderation/views'
import type { Binding } from './email-owners'
import { filterInTurns } from '../concurrency/yield-to-event-loop'
import { findEvents } from '../database/events'
import {
  findAlike,
  findNearReason,
  findSameReason,
  tallyOf,
  type Other,
  type Others,
} from '../database/signals'
import { foundBy } from '../database/search-index'
import type { Database, Reader } from '../database/open'
import { findHeldFor, findRegistration } from '../database/registrations'
import { findCameBy } from '../database/invitations'
import { findHolding } from '../database/rules'
import type { DenialFingerprints } from '../registrations/denial-fingerprints'
import { languageOf } from './reason-language'
import type { EmailAddress } from '$lib/registration/email'
import type { EventKind } from '$lib/registration/registration'

/** How many of those that share something are named; all of them are in the list. */
const NAMED = 5

/**
 * What a moderator wants to know before deciding. Costs the same however many share something with it, and waits for
 * the homeserver no longer than `bindingOf` does.
 */
export function createSignals({
  database,
  memory,
  bindingOf,
  domain,
}: {
  database: Database
  memory: Pick<DenialFingerprints, 'recall'>
  bindingOf: (address: EmailAddress) => Promise<Binding>
  domain: string
}) {
  const view = ({ id, username, email, state, stateSince }: Other): OtherView => ({
    id,
    matrixId: matrixId(username, domain),
    email,
    state,
    stateSince,
  })
  const othersView = ({ count, more, some }: Others): OthersView => ({ count, more, some: some.map(view) })

  async function reasonsLike(reader: Reader, id: string, reason: string): Promise<OthersView> {
    const same = await findSameReason(reader, id, NAMED)
    const candidates = await findNearReason(reader, id)
    const isNear = nearTo(reason)
    const near = await filterInTurns(candidates.found, (other) => isNear(other.reason))
    return {
      count: same.count + near.length,
      more: same.more || candidates.more,
      some: [...same.some, ...near].slice(0, NAMED).map(view),
    }
  }

  return {
    /** Null if there is no such registration. */
    async about(id: string): Promise<FactsView | null> {
      const registration = await database.read((reader) => findRegistration(reader, id))
      if (registration === null) return null
      const { email, language, reason, startedAt, decidedBy } = registration
      const keys = foundBy(registration)
      const asked = bindingOf(email)
      // Handled below; without this, a bug in it would crash the program during the query.
      asked.catch(() => undefined)
      const known = await database.read(async (reader) => {
        const events = await findEvents(reader, id)
        const last = (...kinds: EventKind[]) =>
          events.findLast(({ kind }) => kinds.includes(kind))?.at ?? null
        return {
          domain: { name: keys.domain, ...(await tallyOf(reader, { domain: keys.domain }, id)) },
          network: { name: keys.network, ...(await tallyOf(reader, { network: keys.network }, id)) },
          names: {
            key: keys.nameKey,
            ...othersView(await findAlike(reader, { nameKey: keys.nameKey }, id, NAMED)),
          },
          mailbox: {
            key: keys.addressKey,
            ...othersView(await findAlike(reader, { addressKey: keys.addressKey }, id, NAMED)),
          },
          reasons:
            reason === null ? { count: 0, more: false, some: [] } : await reasonsLike(reader, id, reason),
          invitation: await findCameBy(reader, id),
          heldBy: await findHolding(reader, id),
          memory: await memory.recall(reader, registration),
          heldFor: await findHeldFor(reader, id),
          steps: {
            begun: startedAt,
            confirmed: last('verified'),
            asked: last('requested'),
            decided: decidedBy === null ? null : last('approved', 'denied'),
          },
        }
      })
      const binding = await asked
      const own = matrixId(registration.username, domain)
      return {
        email,
        language,
        reasonLanguage: reason === null ? null : languageOf(reason),
        ...known,
        bound: binding.known
          ? { known: true, owner: binding.owner === own ? null : binding.owner }
          : { known: false, owner: null },
      }
    },
  }
}
