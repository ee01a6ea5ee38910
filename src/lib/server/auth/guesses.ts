import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import { hashedForm } from '$lib/registration/password'

/** Large, so it is loaded where a password is set, and not at the start. */
const estimator = new ZxcvbnFactory({ dictionary: common.dictionary, graphs: common.adjacencyGraphs })

/** More than this only costs time. */
const LONGEST = 72
/** zxcvbn's scores go from 0 to 4; with this one, 10^8 guesses are not enough. */
const SAFE = 3

/** Whether a password is among those that are tried first. `known`: words that are tried as well, such as the name. */
export function isGuessed(password: string, known: string[]): boolean {
  return estimator.check(hashedForm(password).slice(0, LONGEST), known).score < SAFE
}
