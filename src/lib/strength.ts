import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as en from '@zxcvbn-ts/language-en'

const estimator = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...en.dictionary },
  graphs: common.adjacencyGraphs,
})

/** How hard a password is to guess, 0 (at once) to 4 (very hard), by zxcvbn. `known`: words an attacker tries first. */
export function strengthOf(password: string, known: string[]): number {
  return estimator.check(password.slice(0, 72), known).score
}
