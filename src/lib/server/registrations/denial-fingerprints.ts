import { createHmac, hkdfSync } from 'node:crypto'
import { MEMORY_KINDS, type MemoryKind } from '$lib/moderation/memory'
import type { MemoryView } from '$lib/moderation/views'
import type { Registration } from '$lib/registration/registration'
import { mailboxKeys } from '$lib/registration/mailbox'
import { foundBy } from '../database/search-index'
import { countDenials, findMemories, insertMemories } from '../database/denial-fingerprints'
import type { Reader, Transaction } from '../database/open'
import { DAY } from '$lib/registration/time'

/** Counting stops here, so that last month's surge does not make a page slow. */
const COUNTED = 1_000

type Traits = Pick<Registration, 'username' | 'email' | 'clientAddress'>

export type DenialFingerprints = ReturnType<typeof createDenialFingerprints>

/**
 * Fingerprints of denied registrations, kept when their data is deleted: HMAC-SHA256 of inbox, network and lookalike
 * form of the username under its own key (HKDF, RFC 5869), so that the next one can be called similar without
 * identifying anybody.
 */
export function createDenialFingerprints({
  secretKey,
  days,
  randomId,
}: {
  secretKey: string
  /** How long they are kept after the data is deleted; 0: not at all. */
  days: number
  randomId: () => string
}) {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'memory of denials', 32))
  const hashOf = (kind: MemoryKind, value: string) =>
    createHmac('sha256', key).update(`${kind}\0${value}`).digest('base64url')

  function hashesOf(registration: Traits): Record<MemoryKind, string> {
    const { addressKey, network, nameKey } = foundBy(registration)
    return {
      mailbox: hashOf('mailbox', addressKey),
      network: hashOf('network', network),
      name: hashOf('name', nameKey),
    }
  }

  /** Also by the earlier mailbox rule, because the source of those hashes is unknown. */
  function wantedFor(registration: Traits): Record<MemoryKind, string[]> {
    const { network, name } = hashesOf(registration)
    const mailbox = mailboxKeys(registration.email).map((key) => hashOf('mailbox', key))
    return { mailbox, network: [network], name: [name] }
  }

  return {
    /** Called when a registration is deleted; nothing is kept unless it was denied. */
    async remember(tx: Transaction, registration: Registration, now: number): Promise<void> {
      if (registration.state !== 'denied' || days === 0) return
      const hashes = hashesOf(registration)
      const shared = {
        denial: randomId(),
        category: registration.category,
        deniedAt: registration.stateSince,
        forgetAt: now + days * DAY,
      }
      await insertMemories(
        tx,
        MEMORY_KINDS.map((kind) => ({ kind, hash: hashes[kind], ...shared })),
      )
    },

    /** How many denied registrations with deleted data were similar to each of these, by ID; none: left out. */
    async countSimilar(
      reader: Reader,
      registrations: (Traits & { id: string })[],
    ): Promise<Map<string, number>> {
      const wanted = registrations.flatMap((registration) => {
        const hashes = wantedFor(registration)
        return MEMORY_KINDS.flatMap((kind) =>
          hashes[kind].map((hash) => ({ of: registration.id, kind, hash })),
        )
      })
      return wanted.length === 0 ? new Map<string, number>() : countDenials(reader, wanted, COUNTED)
    },

    /** How many denied registrations with deleted data were similar to this one; null: none. */
    async recall(reader: Reader, registration: Registration): Promise<MemoryView | null> {
      const hashes = wantedFor(registration)
      const denials = new Map<string, string | null>()
      const counts = { mailbox: 0, network: 0, name: 0 }
      for (const kind of MEMORY_KINDS) {
        const found = await findMemories(reader, { kind, hashes: hashes[kind] }, COUNTED)
        counts[kind] = found.length
        for (const { denial, category } of found) denials.set(denial, category)
      }
      if (denials.size === 0) return null
      const categories = new Set([...denials.values()].filter((category) => category !== null))
      return { count: denials.size, ...counts, categories: [...categories] }
    },
  }
}
