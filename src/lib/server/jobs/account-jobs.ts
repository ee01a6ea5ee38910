import type { Logger } from 'pino'
import type { NewJob } from '$lib/registration/job'
import type { Registration } from '$lib/registration/registration'
import { signsOfOthers, type Sign } from '$lib/registration/signs'
import { isOursUnopened } from '$lib/registration/state'
import { HomeserverError, type Homeserver } from '../homeserver/homeserver'
import type { LedgerEntry } from '../database/accounts'
import type { Registrar } from '../registrations/registrar'
import type { JobResult } from '../registrations/job-results'

type About<K extends NewJob['kind']> = Extract<NewJob, { kind: K }>

const cancelled = (reason: string): JobResult => ({ state: 'cancelled', reason })
const IN_DOUBT =
  'Somebody else has, or may have, the account on the homeserver. It was not changed; see the unverified accounts'

/** How long after requesting an account its answer counts as lost, in milliseconds. */
const CLAIM_MS = 30_000

/** Traces of its applicant signing in once it is active. */
const OWN: Sign[] = ['unlocked', 'devices', 'used']

/** It was to be unlocked, and no answer came. */
const mayBeOpen = ({ state, openedAt }: LedgerEntry) => state === 'filled' && openedAt !== null
const wasUsed = (signs: Sign[]) => signs.includes('devices') || signs.includes('used')

/** Signs of others, except these. If it may have been unlocked here, whoever signed in is its applicant. */
function signsBeside(entry: LedgerEntry, signs: Sign[], ...expected: Sign[]): Sign[] {
  const known = mayBeOpen(entry) ? [...OWN, ...expected] : expected
  return signs.filter((sign) => !known.includes(sign))
}

/**
 * Account jobs after the request that created the accounts. Each examines the account right before, and leaves it
 * alone if somebody else has it. A few milliseconds remain between the check and the change in which that can happen.
 */
