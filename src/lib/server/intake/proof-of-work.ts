import { hkdfSync, randomInt } from 'node:crypto'
import { createChallenge, verifySolution } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import * as v from 'valibot'

/** What a form is for: a proof for one purpose is not valid for another. */
export const PROOF_PURPOSES = ['start', 'link'] as const
export type ProofPurpose = (typeof PROOF_PURPOSES)[number]

/** How long a form is valid. */
export const PROOF_MS = 20 * 60 * 1000

/**
 * The work: this many derivations of so many rounds, 1.25 million rounds on average and at most 1.75 million.
 * Measured in Chromium: 0.15 s on a machine that does 9 million rounds a second; cheap phones do about a tenth of
 * that.
 */
const ROUNDS = 5_000
const FEWEST = 150
const MOST = 350
const ALGORITHM = 'PBKDF2/SHA-256'

/** What came back with a form rendered here. */
export interface Evidence {
  /** The same for each use of one form. */
  id: string
  madeAt: number
  /** When the first one was rendered, if this one took the place of one that was refused; otherwise `madeAt`. */
  begunAt: number
  /** Whether the browser was asked to do the work, and did it. */
  asked: boolean
  solved: boolean
  expired: boolean
}

const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/))
const sentSchema = v.pipe(
  v.string(),
  v.maxLength(4000),
  v.parseJson(),
  v.object({
    challenge: v.object({
      parameters: v.object({
        algorithm: v.literal(ALGORITHM),
        cost: v.literal(ROUNDS),
        data: v.object({
          purpose: v.picklist(PROOF_PURPOSES),
          madeAt: v.number(),
          asked: v.boolean(),
          begunAt: v.exactOptional(v.number()),
        }),
        keyLength: v.number(),
        keyPrefix: hex,
        keySignature: v.exactOptional(hex),
        nonce: hex,
        salt: hex,
      }),
      signature: hex,
    }),
    solution: v.optional(v.object({ counter: v.number(), derivedKey: v.string() })),
  }),
)

export type Proofs = ReturnType<typeof createProofs>

/**
 * Signs a form's hidden fields, and reads what came back with them (ALTCHA, proof of work version 2). Stateless: the
 * caller makes sure that a proof is used once, by its `id`. `counter`: the number of the right derivation.
 */
export function createProofs({
  secret,
  clock,
  counter = () => randomInt(FEWEST, MOST + 1),
}: {
  secret: string
  clock: () => number
  counter?: () => number
}) {
  const key = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)).toString('hex')
  const hmacSignatureSecret = key('proof of work: challenge')
  const hmacKeySignatureSecret = key('proof of work: solution')

  return {
    /**
     * A form's hidden fields: signed, with its time, and with work to do if it is `asked`. `begunAt`: that of the form
     * in whose place it is shown.
     */
    async make(purpose: ProofPurpose, asked: boolean, begunAt?: number): Promise<string> {
      const challenge = await createChallenge({
        algorithm: ALGORITHM,
        cost: ROUNDS,
        data: { purpose, madeAt: clock(), asked, ...(begunAt === undefined ? {} : { begunAt }) },
        deriveKey,
        hmacSignatureSecret,
        ...(asked ? { counter: counter(), hmacKeySignatureSecret } : {}),
      })
      return JSON.stringify({ challenge })
    },

    /** Null if it was not made here for this purpose. */
    async read(sent: string, purpose: ProofPurpose): Promise<Evidence | null> {
      const parsed = v.safeParse(sentSchema, sent)
      if (!parsed.success) return null
      const { challenge, solution } = parsed.output
      const { data, nonce } = challenge.parameters
      if (data.purpose !== purpose) return null
      const { invalidSignature, verified } = await verifySolution({
        challenge,
        solution: solution ?? { counter: 0, derivedKey: '' },
        deriveKey,
        hmacSignatureSecret,
        hmacKeySignatureSecret,
      })
      if (invalidSignature !== false) return null
      return {
        id: nonce,
        madeAt: data.madeAt,
        begunAt: data.begunAt ?? data.madeAt,
        asked: data.asked,
        solved: data.asked && verified,
        expired: clock() - data.madeAt > PROOF_MS,
      }
    },
  }
}
