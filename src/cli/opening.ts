import { NOT_SET_UP } from '$lib/moderation/opening'
import { COMMAND_LINE } from '$lib/registration/registration'
import type { Services } from '$lib/server/app'
import { HomeserverError, type Homeserver } from '$lib/server/homeserver/homeserver'
import { checkSetUp, isWrongSetUp } from '$lib/server/homeserver/set-up'
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
  const { opened, state } = await withServices(async (services) => ({
    opened: await services.intake.open({ until }, COMMAND_LINE),
    state: await stateOf(services),
  }))
  if (!opened.ok) throw new UsageError(refusalText(opened.refusal))
  printLines(...linesOf(state))
}

/** Prints whether registration is open. */
export async function showOpening({ json = false }: { json?: boolean }): Promise<void> {
  const state = await withServices(stateOf)
  const { opening, counts } = state
  if (json) return printJson({ version: 1, opening, counts })
  printLines(...linesOf(state), `Waiting requests: ${counts.waiting}; today: ${counts.today}`)
}

/** As visitors find it. Whether the setup is wrong, each process finds out itself; a command records nothing of it. */
async function stateOf({ intake, homeserver }: Services) {
  const problem = await problemOf(homeserver)
  const state = await intake.state()
  return { ...state, opening: problem === null ? state.opening : NOT_SET_UP, problem }
}

async function problemOf(homeserver: Homeserver): Promise<HomeserverError | null> {
  try {
    await checkSetUp(homeserver)
    return null
  } catch (error) {
    if (!(error instanceof HomeserverError)) throw error
    return isWrongSetUp(error) ? error : null
  }
}

function linesOf({ opening, problem }: Awaited<ReturnType<typeof stateOf>>): string[] {
  if (opening.open) return ['Registration is open']
  const until = opening.until === null ? '' : ` until ${moment(opening.until)}`
  return [`Registration is closed${until} (${opening.why})`, ...(problem === null ? [] : [problem.message])]
}
