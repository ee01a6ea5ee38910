import { kindOf } from '$lib/moderation/rule-kind'
import { printed } from '$lib/moderation/visible-text'
import type { DjangoPlan } from '$lib/server/django/import'
import type { Planned } from '$lib/server/django/plan'
import type { PlannedModerator } from '$lib/server/django/plan-moderators'
import type { PlannedRule } from '$lib/server/django/plan-rules'
import { readDjangoFile } from '$lib/server/django/read-file'
import { DJANGO_STATUSES } from '$lib/server/django/rows'
import { printLines } from './printed'
import { withServices } from './with-services'

interface Options {
  dryRun?: boolean
  rules?: boolean
  tell?: boolean
}

/** Takes over the data of the Django program, or lists what that would do. */
export async function importFile(
  path: string,
  { dryRun: isDry = false, rules: isWithRules = false, tell: isToTell = false }: Options,
): Promise<void> {
  await withServices(async ({ config, djangoImport }) => {
    const file = await readDjangoFile(path, config.database.directory)
    const plan = isDry ? await djangoImport.look(file) : await djangoImport.run(file, { rules: isWithRules })
    process.stdout.write(tablesOf(plan, { isWithRules, isToTell }))
    if (isDry) printLines('Nothing was changed')
    if (isDry || !isToTell) return
    const told = await djangoImport.tell(file)
    printLines(
      `Emailed a link to set their password: ${String(told.applicants.length)}`,
      `Emailed an invitation to moderate: ${String(told.moderators.length)}`,
    )
  })
}

function tablesOf(
  { registrations, rules, moderators }: DjangoPlan,
  { isWithRules, isToTell }: { isWithRules: boolean; isToTell: boolean },
): string {
  return [
    ...tableOf('Registrations', registrations.map(registrationRow)),
    countsOf(registrations),
    '',
    ...tableOf('Block rules', rules.map(ruleRow)),
    countsOf(rules),
    ...rulesEnd(rules, isWithRules),
    '',
    ...tableOf('Moderators', moderators.map(moderatorRow)),
    countsOf(moderators),
    ...moderatorsEnd(moderators, isToTell),
    '',
  ].join('\n')
}

/** In columns as wide as needed; the notes come last. */
function tableOf(title: string, rows: string[][]): string[] {
  const [first = []] = rows
  const widths = first.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  const lines = rows.map((cells) => {
    const padded = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    return `  ${padded.join('  ').trimEnd()}`
  })
  return [title, ...lines]
}

const notesOf = ({ notes }: { notes: string[] }) => notes.map(printed).join('; ')

function outcomeOf(outcome: 'taken' | 'known' | 'left_out', taken: string): string {
  if (outcome === 'taken') return `-> ${taken}`
  return outcome === 'known' ? 'already there' : 'left out'
}

function registrationRow(one: Planned): string[] {
  const { username, status } = one.row
  const state = one.outcome === 'taken' ? one.registration.state : ''
  return [printed(username), DJANGO_STATUSES[status], outcomeOf(one.outcome, state), notesOf(one)]
}

function ruleRow(one: PlannedRule): string[] {
  const { row, rule, outcome } = one
  const taken = rule === null ? '' : printed(`${kindOf(rule)} ${rule.value}`)
  return [row.subject, printed(row.value), outcomeOf(outcome, taken), notesOf(one)]
}

function moderatorRow(one: PlannedModerator): string[] {
  const { username, email } = one.row
  const role = one.outcome === 'taken' ? `invite as ${one.role}` : ''
  return [printed(username), printed(email), outcomeOf(one.outcome, role), notesOf(one)]
}

function countsOf(planned: { outcome: 'taken' | 'known' | 'left_out' }[]): string {
  const count = (outcome: 'taken' | 'known' | 'left_out') =>
    String(planned.filter((one) => one.outcome === outcome).length)
  return `${count('taken')} taken, ${count('known')} already there, ${count('left_out')} left out`
}

function rulesEnd(rules: PlannedRule[], isWithRules: boolean): string[] {
  const taken = rules.filter(({ outcome }) => outcome === 'taken')
  const wider = taken.filter(({ isWider }) => isWider).length
  if (taken.length === 0 || isWithRules) return []
  const armed = wider === 0 ? '' : `: ${String(wider)} of them would block more people than there`
  return [`Block rules are only taken with --rules${armed}`]
}

function moderatorsEnd(moderators: PlannedModerator[], isToTell: boolean): string[] {
  if (isToTell || moderators.every(({ outcome }) => outcome !== 'taken')) return []
  return ['Moderators are only invited with --tell: passwords cannot be taken over']
}
