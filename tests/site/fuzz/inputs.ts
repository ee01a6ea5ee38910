import fc from 'fast-check'
import { appRouter } from '../../../src/lib/server/trpc/router'
import { anyJson, hostile } from './hostile'

/** What a procedure is called, how it is asked, and inputs that are mostly of its shape. */
export interface Procedure {
  path: string
  type: 'query' | 'mutation'
  input: fc.Arbitrary<unknown>
}

/** Values of a name that the site itself uses: ids, versions, languages. */
export type Known = (name: string) => string[]

interface Schema {
  type: string
  entries?: Record<string, Schema>
  wrapped?: Schema
  item?: Schema
  options?: readonly unknown[]
  literal?: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isSchema = (value: unknown): value is Schema => isObject(value) && typeof value.type === 'string'

/** Every procedure of the API, as the server itself lists them. */
export function procedures(known: Known): Procedure[] {
  const all: Record<string, unknown> = appRouter._def.procedures
  return Object.entries(all).map(([path, procedure]) => {
    const has: unknown = typeof procedure === 'function' ? Reflect.get(procedure, '_def') : undefined
    if (!isObject(has)) throw new Error(`${path} is no procedure`)
    const parsers = Array.isArray(has.inputs) ? has.inputs : []
    const schemas = parsers.map((parser: unknown) =>
      typeof parser === 'function' ? Reflect.get(parser, 'schema') : undefined,
    )
    const entries = Object.assign({}, ...schemas.map((schema) => (isSchema(schema) ? schema.entries : {})))
    const [schema] = schemas
    const whole = isSchema(schema) && schemas.length > 1 ? { ...schema, entries } : schema
    const input = isSchema(whole) ? around(whole, '', known) : anyJson
    return { path, type: has.mutation === true ? 'mutation' : 'query', input }
  })
}

/** Values of a schema, in which now and then something is not. */
function around(schema: Schema, name: string, known: Known): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: within(schema, name, known) }, { weight: 1, arbitrary: anyJson })
}

function within(schema: Schema, name: string, known: Known): fc.Arbitrary<unknown> {
  const { entries, wrapped, item, options } = schema
  if (entries !== undefined)
    return fc.record(
      Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, around(entry, key, known)])),
      { requiredKeys: [] },
    )
  if (wrapped !== undefined) return fc.oneof(around(wrapped, name, known), fc.constantFrom(null, undefined))
  if (item !== undefined) return fc.array(around(item, name, known), { maxLength: 4 })
  if (schema.type === 'literal') return fc.constant(schema.literal)
  if (options !== undefined)
    return fc.oneof(
      ...options.map((option) => (isSchema(option) ? around(option, name, known) : fc.constant(option))),
    )
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'number')
    return fc.oneof(
      fc.integer({ min: 0, max: 8 }),
      fc.constantFrom(-1, 1.5, 1e21, Number.MAX_SAFE_INTEGER, -0, 5e-324, 8.64e15, 8.64e15 + 1),
    )
  const values = known(name)
  return values.length === 0 ? hostile : fc.oneof(fc.constantFrom(...values), hostile)
}
