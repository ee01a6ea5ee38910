import { matrixId, type Username } from '$lib/registration/username'
import type { Registration } from '$lib/registration/registration'
import { findRegistration, findWaiting } from '../database/registrations'
import type { LeasedJob } from '../database/jobs'
import type { Database } from '../database/open'
import type { Homeserver } from '../homeserver/homeserver'
import type { JobResult } from '../registrations/job-results'
import type { NewJob } from '$lib/registration/job'
import type { People } from '../auth/people'
import type { Intake } from '../intake/intake'
import type { CircuitBreakers } from '../outages/circuit-breaker'
import type { createAccountJobs } from './account-jobs'
import type { Letters } from './mail-jobs'
import type { PersonNotices } from './moderator-notices'
import type { RoomNotices } from './room-notices'
import type { Handle } from './worker'

const DONE: JobResult = { state: 'done' }
const cancelled = (reason: string): JobResult => ({ state: 'cancelled', reason })

/**
 * How each kind of job is done. Every handler may be run twice: it checks the outside state first, or uses an ID
 * known there.
 */
export function createHandlers({
  database,
  homeserver,
  accounts,
  letters,
  notices,
  persons,
  outages,
  opening,
  people,
  consentVersion,
}: {
  database: Database
  homeserver: Homeserver
  accounts: ReturnType<typeof createAccountJobs>
  letters: Letters
  notices: RoomNotices
  persons: PersonNotices
  outages: CircuitBreakers
  opening: Pick<Intake, 'read'>
  people: Pick<People, 'mintLink'>
  /** The version required now; null if none is. */
  consentVersion: string | null
}): Handle {
  const find = (id: string | null) =>
    id === null ? Promise.resolve(null) : database.read((reader) => findRegistration(reader, id))

  /** Only after unlocking, and never taking it from another account: checked right before the bind. */
  async function bindAddress({ username, email, account }: Registration): Promise<JobResult> {
    if (account !== 'open') return cancelled('The account is not active')
    const owner = await homeserver.addressOwner(email)
    const mine = matrixId(username, homeserver.domain)
    if (owner !== null && owner !== mine)
      return {
        state: 'failed',
        error: `The email address already belongs to ${owner}, so it was not added to ${mine}`,
      }
    if (owner === null) await homeserver.bindAddress(username, email)
    return DONE
  }

  /**
   * Under the version that the applicant accepted. If the homeserver never had that version, the setting was a
   * mistake, and the same documents are meant by the current one.
   */
  async function consent(username: Username, ticked: string): Promise<JobResult> {
    const mended =
      consentVersion !== null &&
      consentVersion !== ticked &&
      (await homeserver.consentProblem(ticked))?.code === 'unknown'
    await homeserver.consent(username, mended ? consentVersion : ticked)
    return DONE
  }

  async function warnOfOutage(job: Extract<NewJob, { kind: 'warn_outage' }>, id: string): Promise<JobResult> {
    const outage = (await outages.current()).find((found) => found.server === job.server)
    if (outage === undefined) return cancelled('The outage is over')
    return job.by === 'mail' ? letters.outage(outage, job, id) : notices.outage(outage, id)
  }

  async function warnOfOpening(
    job: Extract<NewJob, { kind: 'warn_opening' }>,
    id: string,
  ): Promise<JobResult> {
    const { opening: now, counts } = await database.read(opening.read)
    if (now.open !== job.open) return cancelled('It has changed again since')
    const news = { ...job, waiting: counts.waiting, until: now.open ? null : now.until }
    return job.by === 'mail' ? letters.opening(news, job, id) : notices.opening(news, id)
  }

  async function ofRegistration(
    job: NewJob,
    registration: Registration,
    row: LeasedJob['row'],
  ): Promise<JobResult> {
    const { username } = registration
    switch (job.kind) {
      case 'open_account':
        return accounts.open(registration)
      case 'bind_address':
        return bindAddress(registration)
      case 'consent':
        return consent(username, job.version)
      case 'join_room':
        await homeserver.joinRoom(username, job.room)
        return DONE
      case 'welcome':
        return notices.welcome(registration, row.id)
      case 'mail':
        return letters.toApplicant(job, registration, row.id)
      default:
        throw new Error(`A job of kind ${job.kind} belongs to no registration`)
    }
  }

  return async ({ row, job }) => {
    switch (job.kind) {
      case 'remove_account':
        return accounts.remove(job)
      case 'lock_account':
        return accounts.lock(job)
      case 'notify_room':
        return notices.waiting(await database.read((reader) => findWaiting(reader, job.since)), row.id)
      case 'notify_moderators':
        return letters.toModerators(
          await database.read((reader) => findWaiting(reader, job.since)),
          job,
          row.id,
        )
      case 'notify_person':
        return persons.send(job, row.id)
      case 'warn_outage':
        return warnOfOutage(job, row.id)
      case 'warn_auto_join':
        return job.by === 'mail' ? letters.autoJoin(job, row.id) : notices.autoJoin(job, row.id)
      case 'warn_opening':
        return warnOfOpening(job, row.id)
      default: {
        if (job.kind === 'mail' && job.mail === 'unknown_address') return letters.unknownAddress(job, row.id)
        if (job.kind === 'mail' && (job.mail === 'invitation' || job.mail === 'confirm_moderator'))
          return letters.toModerator(job, await people.mintLink(job.link), row.id)
        const registration = await find(row.registrationId)
        if (registration === null) return cancelled('The registration was deleted')
        return ofRegistration(job, registration, row)
      }
    }
  }
}
