import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import { hashedForm } from '$lib/registration/password'

/** Large, so it is loaded when a password is set, and not at the start. */
const estimator = new ZxcvbnFactory({ dictionary: common.dictionary, graphs: common.adjacencyGraphs })

/** Longer input only costs time. */
const LONGEST = 72
/** zxcvbn's scores range from 0 to 4; at this one, 10^8 guesses are not enough. */
const SAFE = 3

/**
 * Whether a password is among the most common ones. `known`: other words that an attacker tries, such as the
 * username.
 */
export function isGuessed(password: string, known: string[]): boolean {
  return estimator.check(hashedForm(password).slice(0, LONGEST), known).score < SAFE
}
