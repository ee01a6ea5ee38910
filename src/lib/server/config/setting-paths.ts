import type * as v from 'valibot'

type Entries = Readonly<Record<string, v.GenericSchema>>

/** A group's settings by name, or null if the schema is no group. */
export function entriesOf(schema: v.GenericSchema): Entries | null {
  return isGroup(schema) ? schema.entries : null
}

/** The settings of each entry if the schema is a list of groups, or null. */
export function listedEntriesOf(schema: v.GenericSchema): Entries | null {
  if (isWrapper(schema)) return listedEntriesOf(schema.wrapped)
  return isList(schema) ? entriesOf(schema.item) : null
}

/** Dotted paths of all settings and their groups, in the schema's order. */
export function settingPaths(schema: v.GenericSchema, group = ''): string[] {
  const entries = entriesOf(schema) ?? listedEntriesOf(schema) ?? {}
  return Object.entries(entries).flatMap(([name, entry]) => [
    `${group}${name}`,
    ...settingPaths(entry, `${group}${name}.`),
  ])
}

function isGroup(schema: v.GenericSchema): schema is v.GenericSchema & { entries: Entries } {
  return schema.type === 'object' && 'entries' in schema
}

function isWrapper(schema: v.GenericSchema): schema is v.GenericSchema & { wrapped: v.GenericSchema } {
  return schema.type === 'optional' && 'wrapped' in schema
}

function isList(schema: v.GenericSchema): schema is v.GenericSchema & { item: v.GenericSchema } {
  return schema.type === 'array' && 'item' in schema
}
