import type { Tab } from '$lib/moderation/queue-filter'
import { parseText, QUESTION_MAXIMUM } from '$lib/registration/talk'
import type { Verdict } from '$lib/registration/decide'
import { COMMAND_LINE } from '$lib/registration/registration'
import { lookOf, parseUsername } from '$lib/registration/username'
import { refusalText } from '$lib/text/refusal-text'
import type { Services } from '$lib/server/app'
import { moment, printJson, printLines } from './printed'
import { UsageError } from './usage'
import { withServices } from './with-services'

/** How many are read at once. */
const PAGE = 50
/** What the queue hides from a moderator because it is their own; the command line has nothing of its own. */
const VIEWER = { id: COMMAND_LINE }

type Listed = Awaited<ReturnType<Services['queue']['page']>>['items'][number]

/** Prints one list of the queue. */
export async function listRegistrations({
  state = 'waiting',
  json = false,
}: {
  state?: Tab
  json?: boolean
}) {
  const listed = await withServices(async ({ queue }) => {
    const found: Listed[] = []
    for (let after: string | null | undefined; after !== null;) {
      const page = await queue.page({ tab: state, ...(after && { after }) }, VIEWER, PAGE)
      found.push(...page.items)
      after = page.next
    }
    return found
  })
  if (json) return printJson({ version: 1, registrations: listed.map(asJson) })
  for (const { id, username, state: now, email, startedAt } of listed)
    printLines([id, username, now, moment(startedAt), email].join('  '))
  if (listed.length === 0) printLines('There are none')
}

const asJson = ({
  id,
  username,
  matrixId,
  email,
  state,
  startedAt,
  stateSince,
  reason,
  decidedBy,
}: Shown) => ({
  id,
  username,
  matrixId,
  email,
  state,
  startedAt: moment(startedAt),
  stateSince: moment(stateSince),
  reason,
  decidedBy,
})
type Shown = Pick<
  Listed,
  'id' | 'username' | 'matrixId' | 'email' | 'state' | 'startedAt' | 'stateSince' | 'reason' | 'decidedBy'
>

/** Prints one registration and what happened to it. */
export async function showRegistration(typed: string, { json = false }: { json?: boolean }) {
  const view = await withServices(async (services) =>
    services.queue.find(await findOne(services, typed), VIEWER),
  )
  if (view === null) throw new Error(unknown(typed))
  const { events, message } = view
  if (json)
    return printJson({
      version: 1,
      ...asJson(view),
      message,
      events: events.map(({ at, kind, actor, moderator }) => ({ at: moment(at), kind, actor, moderator })),
    })
  printLines(
    `${view.matrixId}: ${view.state} since ${moment(view.stateSince)}`,
    `ID: ${view.id}`,
    `Email: ${view.email}`,
    `Reason: ${view.reason ?? 'none'}`,
  )
  if (view.decidedBy !== null) printLines(`Decided by: ${view.decidedBy}`)
  if (message !== null) printLines(`Message: ${message}`)
  for (const { at, kind, actor, moderator } of events)
    printLines(`${moment(at)}  ${kind} (${moderator ?? actor})`)
}

interface DecisionOptions {
  message?: string
  silent?: boolean
  /** Also what is assigned to a moderator. */
  over?: boolean
}

/** Approves a request. */
export const approveRegistration = (typed: string, options: DecisionOptions) =>
  decide('approve', typed, options)

/** Denies a request. */
export const denyRegistration = (typed: string, options: DecisionOptions & { category?: string }) =>
  decide('deny', typed, options)

/** The same decision as a moderator's on the page: by the registrar, on the version that was read, to be undone as long. */
async function decide(
  type: 'approve' | 'deny',
  typed: string,
  { message, silent = false, over = false, category }: DecisionOptions & { category?: string },
): Promise<void> {
  const words = message === undefined ? null : parseText(message, QUESTION_MAXIMUM)
  if (words !== null && !words.ok) throw new UsageError(`--message: ${refusalText(words.refusal)}`)
  await withServices(async (services) => {
    const { registrar, usernames, config, queue } = services
    if (category !== undefined && !config.moderation.denialCategories.includes(category))
      throw new UsageError(`--category must be one of: ${config.moderation.denialCategories.join(', ')}`)
    const view = await queue.find(await findOne(services, typed), VIEWER)
    if (view === null) throw new Error(unknown(typed))
    const verdict: Verdict = {
      moderator: COMMAND_LINE,
      message: words?.value ?? null,
      silent,
      unlessClaimed: !over,
      ...(type === 'deny' ? { category: category ?? null } : {}),
    }
    const { version } = view
    const decided = await registrar.act(view.id, { type, ...verdict }, { kind: 'command_line' }, { version })
    if (!decided.ok) throw new Error(refusalText((await usernames.in(decided)).refusal))
    const isLost = type === 'approve' && (await registrar.find(view.id))?.holdsName === false
    const { undoMs } = registrar.policy()
    const rests =
      undoMs === 0 ? '' : ` in ${Math.ceil(undoMs / 1000)} seconds; until then, it can be undone on its page`
    printLines(
      `${view.matrixId} is ${type === 'approve' ? 'approved' : 'denied'}`,
      `The running server carries it out${rests}`,
      ...(isLost
        ? [`The username is taken: the applicant has to choose another one, which has to be approved again`]
        : []),
    )
  })
}

/** The ID of the registration that is meant: of several with one username, the one that waits for a decision. */
async function findOne({ registrar, queue, homeserver }: Services, typed: string): Promise<string> {
  if ((await registrar.find(typed)) !== null) return typed
  const parsed = parseUsername(typed.toLowerCase(), homeserver.domain)
  if (!parsed.ok) throw new Error(unknown(typed))
  const name = parsed.value
  const { items } = await queue.page({ tab: 'all', name: lookOf(name) }, VIEWER, PAGE)
  const named = items.filter(({ username }) => username === name)
  const waiting = named.filter(({ state }) => state === 'requested')
  const [one, ...others] = waiting.length > 0 ? waiting : named
  if (one === undefined) throw new Error(unknown(typed))
  if (others.length > 0)
    throw new Error(
      [
        `There are several registrations for ${name}; give the ID of one:`,
        ...named.map(({ id, state, startedAt, email }) => `${id}  ${state}  ${moment(startedAt)}  ${email}`),
      ].join('\n'),
    )
  return one.id
}

const unknown = (typed: string): string =>
  `There is no registration ${JSON.stringify(typed)}; "registrations list --state all" shows all of them`
