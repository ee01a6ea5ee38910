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

/** A setting with a value of its own: no group, and not of an entry in a list. */
export interface Setting {
  path: readonly string[]
  schema: v.GenericSchema
}

/** All settings with a value of their own, in the schema's order. */
export function settingsOf(schema: v.GenericSchema, group: readonly string[] = []): Setting[] {
  return Object.entries(entriesOf(schema) ?? {}).flatMap(([name, entry]) => {
    const path = [...group, name]
    return entriesOf(entry) === null ? [{ path, schema: entry }] : settingsOf(entry, path)
  })
}

/** What a setting can be besides a group; numbers are text. */
interface Takes {
  text: boolean
  boolean: boolean
  list: boolean
}

export function takes(schema: v.GenericSchema): Takes {
  if (isWrapper(schema)) return takes(schema.wrapped)
  const kinds = isUnion(schema) ? schema.options.map(takes) : [takesOne(schema)]
  return {
    text: kinds.some(({ text }) => text),
    boolean: kinds.some(({ boolean }) => boolean),
    list: kinds.some(({ list }) => list),
  }
}

function takesOne(schema: v.GenericSchema): Takes {
  const isLiteral = schema.type === 'literal' && 'literal' in schema
  return {
    text: schema.type === 'string' || schema.type === 'picklist',
    boolean: schema.type === 'boolean' || (isLiteral && typeof schema.literal === 'boolean'),
    list: schema.type === 'array',
  }
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

function isUnion(schema: v.GenericSchema): schema is v.GenericSchema & { options: v.GenericSchema[] } {
  return schema.type === 'union' && 'options' in schema
}
