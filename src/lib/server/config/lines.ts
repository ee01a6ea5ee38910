import { variableOf } from './environment'
import { pathText } from './path'
import type { Setting } from './setting-paths'

/** How problems and warnings name settings: as the operator has set them, or would. */
export interface Lines {
  /** `email.port`, or `SYNAPSE_REGISTRATION_EMAIL_PORT in the environment`. */
  nameOf: (key: string) => string
  /** The line for a text that starts with a setting's key. */
  lineOf: (text: string) => string
}

/** `file`: its path, or null if there is none; `given`: the keys that the environment sets. */
export function linesFor(
  settings: readonly Setting[],
  { file, given }: { file: string | null; given: ReadonlySet<string> },
): Lines {
  const variables = new Map(
    settings
      .map(({ path }) => [pathText(path), variableOf(path)] as const)
      .filter(([key]) => file === null || given.has(key)),
  )
  const nameOf = (key: string) => {
    const variable = variables.get(key)
    return variable === undefined ? key : `${variable} in the environment`
  }
  function lineOf(text: string): string {
    const [, key = '', entry, inner, rest = ''] =
      /^([a-z_.]+)(?: entry ([0-9]+)(?:: ([a-z_]+))?)? (.*)$/s.exec(text) ?? []
    if (!variables.has(key)) return file === null ? text : `${file}: ${text}`
    const name = entry === undefined ? nameOf(key) : `entry ${entry} of ${nameOf(key)}`
    return inner === undefined ? `${name} ${rest}` : `${name}: ${inner} ${rest}`
  }
  return { nameOf, lineOf }
}
