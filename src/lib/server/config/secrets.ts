import { pathText, type Path, type Problem } from './path'
import { whyUnread, type ReadFile } from './read-file'
import type { Group } from './shape'

export type Environment = Readonly<Record<string, string | undefined>>

/** Settings that can also come from a file or from the environment, and that no message ever shows. */
export const SECRETS: readonly (readonly string[])[] = [
  ['secret_key'],
  ['synapse', 'admin_token'],
  ['email', 'password'],
  ['form_secret'],
  ['database', 'auth_token'],
]

/** The environment variable of a secret: `SYNAPSE_REGISTRATION_` and its path. `…_FILE` names a file instead. */
export function secretVariable(path: readonly string[]): string {
  return `SYNAPSE_REGISTRATION_${path.join('_').toUpperCase()}`
}

interface Source {
  name: string
  /** Reads the value; throws like node:fs. */
  read: () => unknown
}

/**
 * Adds secrets from files or the environment to `settings`, in place of the file's own. Each can be set in one place
 * only. An empty variable counts as not set.
 */
export function fillInSecrets(settings: Group, env: Environment, readFile: ReadFile): Problem[] {
  const problems: Problem[] = []
  for (const path of SECRETS) {
    const group = groupOf(settings, path)
    const sources = group === null ? [] : sourcesOf(path, group, env, readFile)
    const [source, ...others] = sources
    if (group === null || source === undefined) continue
    if (others.length > 0) {
      const names = sources.map(({ name }) => name).join(' and as ')
      problems.push({ path, text: `is given twice, as ${names}: keep one` })
    }
    try {
      group[path.at(-1) ?? ''] = source.read()
    } catch (error) {
      problems.push({
        path,
        text: `cannot be read from the file in ${source.name}: ${whyUnread(error)}`,
      })
    }
  }
  return problems
}

function sourcesOf(path: readonly string[], group: Group, env: Environment, readFile: ReadFile): Source[] {
  const variable = secretVariable(path)
  const key = path.at(-1) ?? ''
  const fileKey = pathText([...path.slice(0, -1), `${key}_file`])
  const fromFile = (file: string) => readFile(file).replace(/\r?\n$/, '')
  const given: [string, unknown, (value: string) => string][] = [
    [pathText(path), group[key], (value) => value],
    [fileKey, group[`${key}_file`], fromFile],
    [`${variable} in the environment`, env[variable] || undefined, (value) => value],
    [`${variable}_FILE in the environment`, env[`${variable}_FILE`] || undefined, fromFile],
  ]
  return given
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value, read]) => ({ name, read: () => (typeof value === 'string' ? read(value) : value) }))
}

function groupOf(settings: Group, path: Path): Group | null {
  const [name] = path
  if (path.length === 1 || name === undefined) return settings
  const group = settings[name]
  return isGroup(group) ? group : null
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
