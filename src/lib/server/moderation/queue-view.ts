import type { QueueFilter } from '$lib/moderation/queue-filter'
import { decide, isResting, undoWindow } from '$lib/registration/decide'
import { claimOf } from '$lib/registration/decide-talk'
import { aboutOf } from '$lib/registration/job'
import { COMMAND_LINE, type Registration } from '$lib/registration/registration'
import { isOpeningFailed, isUnopened } from '$lib/registration/state'
import { DAY } from '$lib/registration/time'
import { matrixId } from '$lib/registration/username'
import type { EventView, JobView } from '$lib/registration/views'
import { countDoubtful, findAccount } from '../database/accounts'
import { findEvents, hasSetPassword } from '../database/events'
import { findJobs, type JobRow } from '../database/jobs'
import { findModerator, findModeratorByName } from '../database/moderators'
import type { Database, Reader } from '../database/open'
import { countTabs, findListed, findNeighbours, findPage } from '../database/queue'
import { findLooks } from '../database/presence'
import { findRegistration, isInTrouble } from '../database/registrations'
import { findHolding } from '../database/rules'
import { findShared } from '../database/shared'
import { readJob } from '../database/stored-job'
import type { Homeserver } from '../homeserver/homeserver'
import type { DenialFingerprints } from '../registrations/denial-fingerprints'
import type { Registrar } from '../registrations/registrar'
import { isDismissible } from '../registrations/job-results'
import { LOOK_MS } from './presence'

const namesOfOthers = (looking: { moderatorId: string; name: string }[], moderator: { id: string }) =>
  looking.filter(({ moderatorId }) => moderatorId !== moderator.id).map(({ name }) => name)

/** One page of a list, as `moderator` sees it. */
export async function queueView(
  {
    database,
    homeserver,
    registrar,
    memory,
  }: {
    database: Database
    homeserver: Homeserver
    registrar: Pick<Registrar, 'policy'>
    memory: Pick<DenialFingerprints, 'countSimilar'>
  },
  filter: QueueFilter,
  moderator: { id: string },
  limit: number,
) {
  const policy = registrar.policy()
  return database.read(async (reader) => {
    const { ids, next } = await findPage(reader, filter, await deciderOf(reader, filter), limit)
    const rows = await findListed(reader, ids, policy.now - LOOK_MS)
    const shared = await findShared(reader, ids)
    const denied = await memory.countSimilar(
      reader,
      rows.filter(({ state }) => state === 'requested'),
    )
    const items = rows.map(
      ({
        heldBy,
        invitationId,
        invitationNote,
        inviterName,
        looking,
        claimedBy,
        claimedAt,
        claimerName,
        ...row
      }) => ({
        ...row,
        /** The username of who it is assigned to now. */
        claimedBy: claimOf({ claimedBy, claimedAt }, policy) === null ? null : claimerName,
        matrixId: matrixId(row.username, homeserver.domain),
        /** A rule flags it; `heldFor`: what else does. */
        held: heldBy !== null,
        /** What it has in common with others, while it waits. */
        shared: shared.get(row.id) ?? [],
        /** How many denied ones, whose data is deleted, were similar to it, while it waits. */
        denied: denied.get(row.id) ?? 0,
        /** The invitation code it used. */
        invitation: invitationId === null ? null : { note: invitationNote, by: inviterName },
        /** Who else has it open right now. */
        looking: namesOfOthers(looking, moderator),
      }),
    )
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

/**
 * All that a moderator sees of one registration, and what the domain lets them do; null if there is none. Times are
 * milliseconds since 1970.
 */
export async function registrationView(
  {
    database,
    homeserver,
    registrar,
    heldOnProbation,
  }: { database: Database; homeserver: Homeserver; registrar: Registrar; heldOnProbation: boolean },
  id: string,
  moderator: { id: string },
) {
  return database.read(async (reader) => {
    const registration = await findRegistration(reader, id)
    if (registration === null) return null
    const { account, decidedBy } = registration
    const history = await findEvents(reader, id)
    const policy = registrar.policy()
    const ledger = await findAccount(reader, registration.username)
    const told = await hasSetPassword(reader, registration)
    const mayBeOpen = ledger?.registrationId === id && ledger.openedAt !== null
    return {
      ...shownOf(registration),
      matrixId: matrixId(registration.username, homeserver.domain),
      /** Who else has it open right now. */
      looking: namesOfOthers(await findLooks(reader, [id], registrar.now() - LOOK_MS), moderator),
      /** One of its jobs failed permanently or keeps failing. */
      trouble: await isInTrouble(reader, id),
      /** Until when the decision can be undone; null if it cannot. */
      undoUntil: isResting(registration, policy)
        ? registration.stateSince + undoWindow(registration, policy)
        : null,
      decidedBy:
        decidedBy === null ? null : ((await findModerator(reader, decidedBy))?.username ?? decidedBy),
      /** What the domain allows a moderator to do now. */
      actions: (['approve', 'deny'] as const).filter((type) => isAllowed(registration, type, registrar)),
      /** Approved and not active yet, so it can be stopped; `may_be_open`: unlocking it got no answer. */
      unopened: isUnopened(registration)
        ? mayBeOpen
          ? ('may_be_open' as const)
          : ('closed' as const)
        : null,
      /** How many days an approval on probation takes; null if it is turned off. */
      probationDays: policy.probation ? Math.round(policy.probationMs / DAY) : null,
      /** Whether that is the first choice: a rule flags it, and the operator wants such ones to read first. */
      probationFirst: policy.probation && heldOnProbation && (await findHolding(reader, id)) !== null,
      /** Whether a moderator can end its probation now. */
      probationEndable: decide(registration, { type: 'end_probation', early: true }, policy).ok,
      /** Whether the decision can be undone. */
      undoable: decide(registration, { type: 'undo', nameFree: true, told, since: 0 }, policy).ok,
      /** An approval sends the link to set the password: there is no account yet. */
      passwordAfterApproval: account !== 'filled' || isOpeningFailed(registration),
      /** Approved, but the account cannot be unlocked: approve it again, or deny it. */
      openingFailed: isOpeningFailed(registration),
      events: history.map(({ at, kind, actor, moderator, detail }): EventView => ({
        at,
        kind,
        actor,
        moderator: actor === 'command_line' ? COMMAND_LINE : moderator,
        detail,
      })),
      jobs: (await findJobs(reader, id)).map((row) => jobView(row, registration)),
    }
  })
}

/** Without what is of no use to moderators, or shown to them in other words. */
function shownOf({
  restMs: _restMs,
  consentVersion: _consentVersion,
  remindedAt: _remindedAt,
  claimedBy: _claimedBy,
  claimedAt: _claimedAt,
  denial: _denial,
  invitationId: _invitationId,
  opening: _opening,
  approval: _approval,
  passwordMode: _passwordMode,
  ...shown
}: Registration) {
  return shown
}

function isAllowed(registration: Registration, type: 'approve' | 'deny', registrar: Registrar): boolean {
  return decide(registration, { type, moderator: '', message: null, silent: false }, registrar.policy()).ok
}
