import { decide, decidedAlready, type Action, type Decision, type Policy } from '$lib/registration/decide'
import { wants } from '$lib/moderation/notices'
import type { NewJob } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, Registration } from '$lib/registration/registration'
import { isOursUnopened, type AccountState } from '$lib/registration/state'
import type { Username } from '$lib/registration/username'
import { deleteAccount, findAccount, putAccount, type LedgerEntry } from '../database/accounts'
import { insertEvents, lastEventOf } from '../database/events'
import { countUse, findBrought } from '../database/invitations'
import {
  cancelLocking,
  cancelOpening,
  cancelResting,
  dropFailed,
  insertJob,
  reviveNotices,
} from '../database/jobs'
import { findHearers } from '../database/notices'
import type { Database, Reader, Transaction } from '../database/open'
import {
  deleteRegistration,
  findRegistration,
  isNameHeld,
  updateRegistration,
} from '../database/registrations'
import { insertWords } from '../database/messages'
import { hasRoomNotice } from '../database/room-notices'
import type { DenialFingerprints } from './denial-fingerprints'
import type { Intake } from '../intake/intake'

export const SYSTEM: Actor = { kind: 'system' }
export const APPLICANT: Actor = { kind: 'applicant' }

/** Changes that no decision depends on. */
const SILENT: Action['type'][] = ['speak', 'ask_link', 'take', 'release', 'note']

/** A change of an account record; null deletes it: the account is not ours. */
export type AccountChange = { localpart: Username } & (
  | { state: LedgerEntry['state']; registrationId?: string | null; madeAt?: number; openedAt?: number | null }
  | { state: null }
)

/**
 * How long after requesting an account its answer counts as lost, in milliseconds. MAS waits a minute for Synapse, whoever
 * has hung up meanwhile. What was asked for by then may be done by then, too.
 */
export const CLAIM_MS = 90_000

/**
 * From these states on an account may be active on the homeserver, or that is unknown: after this many milliseconds,
 * it is examined and locked, if whoever is working on it has not done so. The answer to a claim can take its time.
 */
const LOCKED_AFTER: Partial<Record<AccountState, number>> = {
  claiming: CLAIM_MS,
  claimed: 5_000,
  reviving: 30_000,
}

/** Whether what was stopped may still unlock an account, as long as this time has not come (`lock_account`). */
export const mayStillUnlock = (until: number, now: number): boolean => now < until && until <= now + CLAIM_MS

export type RegistrationTransaction = ReturnType<typeof createRegistrationTransaction>

/** What all writers of registrations share. */
export interface RegistrationParts {
  database: Database
  clock: () => number
  transaction: RegistrationTransaction
}

