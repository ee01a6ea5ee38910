import { COMMAND_LINE } from '$lib/registration/registration'
import { refusalText } from '$lib/text/refusal-text'
import { moment, printJson, printLines } from './printed'
import { UsageError } from './usage'
import { withServices } from './with-services'

/** Closes registration. The message is in the language of `--language`; `until`: a UTC day. */
export async function closeOpening({
  message = '',
  language = 'en',
  until = '',
}: {
  message?: string
  language?: string
  until?: string
}): Promise<void> {
  const closed = await withServices(({ intake }) =>
    intake.close({ message: { [language]: message }, until }, COMMAND_LINE),
  )
  if (!closed.ok) throw new UsageError(refusalText(closed.refusal))
  printLines(until === '' ? 'Registration is closed' : `Registration is closed until ${until} (UTC)`)
}

/** Opens registration, in spite of a limit too. */
export async function openOpening({ until = '' }: { until?: string }): Promise<void> {
  const opened = await withServices(({ intake }) => intake.open({ until }, COMMAND_LINE))
  if (!opened.ok) throw new UsageError(refusalText(opened.refusal))
  printLines('Registration is open')
}

/** Prints whether registration is open. */
export async function showOpening({ json = false }: { json?: boolean }): Promise<void> {
  const { opening, counts } = await withServices(({ intake }) => intake.state())
  if (json) return printJson({ version: 1, opening, counts })
  const until = opening.open || opening.until === null ? '' : ` until ${moment(opening.until)}`
  printLines(
    opening.open ? 'Registration is open' : `Registration is closed${until} (${opening.why})`,
    `Waiting requests: ${counts.waiting}; today: ${counts.today}`,
  )
}
