import type { HeldFor } from '$lib/moderation/held'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { EntranceView } from '$lib/registration/views'
import { byNetwork, type Claim, type RateLimiter } from '../rate-limits/rate-limiter'
import type { Line } from '../rate-limits/rate-limits'
import type { ProofMode } from '../config/modes'
import { PROOF_MS, type Proofs, type ProofPurpose } from './proof-of-work'
import type { SurgeDetector } from './surge-detector'
import { HOUR } from '$lib/registration/time'

/** What came with a form: its hidden fields, with the solution if there is one, and the honeypot. */
export interface Entry {
  proof: string
  trap: string
  clientAddress: string
}

export type Entrance = ReturnType<typeof createEntrance>

/** Nobody types an address faster than this. */
const SHORTEST_MS = 3_000
const ONCE = { count: 1, windowMs: PROOF_MS }

/** How often one network may start without a proof while one is required. */
const UNPROVED = { count: 1, windowMs: HOUR }

/**
 * Checks whoever requests an email: whether their browser solved the proof of work, if required, and whether it looks
 * like a bot. Nobody is refused for that: the request is flagged, and put into a quota.
 */
export function createEntrance({
  proofs,
  wave,
  limits,
  mode,
  clock,
}: {
  proofs: Proofs
  wave: SurgeDetector
  limits: RateLimiter
  mode: ProofMode
  clock: () => number
}) {
  const isAsked = () => (mode === 'automatic' ? wave.isSeen() : mode === 'on')

  return {
    /** `refused`: the `proof` of the form in whose place it is shown, if any; its time counts on. */
    async form(purpose: ProofPurpose, refused = ''): Promise<EntranceView> {
      const asked = await isAsked()
      const before = refused === '' ? null : await proofs.read(refused, purpose)
      return { challenge: await proofs.make(purpose, asked, before?.begunAt), asked }
    },

    /**
     * What to flag a request for, its quota, and what else to count it as. This consumes a proof. Refused if the form
     * is too old, was sent before with its proof, as when the answer got lost, or is from before a proof was required:
     * submitting the next one is enough.
     */
    async look(
      purpose: ProofPurpose,
      entry: Entry,
    ): Promise<Result<{ heldFor: HeldFor[]; line: Line; more: Claim[] }>> {
      const { proof, trap, clientAddress } = entry
      if (mode === 'automatic') await wave.count(clientAddress)
      const evidence = await proofs.read(proof, purpose)
      const heldFor: HeldFor[] = []
      if (trap !== '') heldFor.push('trap')
      if (evidence === null || clock() - evidence.begunAt < SHORTEST_MS) heldFor.push('too_fast')
      const withOthers = { heldFor, line: 'proved' as const, more: [] }
      if (!(await isAsked())) return accept(withOthers)
      if (evidence !== null && !evidence.asked) return refuse({ code: 'form_outdated' })
      if (evidence?.solved === true) {
        const fresh = !evidence.expired && (await limits.take('proof', evidence.id, ONCE)).ok
        return fresh ? accept(withOthers) : refuse({ code: 'form_outdated' })
      }
      return accept({
        heldFor: ['no_proof', ...heldFor],
        line: trap === '' ? 'unproved' : 'trapped',
        more: byNetwork('unproved-network', clientAddress, UNPROVED),
      })
    },
  }
}
