import type { EmailAddress } from '$lib/registration/email'
import type { OutageLog } from '../logging/outage-log'
import type { Homeserver } from '../homeserver/homeserver'
import { createShared } from '../concurrency/coalesce'
import { createKeptAnswers } from '../concurrency/kept-answers'

/** The owner of an address on the homeserver; `known: false`: it did not answer in time. */
export type Binding = { known: true; owner: string | null } | { known: false }

const KEPT_MS = 5 * 60_000
/** A homeserver that does not answer is asked again after this. */
const UNKNOWN_KEPT_MS = 30_000
const KEPT_COUNT = 500

/**
 * Asks the homeserver who owns an email address, for pages: an answer is cached for five minutes, and one that takes
 * longer than `patienceMs` is not waited for (it is cached when it arrives). Never throws for an outage.
 */
export function createBoundAddresses({
  homeserver,
  logFailure,
  clock,
  patienceMs = 2_000,
}: {
  homeserver: Pick<Homeserver, 'addressOwner'>
  logFailure: OutageLog
  clock: () => number
  patienceMs?: number
}) {
  const kept = createKeptAnswers<EmailAddress, Binding>({ clock, most: KEPT_COUNT })
  const keep = (address: EmailAddress, binding: Binding) =>
    kept.keep(address, binding, binding.known ? KEPT_MS : UNKNOWN_KEPT_MS)

  const ask = createShared(async (address: EmailAddress): Promise<Binding> => {
    try {
      return keep(address, { known: true, owner: await homeserver.addressOwner(address) })
    } catch (error) {
      if (logFailure('address owner', error)) return keep(address, { known: false })
      throw error
    }
  })

  return async (address: EmailAddress): Promise<Binding> => {
    const found = kept.get(address)
    if (found !== null) return found.answer
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Binding>((resolve) => {
      timer = setTimeout(() => resolve(keep(address, { known: false })), patienceMs)
    })
    try {
      return await Promise.race([ask(address), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
