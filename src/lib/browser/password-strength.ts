import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'
import { hashedForm } from '$lib/registration/password'

const estimator = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
})

/** The homeserver ignores more than this, and estimating it would only cost time. */
const LONGEST = 72

/**
 * The strength of the password as it is hashed, from 0 (found at once) to 4 (never). Large: load it on demand.
 * `known`: words that an attacker tries first, such as the username.
 */
export function passwordStrength(password: string, known: string[]): 0 | 1 | 2 | 3 | 4 {
  return estimator.check(hashedForm(password).slice(0, LONGEST), known).score
}
