import type * as v from 'valibot'
import { pathText, type Path, type Problem } from './path'
import { entriesOf, listedEntriesOf, settingPaths } from './setting-paths'
import { suggestSetting } from './suggest'

/** A group of settings as it stands in the file. */
export type Group = Record<string, unknown>

export interface Shaped {
  /** Every group and every setting of the schema is there; what the file does not set is undefined. */
  settings: Group
  problems: Problem[]
  warnings: string[]
}

/** Keys of the original that nothing is done with any more, and why. */
const RETIRED = new Map([
  ['mjml', 'mails are rendered here now, without another server'],
  ['email.mjml', 'mails are rendered here now, without another server'],
])
/** Older names of settings. */
const RENAMED = new Map([['policy_version', 'consent_version']])

/**
 * Brings what was read into the shape of the schema: lists of one-key maps become maps (the original's samples write
 * them), empty values become none, older names the present ones. Finds unknown keys and keys given twice.
 */
export function shapeSettings(read: unknown, schema: v.GenericSchema): Shaped {
  const problems: Problem[] = []
  const warnings: string[] = []
  const known = settingPaths(schema)

  function group(given: unknown, entries: Readonly<Record<string, v.GenericSchema>>, path: Path): Group {
    const found = new Map<string, unknown[]>()
    for (const [written, value] of members(given, path)) {
      const name = currentName(written, path)
      if (!Object.hasOwn(entries, name)) unknownKey([...path, name])
      else if (value !== null) found.set(name, [...(found.get(name) ?? []), value])
    }
    return Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [
        name,
        setting(found.get(name) ?? [], entry, [...path, name]),
      ]),
    )
  }

  /** `values`: all that the file gives under this name; a list of one-key maps can give a group in pieces. */
  function setting(values: unknown[], schema: v.GenericSchema, path: Path): unknown {
    const [value] = values
    const entries = entriesOf(schema)
    if (entries !== null) return group(values.length > 1 ? values.flat() : value, entries, path)
    if (values.length > 1) problems.push({ path, text: 'is given twice: keep one' })
    const listed = listedEntriesOf(schema)
    if (listed === null || !Array.isArray(value)) return value
    return value.map((item: unknown, index) => group(item, listed, [...path, index]))
  }

  function members(given: unknown, path: Path): [string, unknown][] {
    if (given === null || given === undefined) return []
    if (isMap(given)) return Object.entries(given)
    if (Array.isArray(given) && given.every(isMap)) return given.flatMap((item) => Object.entries(item))
    const example = path.length === 0 ? 'config.dist.yaml shows how' : 'its settings stand below it, indented'
    problems.push({ path, text: `must be a group of settings: ${example}` })
    return []
  }

  function currentName(written: string, path: Path): string {
    const present = RENAMED.get(pathText([...path, written]))
    if (present === undefined) return written
    warnings.push(`${pathText([...path, written])} is called ${present} now`)
    return present
  }

  function unknownKey(path: Path): void {
    const retired = RETIRED.get(pathText(path))
    if (retired !== undefined) {
      warnings.push(`${pathText(path)} is not used any more: ${retired}`)
      return
    }
    const meant = suggestSetting(path.filter((part) => typeof part === 'string').join('.'), known)
    const hint =
      meant === null
        ? 'config.dist.yaml lists all settings'
        : `did you mean ${path.some(Number.isInteger) ? meant.split('.').at(-1) : meant}?`
    problems.push({ path, text: `is not a setting; ${hint}` })
  }

  return { settings: group(read, entriesOf(schema) ?? {}, []), problems, warnings }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
