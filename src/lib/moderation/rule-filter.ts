import * as v from 'valibot'
import { trimInvisible } from '../registration/typed-text'
import { RULE_EFFECTS, RULE_VALUE_MAXIMUM } from './rule'
import { KINDS } from './rule-kind'

/** Which rules a list or an export contains. `q`: text in the value or the reason. */
export const ruleFilterSchema = v.object({
  kind: v.optional(v.picklist(KINDS)),
  effect: v.optional(v.picklist(RULE_EFFECTS)),
  q: v.optional(
    v.pipe(v.string(), v.transform(trimInvisible), v.nonEmpty(), v.maxLength(RULE_VALUE_MAXIMUM)),
  ),
})
export type RuleFilter = v.InferOutput<typeof ruleFilterSchema>

const KEYS = ['kind', 'effect', 'q'] as const

/** Parses a filter from a URL, ignoring invalid parts. */
export function readRuleFilter(params: URLSearchParams): RuleFilter {
  const filter: Record<string, string> = {}
  for (const key of KEYS) {
    const value = params.get(key)
    if (value !== null && v.is(ruleFilterSchema.entries[key], value)) filter[key] = value
  }
  return v.parse(ruleFilterSchema, filter)
}

/** A filter and more as a query, without `?`; parts that are not set are left out. */
export function ruleQuery(filter: RuleFilter, more: Record<string, string> = {}): string {
  const wishes = KEYS.flatMap((key) => (filter[key] === undefined ? [] : [[key, filter[key]]]))
  return new URLSearchParams([...Object.entries(more), ...wishes]).toString()
}