/** The parts of every registrar transaction: the domain decides, and everything that follows is written with it. */
export function createRegistrationTransaction({
  clock,
  randomId,
  policy,
  intake,
  memory,
}: {
  clock: () => number
  randomId: () => string
  policy: Omit<Policy, 'now'>
  intake: Pick<Intake, 'settle'>
  memory: Pick<DenialFingerprints, 'remember'>
}) {
  /** Moderators who want to be notified of each request get the same as the operator's addresses, in their own job. */
  async function toPersons(tx: Transaction, jobs: NewJob[]): Promise<NewJob[]> {
    const told = jobs.find((job) => job.kind === 'notify_moderators' && !job.reminder)
    if (told?.kind !== 'notify_moderators') return []
    const persons = (await findHearers(tx)).filter((person) => wants(person, 'each'))
    return persons.map(({ id }) => ({
      kind: 'notify_person',
      moderator: id,
      why: 'each',
      since: told.since,
    }))
  }

  /** Something changed about a registration that the moderators' room may say: what was told there is looked at again. */
  async function toRoom(tx: Transaction, registration: string): Promise<NewJob[]> {
    const isTold = policy.moderatorsRoom && (await hasRoomNotice(tx, registration))
    return isTold ? [{ kind: 'notify_room_decided', registration }] : []
  }

  async function enqueue(
    tx: Transaction,
    registrationId: string | null,
    jobs: NewJob[],
    { rest = 0, now = clock() }: { rest?: number | undefined; now?: number } = {},
  ): Promise<void> {
    for (const job of [...jobs, ...(await toPersons(tx, jobs))])
      await insertJob(tx, job, { id: randomId(), registrationId, now, rest })
  }

  /** A decision against an account that may be active already locks it at once, whatever else is pending. */
  async function stopOpening(tx: Transaction, { id, username }: Registration, now: number): Promise<void> {
    const isRunning = await cancelOpening(tx, id, now)
    const account = await findAccount(tx, username)
    if (isRunning || (account?.registrationId === id && account.openedAt !== null))
      await enqueue(tx, id, [{ kind: 'lock_account', username, until: now + CLAIM_MS }], { now })
  }

  /** Whether a registration waits for this account, or an answer about it is outstanding. */
  async function isAwaited(tx: Transaction, localpart: Username): Promise<boolean> {
    const entry = await findAccount(tx, localpart)
    if (entry === null || entry.state === 'claiming' || !isOursUnopened(entry.state)) return true
    const holder = entry.registrationId === null ? null : await findRegistration(tx, entry.registrationId)
    return holder !== null && holder.holdsName && holder.username === localpart
  }

  /** Whatever it becomes, nothing stays active without a job to lock it, and nothing is kept that nobody waits for. */
  async function record(tx: Transaction, change: AccountChange): Promise<void> {
    const { localpart, ...values } = change
    await cancelLocking(tx, localpart, clock())
    if (values.state === null) return deleteAccount(tx, localpart)
    await putAccount(tx, localpart, values, clock())
    const rest = LOCKED_AFTER[values.state]
    if (rest !== undefined) await enqueue(tx, null, [{ kind: 'lock_account', username: localpart }], { rest })
    if (!(await isAwaited(tx, localpart)))
      await enqueue(tx, null, [{ kind: 'remove_account', username: localpart }])
  }

  /**
   * Writes what the domain decided at a time, all of it with that time: jobs and messages are found by it later. With a
   * registration, its jobs are deleted: what is still to be done is queued after that, as one like it would cover it.
   */
  async function commit(
    tx: Transaction,
    before: Registration,
    { next, events, jobs, rest, wrote, uses, ledger, stops }: Extract<Decision, { ok: true }>,
    actor: Actor,
    { counts, now }: { counts: boolean; now: number },
  ): Promise<Registration | null> {
    await insertEvents(tx, before.id, events, actor, now)
    if (wrote !== undefined) await insertWords(tx, before.id, wrote, actor, now)
    if (next === null) {
      await memory.remember(tx, before, now)
      await deleteRegistration(tx, before.id)
      await enqueue(tx, null, jobs, { now })
      return null
    }
    const after = counts ? { ...next, version: before.version + 1 } : next
    await updateRegistration(tx, after)
    // Whether it was unlocked before says nothing about the account that comes of it; signs of use still do.
    if (ledger !== undefined) await record(tx, { localpart: after.username, state: ledger, openedAt: null })
    // What failed about an approval is obsolete once something else is decided.
    if (counts && before.state === 'approved') await dropFailed(tx, before.id, 'open_account', now)
    if (stops === true) await stopOpening(tx, before, now)
    if (uses === true && after.invitationId !== null) await countUse(tx, after.invitationId, now)
    await enqueue(tx, before.id, jobs, { rest, now })
    if (before.state !== after.state || before.claimedBy !== after.claimedBy)
      await enqueue(tx, null, await toRoom(tx, before.id), { now })
    // One waiting request more or less: with the last one allowed, registration closes.
    const moved = before.state !== after.state || before.exchange !== after.exchange
    if (moved && (before.state === 'requested' || after.state === 'requested'))
      await enqueue(tx, null, await intake.settle(tx), { now })
    return after
  }

  async function actIn(
    tx: Transaction,
    id: string,
    action: Action,
    actor: Actor,
    version?: number,
  ): Promise<Result<Registration | null>> {
    const registration = await findRegistration(tx, id)
    if (registration === null) return refuse({ code: 'not_found' })
    const now = clock()
    const isInvited = action.type === 'request' && registration.invitationId !== null
    const brought = isInvited ? await findBrought(tx, id, now) : null
    const decision = decide(registration, action, { ...policy, now }, brought)
    if (!decision.ok) return decision
    if (version !== undefined && registration.version !== version)
      return refuse(decision.stops === true ? decidedAlready(registration) : { code: 'stale' })
    const recalled = decision.recall === true && (await cancelResting(tx, id, registration.stateSince, now))
    if (decision.recall === true && decision.stops !== true && !recalled)
      return refuse({ code: 'undo_too_late' })
    const counts = !SILENT.includes(action.type)
    const after = await commit(tx, registration, decision, actor, { counts, now })
    if (action.type === 'undo' && after?.state === 'requested') {
      const newestAt = Math.max(after.stateSince, (await lastEventOf(tx, id, 'answered')) ?? 0)
      await reviveNotices(tx, { decidedAt: registration.stateSince, newestAt, now })
    }
    if (decision.then === undefined) return accept(after)
    const done = await actIn(tx, id, decision.then, SYSTEM)
    // Thrown instead of returned, so that it is rolled back.
    if (!done.ok) throw new Error(`${decision.then.type} is refused, which ${action.type} asks for`)
    return done
  }

  /** Whether this registration may have the username: nobody holds it, and no account of ours has it for others. */
  async function isNameFree(
    reader: Reader,
    username: Username,
    registrationId: string | null,
  ): Promise<boolean> {
    if (await isNameHeld(reader, username, registrationId)) return false
    const account = await findAccount(reader, username)
    if (account === null) return true
    if (account.state === 'removed') return account.openedAt === null
    if (account.state === 'open' || account.state === 'doubtful') return false
    return registrationId !== null && account.registrationId === registrationId
  }

  return { enqueue, actIn, record, isNameFree, toRoom }
}
