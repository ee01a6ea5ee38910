import type { HeldFor } from '$lib/moderation/held'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { EntranceView } from '$lib/registration/views'
import { byNetwork, type Claim, type Limits } from '../rate-limits/rate-limiter'
import type { Line } from '../rate-limits/rate-limits'
import type { ProofMode } from '../config/config'
import { PROOF_MS, type Proofs, type ProofPurpose } from './proof-of-work'
import type { WaveWatch } from './surge-detector'

/** What came with a form: what it carried, with the solution if there is one, and the field that people do not see. */
export interface Entry {
  proof: string
  trap: string
  clientAddress: string
}

export type Entrance = ReturnType<typeof createEntrance>

const HOUR = 60 * 60 * 1000
/** Faster than this nobody types an address. */
const SHORTEST_MS = 3_000
const ONCE = { count: 1, windowMs: PROOF_MS }

/** How often one network begins without a proof where one is asked for. */
export const UNPROVED = { count: 1, windowMs: HOUR }

/**
 * Looks at whoever asks for a mail: whether their browser worked for it, where that is asked, and whether it looks like
 * a program. Nobody is refused for that: it is said for whom to look closer, and where they stand in line.
 */
export function createEntrance({
  proofs,
  wave,
  limits,
  mode,
  clock,
}: {
  proofs: Proofs
  wave: WaveWatch
  limits: Limits
  mode: ProofMode
  clock: () => number
}) {
  const isAsked = () => (mode === 'automatic' ? wave.isSeen() : mode === 'on')

  return {
    async form(purpose: ProofPurpose): Promise<EntranceView> {
      const asked = await isAsked()
      return { challenge: await proofs.make(purpose, asked), asked }
    },

    /**
     * What to hold a request for, where it stands in line, and what to count it as besides. A proof is spent by this. Refused is a form that is
     * too old, or from before there was a proof to ask for: sending the next one is enough.
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
      if (evidence === null || clock() - evidence.madeAt < SHORTEST_MS) heldFor.push('too_fast')
      const withOthers = { heldFor, line: 'proved' as const, more: [] }
      if (!(await isAsked())) return accept(withOthers)
      if (evidence !== null && (evidence.solved ? evidence.expired : !evidence.asked))
        return refuse({ code: 'form_outdated' })
      const proved = evidence?.solved === true && (await limits.take('proof', evidence.id, ONCE)).ok
      if (proved) return accept(withOthers)
      return accept({
        heldFor: ['no_proof', ...heldFor],
        line: trap === '' ? 'unproved' : 'trapped',
        more: byNetwork('unproved-network', clientAddress, UNPROVED),
      })
    },
  }
}
