import type { Logger } from 'pino'
import type { JobKind, JobOf } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'
import type { Registration } from '$lib/registration/registration'
import type { ModeratorLinks } from '../auth/moderator-links'
import type { JobRow } from '../database/jobs'
import type { Database } from '../database/open'
import { findRegistration } from '../database/registrations'
import type { Homeserver } from '../homeserver/homeserver'
import type { Intake } from '../intake/intake'
import type { Sources } from '../mail/definition'
import type { Mailer } from '../mail/mail'
import type { CircuitBreakers } from '../outages/circuit-breaker'
import type { AccountLedger } from '../registrations/account-ledger'
import type { JobResult } from '../registrations/job-results'
import type { Registrar } from '../registrations/registrar'

/** The moderators' room. `decide`: they can decide there, too; `details`: it shows what applicants wrote, as long as they wait. */
export interface AdminRoom {
  readonly room: string
  readonly template: string | null
  readonly decide: 'off' | 'reactions'
  readonly details: boolean
}

/** What jobs are done with; each kind names what it needs of it. */
export interface JobServices {
  database: Database
  homeserver: Homeserver
  registrar: Registrar
  accountLedger: AccountLedger
  mailer: Mailer
  mailSources: Sources
  outages: Pick<CircuitBreakers, 'current'>
  intake: Pick<Intake, 'read'>
  moderatorLinks: Pick<ModeratorLinks, 'mint'>
  site: { url: string; language: Language }
  /** Addresses that get email for the moderators anyway, and are reminded of what has waited for so many hours. */
  operators: { to: string[]; hours: number }
  /** Messages to Matrix rooms; null: turned off. */
  rooms: {
    readonly adminRoom: AdminRoom | null
    readonly welcome: { readonly room: string | null; readonly template: string } | null
  }
  /** The version of the policy required now; null if none is. */
  consentVersion: string | null
  log: Logger
}

/**
 * Does one job of a kind. It may be run twice: it checks the outside state first, or uses an ID known there. Throws
 * `HomeserverError` or `MailError` if the outside fails.
 */
export type Run<K extends JobKind> = (
  job: JobOf<K>,
  services: JobServices,
  row: Pick<JobRow, 'id' | 'registrationId'>,
) => Promise<JobResult>

export const DONE: JobResult = { state: 'done' }
export const cancelled = (reason: string): JobResult => ({ state: 'cancelled', reason })

/** The removal of an account does not wait for what was to be done with it. */
export const REMOVED = cancelled('The account was removed')

/** A job about a registration, which is not done if that was deleted. */
export const withRegistration =
  <J, S extends Pick<JobServices, 'database'>>(
    run: (registration: Registration, services: S, job: J, id: string) => Promise<JobResult>,
  ) =>
  async (
    job: J,
    services: S,
    { id, registrationId }: Pick<JobRow, 'id' | 'registrationId'>,
  ): Promise<JobResult> => {
    const registration =
      registrationId === null
        ? null
        : await services.database.read((reader) => findRegistration(reader, registrationId))
    return registration === null
      ? cancelled('The registration was deleted')
      : run(registration, services, job, id)
  }
