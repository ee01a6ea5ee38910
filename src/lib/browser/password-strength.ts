import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'
import { hashedForm } from '$lib/registration/password'

const estimator = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
})

/** More than this is cut by the homeserver, and estimating it would only cost time. */
const LONGEST = 72

/**
 * How hard what is hashed of a password is to guess, from 0 (at once) to 4 (not in this life). Large: load it when it is needed.
 * `known`: words that an attacker tries first, such as the name.
 */
export function passwordStrength(password: string, known: string[]): 0 | 1 | 2 | 3 | 4 {
  return estimator.check(hashedForm(password).slice(0, LONGEST), known).score
}
