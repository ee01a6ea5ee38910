import { createHash } from 'node:crypto'
import { lastsLonger, readRuleReason, RULE_EFFECTS, ruleKey } from '$lib/moderation/rule'
import { KINDS, RULE_KINDS } from '$lib/moderation/rule-kind'
import {
  LIST_MAXIMUM,
  PATTERNS_MAXIMUM,
  readExpires,
  type ListChoice,
  type ListedRule,
  type ListFormat,
  type UnreadLine,
} from '$lib/moderation/rule-list'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { entriesOf, plainText, type ListEntry } from './import-entries'
import { readRule } from './store'
import { yieldToEventLoop } from '../concurrency/yield-to-event-loop'
import { DAY } from '$lib/registration/time'

/** A pasted list, and the choices for all of it. */
export interface TypedList extends ListChoice {
  text: string
  format: ListFormat
}

/** A parsed list. `rules`: each once, in order, with the line of its first occurrence that lasts longest. */
export interface ReadList {
  rules: (ListedRule & { line: number })[]
  /** Lines that repeat a rule of the list, and comments. */
  repeated: number
  skipped: number
  unread: UnreadLine[]
}

/** How many characters of an invalid line are shown. */
const SHOWN = 100

/**
 * Parses a list: each line makes a rule, repeats one, or is invalid and reported. Refused as a whole if it is empty,
 * too long, or no table.
 */
export async function readRuleList(typed: TypedList, now: number): Promise<Result<ReadList>> {
  const forAll = readRuleReason(plainText(typed.reason))
  if (!forAll.ok) return forAll
  const found = entriesOf(typed.text, typed.format)
  if (!found.ok) return found
  const { entries, skipped } = found.value
  if (entries.length === 0) return refuse({ code: 'list_empty' })
  if (entries.length > LIST_MAXIMUM)
    return refuse({ code: 'list_too_long', maximum: LIST_MAXIMUM, length: entries.length })
  // Compiling one takes work, so too many are refused before.
  if (entries.filter(({ cells }) => isPattern(cells, typed)).length > PATTERNS_MAXIMUM)
    return refuse({ code: 'list_patterns', maximum: PATTERNS_MAXIMUM })

  const list: ReadList = { rules: [], repeated: 0, skipped, unread: [] }
  const known = new Map<string, number>()
  const turn = yieldToEventLoop()
  for (const entry of entries) {
    await turn()
    const { line, cells } = entry
    const rule = ruleOf(entry, typed, now)
    if (!rule.ok) {
      list.unread.push({ line, value: cut(cells.value ?? ''), refusal: rule.refusal })
      continue
    }
    const key = ruleKey(rule.value)
    const index = known.get(key) ?? list.rules.length
    const before = list.rules[index]
    known.set(key, index)
    if (before !== undefined) list.repeated++
    if (before === undefined || lastsLonger(rule.value, before)) list.rules[index] = { ...rule.value, line }
  }
  return accept(list)
}

/** Identifies a list and its choices, so that only what was previewed is imported. */
export function printOf({ text, format, kind, effect, days, reason }: TypedList): string {
  // A list that a page sends back may differ at its ends.
  const print = JSON.stringify([plainText(text).trim(), format, kind, effect, days, plainText(reason).trim()])
  return createHash('sha256').update(print).digest('base64url')
}

const cut = (text: string): string => [...text.trim().slice(0, 2 * SHOWN)].slice(0, SHOWN).join('')

/** A word in a table; the form's choice if the cell is empty or missing; null if it is unknown. */
function chosen<W extends string>(cell: string | undefined, known: readonly W[], choice: W): W | null {
  const word = cell?.trim().toLowerCase() ?? ''
  return word === '' ? choice : (known.find((one) => one === word) ?? null)
}

function isPattern({ kind }: ListEntry['cells'], choice: ListChoice): boolean {
  const found = chosen(kind, KINDS, choice.kind)
  return found !== null && RULE_KINDS[found].form === 'pattern'
}

function ruleOf({ cells, surplus }: ListEntry, choice: ListChoice, now: number): Result<ListedRule> {
  if (surplus) return refuse({ code: 'list_cells' })
  const kind = chosen(cells.kind, KINDS, choice.kind)
  if (kind === null) return refuse({ code: 'rule_kind_unknown', known: KINDS })
  const effect = chosen(cells.effect, RULE_EFFECTS, choice.effect)
  if (effect === null) return refuse({ code: 'rule_effect_unknown', known: RULE_EFFECTS })
  const rule = readRule({ ...RULE_KINDS[kind], value: cells.value ?? '', effect })
  if (!rule.ok) return rule
  // In its own column an empty cell means none, or permanent.
  const reason = readRuleReason(plainText(cells.reason ?? choice.reason))
  if (!reason.ok) return reason
  const forAll = choice.days === null ? null : now + choice.days * DAY
  const expiresAt = cells.expires === undefined ? accept(forAll) : readExpires(cells.expires, now)
  if (!expiresAt.ok) return expiresAt
  return accept({ ...rule.value, reason: reason.value, expiresAt: expiresAt.value })
}
