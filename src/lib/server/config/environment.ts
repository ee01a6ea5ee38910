import type * as v from 'valibot'
import { nearest } from '../text/suggest'
import { groupIn, type Group } from './group'
import { pathText, type Problem } from './path'
import { readYaml } from './read-yaml'
import { fileSettingOf, isSecret, SECRETS } from './secrets'
import { listedEntriesOf, settingsOf, takes } from './setting-paths'
import { MEANT_EMPTY } from './shape'

export type Environment = Readonly<Record<string, string | undefined>>

/** Begins the environment variable of every setting. */
export const VARIABLE_PREFIX = 'SYNAPSE_REGISTRATION_'

/** The environment variable of a setting: `SYNAPSE_REGISTRATION_EMAIL_PORT` for `email.port`. */
export function variableOf(path: readonly string[]): string {
  return VARIABLE_PREFIX + path.join('_').toUpperCase()
}

export interface InEnvironment {
  /** What the environment sets, as the file would. */
  settings: Group
  /** The keys of that; also of the secrets for which it names a file. */
  given: ReadonlySet<string>
  problems: Problem[]
  /** A line for each variable with the prefix that is no setting's, with what was meant. */
  unknown: string[]
}

/**
 * Reads settings from the environment. Lists are YAML or JSON in one line, or texts separated by commas; lists of groups
 * are YAML or JSON. Everything else is as in the file, without quotes. An empty variable counts as not set.
 */
export function readEnvironment(env: Environment, schema: v.GenericSchema): InEnvironment {
  const settings: Group = {}
  const given = new Set<string>()
  const problems: Problem[] = []
  const known = settingsOf(schema)
  for (const { path, schema: setting } of known) {
    const text = env[variableOf(path)] ?? ''
    if (text.trim() === '') continue
    const key = pathText(path)
    given.add(key)
    const read = readValue(text, key, setting)
    if (read.ok) groupIn(settings, path.slice(0, -1))[path.at(-1) ?? ''] = read.value
    else for (const problem of read.problems) problems.push({ path, text: `cannot be read, ${problem}` })
  }
  for (const secret of SECRETS.map(pathText)) if (given.has(fileSettingOf(secret))) given.add(secret)
  const variables = known.map(({ path }) => variableOf(path))
  return { settings, given, problems, unknown: unknownVariables(env, variables) }
}

function readValue(text: string, key: string, schema: v.GenericSchema): ReturnType<typeof readYaml> {
  if (isSecret(key)) return { ok: true, value: meantEmpty(text, key) ? '' : text }
  const taken = takes(schema)
  if (taken.list && (listedEntriesOf(schema) !== null || /^\s*(?:\[|\{|- )/.test(text))) return readYaml(text)
  if (taken.boolean) {
    const read = readYaml(text)
    if (read.ok && typeof read.value === 'boolean') return read
  }
  if (taken.list) return { ok: true, value: splitTexts(text, taken.text) }
  if (meantEmpty(text, key)) return { ok: true, value: '' }
  return { ok: true, value: text.includes('\n') ? text : text.trim() }
}

/** Whether quotes around nothing set the text to be empty, as in the file. */
function meantEmpty(text: string, key: string): boolean {
  return MEANT_EMPTY.has(key) && ['""', "''"].includes(text.trim())
}

/**
 * The texts between commas, except in the braces of a regular expression (`a{1,3}`). One alone stays text where that
 * is allowed, and so does what is quoted: `"Doe, Jo" <jo@…>`.
 */
function splitTexts(text: string, isTextTaken: boolean): string | string[] {
  const texts = text.includes('"') ? [text.trim()] : text.split(/,(?![^{]*\})/).map((part) => part.trim())
  const [first = '', ...more] = texts.filter((part) => part !== '')
  return isTextTaken && more.length === 0 ? first : [first, ...more]
}

function unknownVariables(env: Environment, known: readonly string[]): string[] {
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith(VARIABLE_PREFIX) && !known.includes(name) && value?.trim())
    .filter(([name, value]) => !isOfService(name.slice(VARIABLE_PREFIX.length), value ?? ''))
    .map(([name]) => {
      const meant = suggestVariable(name, known)
      const hint = meant === null ? 'docs/settings.md lists all variables' : `did you mean ${meant}?`
      return `${name} in the environment is not a setting and is ignored; ${hint}`
    })
}

/** Kubernetes sets these in every container beside a service called synapse-registration. */
function isOfService(name: string, value: string): boolean {
  return /^(?:SERVICE_(?:HOST|PORT)|PORT_[0-9])/.test(name) || (name === 'PORT' && /^[a-z]+:\/\//.test(value))
}

/** The variable with a similar name, else one that ends like it, as without its group. */
function suggestVariable(typed: string, known: readonly string[]): string | null {
  const name = (variable: string) => variable.slice(VARIABLE_PREFIX.length).toUpperCase()
  const similar = nearest(name(typed), known.map(name))
  if (similar !== null) return VARIABLE_PREFIX + similar
  return known.find((variable) => variable.endsWith(`_${name(typed)}`)) ?? null
}
