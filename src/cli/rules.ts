import { csvHead, csvLine } from '$lib/moderation/csv'
import type { RuleEffect } from '$lib/moderation/rule'
import type { RuleKind } from '$lib/moderation/rule-kind'
import { readRuleDays, RULE_COLUMNS, ruleCells, type ListFormat } from '$lib/moderation/rule-list'
import { COMMAND_LINE } from '$lib/registration/registration'
import { readTextFile, whyUnread } from '$lib/server/config/read-file'
import { readRuleList } from '$lib/server/rules/import'
import { refusalText } from '$lib/text/refusal-text'
import { printLines, printText } from './printed'
import { UsageError } from './usage'
import { withServices } from './with-services'

/** Prints the active rules as a table that can be imported again; `kind` and `effect`: only those. */
export async function exportRules(filter: { kind?: RuleKind; effect?: RuleEffect }): Promise<void> {
  await withServices(async ({ ruleListing }) => {
    await ruleListing.beginExport({ ...filter, format: 'csv' }, COMMAND_LINE)
    printText(csvHead(RULE_COLUMNS))
    for (let before: string | null | undefined; before !== null;) {
      const { rules, next } = await ruleListing.slice(filter, before)
      printText(rules.map((rule) => csvLine(ruleCells(rule))).join(''))
      before = next
    }
  })
}

/**
 * Adds the rules in a file: a table with a header line if it is named `*.csv`, else values, one per line. `kind`,
 * `effect`, `days` and `reason` are for all that say nothing else. What is there already is not added again, but
 * prolonged if it ends sooner. Throws if lines could not be read, after it added the others.
 */
export async function importRules(
  file: string,
  {
    kind = 'domain',
    effect = 'block',
    days = '',
    reason = '',
    dryRun = false,
  }: { kind?: RuleKind; effect?: RuleEffect; days?: string; reason?: string; dryRun?: boolean },
): Promise<void> {
  const format: ListFormat = file.toLowerCase().endsWith('.csv') ? 'csv' : 'lines'
  const choice = { kind, effect, days: days === '' ? null : readRuleDays(days), reason }
  const text = textOf(file)
  const unread = await withServices(async ({ rules, registrar }) => {
    const list = await readRuleList({ text, format, ...choice }, registrar.now())
    if (!list.ok) throw new UsageError(refusalText(list.refusal))
    const { rules: listed, repeated, unread } = list.value
    const added = dryRun ? await rules.fresh(listed) : await rules.addAll(listed, { kind: 'command_line' })
    if (!added.ok) throw new UsageError(refusalText(added.refusal))
    const count = typeof added.value === 'number' ? added.value : added.value.length
    for (const { line, value, refusal } of unread)
      printLines(`Line ${line}: ${value}: ${refusalText(refusal)}`)
    printLines(
      `${count} ${dryRun ? 'would be added; nothing was changed' : 'added'}; ${listed.length - count} there already, ${repeated} repeated, ${unread.length} not understood`,
    )
    return unread.length
  })
  if (unread > 0) throw new Error(unread === 1 ? '1 line is no rule' : `${unread} lines are no rules`)
}

function textOf(file: string): string {
  try {
    return readTextFile(file)
  } catch (error) {
    throw new Error(`${file} cannot be read: ${whyUnread(error)}`, { cause: error })
  }
}
