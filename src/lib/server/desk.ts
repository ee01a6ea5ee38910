import { decide } from '$lib/registration/decide'
import type { Registration } from '$lib/registration/registration'
import { matrixId } from '$lib/registration/username'
import type { JobView, QueueItem, RegistrationView } from '$lib/registration/views'
import { findEvents } from './database/events'
import { findJobs, readJob, type JobRow } from './database/jobs'
import type { Database } from './database/open'
import { findRegistration, isInTrouble } from './database/registrations'
import type { Homeserver } from './homeserver/homeserver'
import type { Registrar } from './registrar'

/** What a row of the queue shows. */
export function queueItem(row: Registration & { trouble: boolean }, domain: string): QueueItem {
  const { id, username, email, reason, language, clientAddress, state, startedAt, stateSince, trouble } = row
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
    trouble,
  }
}

/** What moderators see of a job. */
export function jobView(row: JobRow): JobView {
  const { id, state, attempts, runAt, error, createdAt, finishedAt } = row
  const job = readJob(row)
  const about = job.kind === 'mail' ? job.mail : job.kind === 'join_room' ? job.room : null
  return { id, kind: job.kind, about, state, attempts, runAt, error, createdAt, finishedAt }
}

/** All that moderators see of one registration, and what the domain lets them do; null when there is none. */
export async function registrationView(
  { database, homeserver, registrar }: { database: Database; homeserver: Homeserver; registrar: Registrar },
  id: string,
): Promise<RegistrationView | null> {
  return database.read(async (reader) => {
    const registration = await findRegistration(reader, id)
    if (registration === null) return null
    const history = await findEvents(reader, id)
    const { version, holdsName, account, legalAcceptedAt, message, silent, decidedBy } = registration
    const decision = history.findLast(({ kind }) => kind === 'approved' || kind === 'denied')
    return {
      ...queueItem({ ...registration, trouble: await isInTrouble(reader, id) }, homeserver.domain),
      version,
      holdsName,
      account,
      legalAcceptedAt,
      message,
      silent,
      decidedBy: decidedBy === null ? null : (decision?.moderator ?? decidedBy),
      actions: (['approve', 'deny'] as const).filter((type) => isAllowed(registration, type, registrar)),
      passwordAfterApproval: account === 'none',
      events: history.map(({ at, kind, actor, moderator, detail }) => ({
        at,
        kind,
        actor,
        moderator,
        detail,
      })),
      jobs: (await findJobs(reader, id)).map(jobView),
    }
  })
}

function isAllowed(registration: Registration, type: 'approve' | 'deny', registrar: Registrar): boolean {
  return decide(registration, { type, moderator: '', message: null, silent: false }, registrar.policy()).ok
}

/** Where a page of the queue ends. */
export function writeCursor({ stateSince, id }: { stateSince: number; id: string }): string {
  return `${stateSince}.${id}`
}

/** Null for none, and for what is no cursor. */
export function readCursor(cursor: string | undefined): { stateSince: number; id: string } | null {
  const [, since, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(cursor ?? '') ?? []
  return since === undefined || id === undefined ? null : { stateSince: Number(since), id }
}
