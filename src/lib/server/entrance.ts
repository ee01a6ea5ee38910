import type { HeldFor } from '$lib/moderation/held'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { EntranceView } from '$lib/registration/views'
import type { Claim, Limits } from './auth/limits'
import type { ProofMode } from './config/config'
import { PROOF_MS, type Proofs, type ProofPurpose } from './proof'
import type { WaveWatch } from './wave-watch'

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

/**
 * How many begin without a proof where one is asked for: of one network, and of all. Who filled in the field that people do
 * not see is counted apart, so that programs do not take the places of people without JavaScript.
 */
export const UNPROVED = {
  network: { count: 1, windowMs: HOUR },
  everybody: { count: 20, windowMs: HOUR },
  trapped: { count: 5, windowMs: HOUR },
}

/**
 * Looks at whoever asks for a mail: whether their browser worked for it, where that is asked, and whether it looks like
 * a program. Nobody is refused for that: it is said for whom to look closer, and how few of them are let in.
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

  const unproved = ({ clientAddress, trap }: Entry): Claim[] => [
    { kind: 'unproved-network', subject: clientAddress, limit: UNPROVED.network },
    trap === ''
      ? { kind: 'unproved', subject: 'everybody', limit: UNPROVED.everybody }
      : { kind: 'unproved', subject: 'trapped', limit: UNPROVED.trapped },
  ]

  return {
    async form(purpose: ProofPurpose): Promise<EntranceView> {
      const asked = await isAsked()
      return { challenge: await proofs.make(purpose, asked), asked }
    },

    /**
     * What to hold a request for, and what to count it as besides. A proof is spent by this. Refused is a form that is
     * too old, or from before there was a proof to ask for: sending the next one is enough.
     */
    async look(
      purpose: ProofPurpose,
      entry: Entry,
    ): Promise<Result<{ heldFor: HeldFor[]; claims: Claim[] }>> {
      const { proof, trap, clientAddress } = entry
      if (mode === 'automatic') await wave.count(clientAddress)
      const evidence = await proofs.read(proof, purpose)
      const heldFor: HeldFor[] = []
      if (trap !== '') heldFor.push('trap')
      if (evidence === null || clock() - evidence.madeAt < SHORTEST_MS) heldFor.push('too_fast')
      if (!(await isAsked())) return accept({ heldFor, claims: [] })
      if (evidence !== null && (evidence.solved ? evidence.expired : !evidence.asked))
        return refuse({ code: 'form_outdated' })
      const proved = evidence?.solved === true && (await limits.take('proof', evidence.id, ONCE)).ok
      if (proved) return accept({ heldFor, claims: [] })
      return accept({ heldFor: ['no_proof', ...heldFor], claims: unproved(entry) })
    },

    /** How long somebody has to wait who was counted as these; 0: no longer. */
    async waitMs(claims: Claim[]): Promise<number> {
      const waits = await Promise.all(
        claims.map(({ kind, subject, limit }) => limits.peek(kind, subject, limit)),
      )
      return Math.max(0, ...waits.map((wait) => (wait.ok ? 0 : wait.retryAfterMs)))
    },
  }
}
