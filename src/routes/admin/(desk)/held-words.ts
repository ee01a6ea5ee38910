import type { HeldFor } from '$lib/moderation/held'
import { m } from '$lib/paraglide/messages'

const TAGS: Record<HeldFor, () => string> = {
  no_proof: m.proof_tag_no_proof,
  trap: m.proof_tag_trap,
  too_fast: m.proof_tag_too_fast,
  disposable: m.proof_tag_disposable,
  configuration: m.proof_tag_configuration,
  unknown: m.proof_tag_unknown,
}
const WORDS: Record<HeldFor, () => string> = {
  no_proof: m.proof_held_no_proof,
  trap: m.proof_held_trap,
  too_fast: m.proof_held_too_fast,
  disposable: m.proof_held_disposable,
  configuration: m.proof_held_configuration,
  unknown: m.proof_held_unknown,
}

/** What flags a request besides a rule, in a few words. */
export const heldTag = (why: HeldFor): string => TAGS[why]()

/** The same in a sentence. */
export const heldWords = (why: HeldFor): string => WORDS[why]()
