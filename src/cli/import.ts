import { readDjangoFile } from '$lib/server/django/read-file'
import type { Planned } from '$lib/server/django/plan'
import type { DjangoFile } from '$lib/server/django/rows'
import { printed } from '$lib/moderation/visible-text'
import { withServices } from './with-services'

const STATUSES = ['started', 'requested', 'approved', 'denied', 'completed']

/** Takes over the registrations of the Django program, or lists what that would do. */
export async function importFile(
  path: string,
  { dryRun: isDry = false, tell = false }: { dryRun?: boolean; tell?: boolean },
): Promise<void> {
  const file = await readDjangoFile(path)
  await withServices(async ({ djangoImport }) => {
    const rows = file.registrations
    const planned = isDry ? await djangoImport.look(rows) : await djangoImport.run(rows)
    process.stdout.write(`${tableOf(planned)}\n${endOf(file, planned, isDry)}`)
    if (isDry || !tell) return
    const told = await djangoImport.tell(rows)
    process.stdout.write(`${String(told.length)} are emailed a link to set their password\n`)
  })
}

function tableOf(planned: Planned[]): string {
  const width = Math.max(...planned.map(({ row }) => row.username.length), 0)
  return planned
    .map((one) => {
      const name = printed(one.row.username).padEnd(width)
      const status = (STATUSES[one.row.status] ?? '').padEnd(9)
      const words = [outcomeOf(one).padEnd(18), one.notes.map(printed).join('; ')]
      return `${name}  ${status}  ${words.join('  ').trimEnd()}\n`
    })
    .join('')
}

function outcomeOf(one: Planned): string {
  if (one.outcome === 'taken') return `-> ${one.registration.state}`
  return one.outcome === 'known' ? 'already there' : 'left out'
}

function endOf({ moderators, rules }: DjangoFile, planned: Planned[], isDry: boolean): string {
  const count = (outcome: Planned['outcome']) =>
    String(planned.filter((one) => one.outcome === outcome).length)
  const counts = `${count('taken')} taken, ${count('known')} already there, ${count('left_out')} left out`
  return `${counts}${isDry ? '; nothing was changed' : ''}
Not taken: ${String(rules)} block rules and ${String(moderators)} moderators. Add rules under Rules, and invite moderators under Moderators
`
}
