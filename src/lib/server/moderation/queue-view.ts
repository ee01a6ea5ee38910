import type { QueueFilter } from '$lib/moderation/queue-filter'
import type { ListedItem } from '$lib/moderation/views'
import { decide, isResting } from '$lib/registration/decide'
import { aboutOf } from '$lib/registration/job'
import type { Registration } from '$lib/registration/registration'
import { isOpeningFailed, isUnopened } from '$lib/registration/state'
import { matrixId } from '$lib/registration/username'
import type { JobView, QueueItem, RegistrationView } from '$lib/registration/views'
import { countDoubtful, findAccount } from '../database/accounts'
import { findEvents } from '../database/events'
import { findJobs, type JobRow } from '../database/jobs'
import { findModerator, findModeratorByName } from '../database/moderators'
import type { Database, Reader } from '../database/open'
import { countTabs, findListed, findNeighbours, findPage } from '../database/queue'
import { findRegistration, isInTrouble } from '../database/registrations'
import { readJob } from '../database/stored-job'
import type { Homeserver } from '../homeserver/homeserver'
import type { Registrar } from '../registrations/registrar'
import { isDismissible } from '../registrations/job-results'

/** What a row of the queue shows. */
function queueItem(
  row: Omit<Registration, 'account' | 'opening'> & { trouble: boolean },
  domain: string,
): QueueItem {
  const {
    id,
    username,
    email,
    reason,
    language,
    clientAddress,
    state,
    startedAt,
    stateSince,
    exchange,
    trouble,
  } = row
  return {
    id,
    username,
    matrixId: matrixId(username, domain),
    email,
    reason,
    language,
    clientAddress,
    state,
    startedAt,
    stateSince,
    exchange,
    trouble,
  }
}

/** How long a moderator counts as viewing after the last sign of it. */
export const LOOK_MS = 40_000

/** One page of a list, as `moderator` sees it. */
export async function queueView(
  { database, homeserver }: { database: Database; homeserver: Homeserver },
  filter: QueueFilter,
  moderator: { id: string },
  { limit, now }: { limit: number; now: number },
) {
  return database.read(async (reader) => {
    const { ids, next } = await findPage(reader, filter, await deciderOf(reader, filter), limit)
    const rows = await findListed(reader, ids, now - LOOK_MS)
    const items = rows.map((row): ListedItem => ({
      ...queueItem(row, homeserver.domain),
      version: row.version,
      claimedBy: row.claimedByName,
      decidedBy: row.decidedByName,
      category: row.category,
      held: row.heldBy !== null,
      heldFor: row.heldFor,
      invitation: row.invitationId === null ? null : { note: row.invitationNote, by: row.inviterName },
      looking: row.looking.filter((look) => look.moderatorId !== moderator.id).map((look) => look.name),
    }))
    return { items, next, counts: { ...(await countTabs(reader)), doubts: await countDoubtful(reader) } }
  })
}

/** Where a moderator can go from one registration: its neighbors in the list. */
export async function neighbours({ database }: { database: Database }, filter: QueueFilter, id: string) {
  return database.read(async (reader) => findNeighbours(reader, filter, await deciderOf(reader, filter), id))
}

/** The moderator that a filter names; an unknown username has decided nothing. */
async function deciderOf(reader: Reader, { moderator }: QueueFilter): Promise<string | null> {
  if (moderator === undefined) return null
  return (await findModeratorByName(reader, moderator))?.id ?? ''
}

/** What moderators see of a job; of an unreadable one, only its existence and kind. */
export function jobView(row: JobRow, registration: Registration | null): JobView {
  const { id, kind, state, attempts, runAt, error, createdAt, finishedAt } = row
  const job = readJob(row)
  const about = job === null ? null : (aboutOf(job)?.value ?? null)
  const dismissible = isDismissible(row, registration)
  return { id, kind, about, state, attempts, runAt, error, createdAt, finishedAt, dismissible }
}

/** All that moderators see of one registration, and what the domain lets them do; null if there is none. */
export async function registrationView(
  { database, homeserver, registrar }: { database: Database; homeserver: Homeserver; registrar: Registrar },
  id: string,
): Promise<RegistrationView | null> {
  return database.read(async (reader) => {
    const registration = await findRegistration(reader, id)
    if (registration === null) return null
    const history = await findEvents(reader, id)
    const { version, holdsName, account, legalAcceptedAt, message, silent, category, decidedBy } =
      registration
    const policy = registrar.policy()
    const ledger = await findAccount(reader, registration.username)
    const mayBeOpen = ledger?.registrationId === id && ledger.openedAt !== null
    return {
      ...queueItem({ ...registration, trouble: await isInTrouble(reader, id) }, homeserver.domain),
      version,
      holdsName,
      account,
      legalAcceptedAt,
      message,
      silent,
      category,
      undoUntil: isResting(registration, policy) ? registration.stateSince + policy.undoMs : null,
      decidedBy:
        decidedBy === null ? null : ((await findModerator(reader, decidedBy))?.username ?? decidedBy),
      actions: (['approve', 'deny'] as const).filter((type) => isAllowed(registration, type, registrar)),
      unopened: isUnopened(registration) ? (mayBeOpen ? 'may_be_open' : 'closed') : null,
      undoable: decide(registration, { type: 'undo', nameFree: true, since: 0 }, policy).ok,
      passwordAfterApproval: account !== 'filled' || isOpeningFailed(registration),
      openingFailed: isOpeningFailed(registration),
      events: history.map(({ at, kind, actor, moderator, detail }) => ({
        at,
        kind,
        actor,
        moderator,
        detail,
      })),
      jobs: (await findJobs(reader, id)).map((row) => jobView(row, registration)),
    }
  })
}

function isAllowed(registration: Registration, type: 'approve' | 'deny', registrar: Registrar): boolean {
  return decide(registration, { type, moderator: '', message: null, silent: false }, registrar.policy()).ok
}
