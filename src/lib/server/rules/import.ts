import { createHash } from 'node:crypto'
import { readRuleReason, RULE_EFFECTS, ruleKey } from '$lib/moderation/rule'
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
import { takingTurns } from '../concurrency/yield-to-event-loop'
import { DAY } from '$lib/registration/retention'

/** A list as somebody pasted it, and what they say of all of it. */
export interface TypedList extends ListChoice {
  text: string
  format: ListFormat
}

/** What a list says. `rules`: each once, in its order, with the line where it stands first. */
export interface ReadList {
  rules: (ListedRule & { line: number })[]
  /** Lines that say a rule of the list again, and comments. */
  repeated: number
  skipped: number
  unread: UnreadLine[]
}

/** So many characters are shown of a line that nobody can read. */
const SHOWN = 100

/**
 * Reads a list: each line makes a rule, says one again, or cannot be read, which it then tells. Refused as a whole where
 * it is empty, too long, or no table.
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
  // To compile one is work, so that too many are refused before.
  if (entries.filter(({ cells }) => isPattern(cells, typed)).length > PATTERNS_MAXIMUM)
    return refuse({ code: 'list_patterns', maximum: PATTERNS_MAXIMUM })

  const list: ReadList = { rules: [], repeated: 0, skipped, unread: [] }
  const known = new Set<string>()
  const turn = takingTurns()
  for (const entry of entries) {
    await turn()
    const { line, cells } = entry
    const rule = ruleOf(entry, typed, now)
    if (!rule.ok) list.unread.push({ line, value: cut(cells.value ?? ''), refusal: rule.refusal })
    else if (known.has(ruleKey(rule.value))) list.repeated++
    else {
      known.add(ruleKey(rule.value))
      list.rules.push({ ...rule.value, line })
    }
  }
  return accept(list)
}

/** Stands for a list and its choices, so that only what was looked at is added. */
export function printOf({ text, format, kind, effect, days, reason }: TypedList): string {
  // What a page gives back to be sent again may differ at its ends.
  const print = JSON.stringify([plainText(text).trim(), format, kind, effect, days, plainText(reason).trim()])
  return createHash('sha256').update(print).digest('base64url')
}

const cut = (text: string): string => [...text.trim().slice(0, 2 * SHOWN)].slice(0, SHOWN).join('')

/** A word of a table; what the form says where the cell is empty or not there; null where nobody knows it. */
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
  // In a column of its own an empty cell means: none, and for ever.
  const reason = readRuleReason(plainText(cells.reason ?? choice.reason))
  if (!reason.ok) return reason
  const forAll = choice.days === null ? null : now + choice.days * DAY
  const expiresAt = cells.expires === undefined ? accept(forAll) : readExpires(cells.expires, now)
  if (!expiresAt.ok) return expiresAt
  return accept({ ...rule.value, reason: reason.value, expiresAt: expiresAt.value })
}