export function createAccountJobs({
  registrar,
  homeserver,
  log,
}: {
  registrar: Registrar
  homeserver: Homeserver
  log: Logger
}) {
  /** Retried at once if somebody else updated the record meanwhile. */
  async function doubt(
    entry: LedgerEntry,
    signs: Sign[],
    again: () => Promise<JobResult>,
  ): Promise<JobResult> {
    if (!(await registrar.doubt(entry, signs))) return again()
    log.warn(
      { registration: entry.registrationId, signs },
      'Somebody else has an account that was created here',
    )
    return cancelled(IN_DOUBT)
  }

  /**
   * Nobody gets in unapproved, nor into an account that somebody else has by now. That it may be active from here on
   * is recorded before: a lost answer is no sign of others.
   */
  async function open(registration: Registration): Promise<JobResult> {
    const { id, state, account: known, username, email } = registration
    const entry = await registrar.account(username)
    if (state !== 'approved') return cancelled('The registration is no longer approved')
    if (entry === null || entry.registrationId !== id || (known !== 'filled' && known !== 'open'))
      return cancelled('The account is not ready to be unlocked')
    const opened: JobResult = {
      state: 'done',
      action: { type: 'opened' },
      account: { localpart: username, state: 'open', openedAt: registrar.now() },
      // Stopped meanwhile: the job that locks it again waits for this one to end.
      otherwise: { localpart: username, state: entry.state, openedAt: registrar.now() },
    }
    const account = await homeserver.account(username)
    if (account !== null && !account.deactivated) {
      // Their email address is added after unlocking, and to nobody else's account.
      const isTheirs = account.addresses.includes(email)
      if (!account.locked && (isTheirs || entry.openedAt !== null)) return opened
      const signs = isTheirs ? [] : signsOfOthers(username, entry, account)
      if (signs.length > 0) return doubt(entry, signs, () => openAnew(id))
      if (!(await registrar.beginOpening(id, entry))) return openAnew(id)
    }
    try {
      await homeserver.open(username)
    } catch (error) {
      // A clear "no" unlocked nothing.
      if (entry.openedAt === null && error instanceof HomeserverError && error.kind !== 'unreachable')
        await registrar.recordAccount(null, { localpart: username, state: entry.state, openedAt: null }, [])
      throw error
    }
    return opened
  }

  async function openAnew(id: string): Promise<JobResult> {
    const registration = await registrar.find(id)
    return registration === null ? cancelled('The registration was deleted') : open(registration)
  }

  async function remove(job: About<'remove_account'>): Promise<JobResult> {
    const { username } = job
    const entry = await registrar.account(username)
    if (entry === null || !isOursUnopened(entry.state) || (entry.openedAt !== null && !mayBeOpen(entry)))
      return cancelled('The account was not created here, or is not waiting to be unlocked')
    if (entry.state === 'claiming' && registrar.now() - entry.changedAt < CLAIM_MS)
      return cancelled('The account is being created: it is removed once there is an answer')
    const holder = entry.registrationId === null ? null : await registrar.find(entry.registrationId)
    if (holder !== null && holder.username === username && holder.holdsName)
      return cancelled('The account belongs to a registration in progress')
    const account = await homeserver.account(username)
    // If the answer to the claim was lost, it is unknown whose it is.
    const signs = account === null ? [] : signsOfOthers(username, entry, account)
    const others = signsBeside(entry, signs, 'deactivated')
    if (account !== null && (entry.state === 'claiming' || others.length > 0))
      return doubt(entry, signs, () => remove(job))
    if (account !== null && !account.deactivated) await homeserver.remove(username)
    // It can be reused for the same username, unless it never existed.
    const gone = account === null && entry.state === 'claiming'
    return {
      state: 'done',
      account: gone
        ? { localpart: username, state: null }
        : { localpart: username, state: 'removed', openedAt: wasUsed(signs) ? entry.openedAt : null },
      events: gone ? [] : [{ kind: 'account_removed' }],
    }
  }

  async function lock(job: About<'lock_account'>): Promise<JobResult> {
    const { username } = job
    const entry = await registrar.account(username)
    if (entry !== null && mayBeOpen(entry)) return close(job, entry)
    if (entry === null || !['claiming', 'claimed', 'reviving'].includes(entry.state))
      return cancelled('The account is already locked, or was not created here')
    const account = await homeserver.account(username)
    if (account === null) {
      const events = entry.state === 'claiming' ? [] : [{ kind: 'account_missing' as const }]
      const struck = await registrar.moveAccount(entry, { localpart: username, state: null }, events)
      return struck ? { state: 'done', events: [] } : lock(job)
    }
    const signs = signsOfOthers(username, entry, account)
    if (entry.state === 'claiming' || signs.length > 0) return doubt(entry, signs, () => lock(job))
    // Its applicant's next attempt reactivates it.
    if (entry.state === 'reviving') return cancelled('The account is locked, or still deactivated')
    if (!account.locked) await homeserver.lock(username)
    return (await isLocked(entry)) ? { state: 'done', events: [] } : lock(job)
  }

  /** Its approval was stopped when it may have been active already, because the answer was lost or came too late. */
  async function close(job: About<'lock_account'>, entry: LedgerEntry): Promise<JobResult> {
    const { localpart, state, openedAt } = entry
    const account = await homeserver.account(localpart)
    if (account === null) {
      const struck = await registrar.moveAccount(entry, { localpart, state: null }, [
        { kind: 'account_missing' },
      ])
      return struck ? { state: 'done', events: [] } : lock(job)
    }
    const signs = signsOfOthers(localpart, entry, account)
    if (signsBeside(entry, signs).length > 0) return doubt(entry, signs, () => lock(job))
    if (!account.locked) await homeserver.lock(localpart)
    const used = wasUsed(signs)
    const closed = { localpart, state, openedAt: used ? openedAt : null }
    const events = account.locked ? [] : [{ kind: 'account_closed' as const, detail: { used } }]
    return (await registrar.moveAccount(entry, closed, events)) ? { state: 'done', events: [] } : lock(job)
  }

  const isLocked = (entry: LedgerEntry) =>
    registrar.moveAccount(entry, { localpart: entry.localpart, state: 'locked' }, [
      { kind: 'account_locked' },
    ])

  return { open, remove, lock }
}
