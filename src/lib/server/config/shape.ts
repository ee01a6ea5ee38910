import type * as v from 'valibot'
import { isGroup, type Group } from './group'
import { pathText, type Path, type Problem } from './path'
import { entriesOf, listedEntriesOf, settingPaths } from './setting-paths'
import { suggestSetting } from '../text/suggest'

export interface Shaped {
  /** Contains every group and every setting of the schema; what the file does not set is undefined. */
  settings: Group
  problems: Problem[]
  warnings: string[]
  /** Unknown keys, each with what was meant: they explain why another one is missing. */
  unknown: string[]
}

/** Keys of the original that are ignored now, and why. */
const RETIRED = new Map([
  ['mjml', 'email is now rendered here, without another server'],
  ['email.mjml', 'email is now rendered here, without another server'],
])
/** Former names of settings, within the same group. */
const RENAMED = new Map([
  ['policy_version', 'consent_version'],
  ['moderation.claim_minutes', 'moderation.assignment_minutes'],
  ['retention.memory', 'retention.fingerprints'],
  ['retention.history', 'retention.audit'],
])

/**
 * Settings for which empty text differs from not set: a subject without a prefix, and no sign-in to the mail server.
 */
export const MEANT_EMPTY: ReadonlySet<string> = new Set([
  'email.subject_prefix',
  'email.username',
  'email.password',
])

/**
 * Shapes the parsed file, or the settings of the environment, like the schema: lists of one-key maps become maps (the original's samples write them),
 * empty values and empty text become not set, also in lists, and former names are replaced. Finds unknown and
 * duplicate keys.
 */
export function shapeSettings(read: unknown, schema: v.GenericSchema): Shaped {
  const problems: Problem[] = []
  const warnings: string[] = []
  const unknown: string[] = []
  const known = settingPaths(schema)

  function group(given: unknown, entries: Readonly<Record<string, v.GenericSchema>>, path: Path): Group {
    const found = new Map<string, unknown[]>()
    for (const [written, value] of members(given, path)) {
      const isNone = isEmpty(value) && !(value === '' && MEANT_EMPTY.has(pathText([...path, written])))
      const name = currentName(written, path, isNone)
      if (!Object.hasOwn(entries, name)) unknownKey([...path, name], isNone)
      else if (!isNone) found.set(name, [...(found.get(name) ?? []), value])
    }
    return Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [
        name,
        setting(found.get(name) ?? [], entry, [...path, name]),
      ]),
    )
  }

  /** `values`: everything that the file has under this name; a list of one-key maps can contain a group in pieces. */
  function setting(values: unknown[], schema: v.GenericSchema, path: Path): unknown {
    const [value] = values
    const entries = entriesOf(schema)
    if (entries !== null) return group(values.length > 1 ? values.flat() : value, entries, path)
    if (values.length > 1) problems.push({ path, text: 'is given twice: keep one' })
    if (!Array.isArray(value)) return value
    const items: unknown[] = value.filter((item: unknown) => !isHollow(item))
    const listed = listedEntriesOf(schema)
    return listed === null ? items : items.map((item, index) => group(item, listed, [...path, index]))
  }

  function members(given: unknown, path: Path): [string, unknown][] {
    if (given === undefined || isEmpty(given)) return []
    if (isGroup(given)) return Object.entries(given)
    if (Array.isArray(given) && given.every(isGroup)) return given.flatMap((item) => Object.entries(item))
    const example = path.length === 0 ? 'config.dist.yaml shows how' : 'put its settings below it, indented'
    problems.push({ path, text: `must be a group of settings: ${example}` })
    return []
  }

  function currentName(written: string, path: Path, isNone: boolean): string {
    const present = RENAMED.get(pathText([...path, written]))
    if (present === undefined) return written
    if (!isNone) warnings.push(`${pathText([...path, written])} is now called ${present}`)
    return present.slice(present.lastIndexOf('.') + 1)
  }

  function unknownKey(path: Path, isNone: boolean): void {
    const retired = RETIRED.get(pathText(path))
    if (retired !== undefined) {
      if (!isNone) warnings.push(`${pathText(path)} is no longer used: ${retired}`)
      return
    }
    const meant = suggestSetting(path.filter((part) => typeof part === 'string').join('.'), known)
    const hint =
      meant === null
        ? 'config.dist.yaml lists all settings'
        : `did you mean ${path.some(Number.isInteger) ? meant.split('.').at(-1) : meant}?`
    unknown.push(`${pathText(path)} is not a setting and is ignored; ${hint}`)
  }

  return { settings: group(read, entriesOf(schema) ?? {}, []), problems, warnings, unknown }
}

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && value.trim() === '')

/** A list item without content. */
const isHollow = (item: unknown): boolean =>
  isEmpty(item) || (isGroup(item) && Object.values(item).every(isEmpty))
