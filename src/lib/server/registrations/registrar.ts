import {
  begin,
  decide,
  decidedAlready,
  isResting,
  type Action,
  type Policy,
  type Verdict,
} from '$lib/registration/decide'
import type { Logger } from 'pino'
import { marksOf } from '$lib/moderation/held'
import type { EmailAddress } from '$lib/registration/email'
import { accept, refuse, type Refusal, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent, Registration } from '$lib/registration/registration'
import type { Username } from '$lib/registration/username'
import type { Wish } from '$lib/registration/wish'
import type { LedgerEntry } from '../database/accounts'
import { findNewestMail, findWishes } from '../database/registration-mails'
import { findReachedAt, findRequestedAt, hasSetPassword, insertEvents } from '../database/events'
import { deskNetwork } from '$lib/network/client-networks'
import { isRemovalPending } from '../database/jobs'
import { findExchanges, findNotes, findQuestion } from '../database/messages'
import type { Reader, Transaction } from '../database/open'
import {
  findByAddress,
  findDenied,
  findRegistration,
  insertRegistration,
  setHeldFor,
} from '../database/registrations'
import type { Intake } from '../intake/intake'
import { isStill } from './account-ledger'
import { APPLICANT, SYSTEM, type AccountChange, type RegistrationParts } from './transaction'

export type Registrar = ReturnType<typeof createRegistrar>

/** A decision on a request, once it is stored. `waitedMs`: since the request; null if it had one before. */
export interface Decided {
  verdict: 'approved' | 'denied'
  by: 'moderator' | 'invitation'
  waitedMs: number | null
}

/** What was written in a transaction, and what is to be called once that is committed. */
export interface Written {
  result: Result<Registration | null>
  committed: () => void
}

/**
 * Starts registrations, and carries out what is decided on them: loads the row, asks the domain, and commits row, events,
 * jobs and account record in one transaction. Expected refusals are values; it throws only if the database fails.
 */
export function createRegistrar({
  database,
  clock,
  randomId,
  policy,
  intake,
  transaction: { enqueue, actIn, record, isNameFree },
  log,
  decided,
}: RegistrationParts & {
  randomId: () => string
  policy: Omit<Policy, 'now'>
  intake: Pick<Intake, 'settle' | 'admit'>
  log: Pick<Logger, 'info'>
  decided: (decision: Decided) => void
}) {
  /** Logs what was done about a registration and by whom, by their IDs, once it is committed. */
  function logged<T>(result: Result<T>, id: string, action: Action['type'], actor: Actor): Result<T> {
    const by = actor.kind === 'moderator' ? { moderator: actor.id } : {}
    if (result.ok) log.info({ registration: id, action, by: actor.kind, ...by }, 'A registration changed')
    return result
  }

  /** Counts what was decided, if that was it. `requestedAt`: null if it had a decision before. */
  function count(
    result: Result<Registration | null>,
    action: Action['type'],
    requestedAt: number | null,
  ): void {
    if (!result.ok) return
    const by = 'moderator'
    const waitedMs = requestedAt === null ? null : clock() - requestedAt
    if (action === 'approve' || action === 'reopen') decided({ verdict: 'approved', by, waitedMs })
    if (action === 'deny') decided({ verdict: 'denied', by, waitedMs })
    if (action === 'request' && result.value?.state === 'approved')
      decided({ verdict: 'approved', by: 'invitation', waitedMs: null })
  }

  /** Since when a request has been waiting for its first decision; null for any other registration. */
  async function requestedAtOf(reader: Reader, id: string): Promise<number | null> {
    const registration = await findRegistration(reader, id)
    return registration?.state === 'requested' ? registration.stateSince : null
  }

  /**
   * What flags another email to an address that is not confirmed yet. If one before was asked for at a person's pace,
   * this one may be fast: nothing is left to type, and that earlier link would do as well.
   */
  async function marksOfAnother(
    reader: Reader,
    { id, state }: Registration,
    heldFor: string[],
  ): Promise<string[]> {
    if (state !== 'started' || !heldFor.includes('too_fast')) return heldFor
    const before = (await findWishes(reader, id)).map((wish) => marksOf(wish.heldFor))
    const wasSlow = before.some((marks) => !marks.includes('too_fast') && !marks.includes('unknown'))
    return wasSlow ? heldFor.filter((why) => why !== 'too_fast') : heldFor
  }

  /**
   * A link for the attempt started where it is requested from, else for the first one; the details of that attempt
   * come with it.
   */
  async function askLink(
    tx: Transaction,
    known: Registration,
    asked: Pick<Wish, 'language' | 'clientAddress' | 'heldFor'>,
  ): Promise<void> {
    const { id, username, invitationId } = known
    const network = deskNetwork(asked.clientAddress)
    const own = (await findWishes(tx, id)).find(({ clientAddress }) => deskNetwork(clientAddress) === network)
    const heldFor = await marksOfAnother(tx, known, asked.heldFor)
    const wish = { username, invitationId, ...own, ...asked, heldFor }
    await actIn(tx, id, { type: 'ask_link', wish }, APPLICANT)
  }

  /**
   * The registration that whoever has this address knows of: the open one, or one whose denial can still be undone, and
   * so has not been made yet for them.
   */
  async function findKnown(reader: Reader, email: EmailAddress): Promise<Registration | null> {
    const open = await findByAddress(reader, email)
    if (open !== null) return open
    const at = { ...policy, now: clock() }
    const denied = await findDenied(reader, email, at)
    return denied !== null && isResting(denied, at) ? denied : null
  }

  /** Whether a finished registration can become the open one for its email address again. */
  async function isAddressFree(reader: Reader, { id, email }: Registration): Promise<boolean> {
    const other = await findByAddress(reader, email)
    return other === null || other.id === id
  }

  /**
   * Carries out an action within the caller's transaction. `committed` counts and logs it, and is called once that is
   * committed.
   */
  async function actWithin(
    tx: Transaction,
    id: string,
    action: Action,
    actor: Actor,
    version?: number,
  ): Promise<Written> {
    const isVerdict = action.type === 'approve' || action.type === 'deny'
    const requestedAt = isVerdict ? await requestedAtOf(tx, id) : null
    const result = await actIn(tx, id, action, actor, version)
    return {
      result,
      committed() {
        count(result, action.type, requestedAt)
        logged(result, id, action.type, actor)
      },
    }
  }

  async function undoWithin(
    tx: Transaction,
    id: string,
    actor: Actor,
    { own = false }: { own?: boolean } = {},
  ): Promise<Written> {
    const committed = (result: Written['result']) => () => void logged(result, id, 'undo', actor)
    const refused = (refusal: Refusal) => ({ result: refuse(refusal), committed: () => undefined })
    const registration = await findRegistration(tx, id)
    if (registration === null) return refused({ code: 'not_found' })
    const isOwn = actor.kind === 'moderator' && registration.decidedBy === actor.id
    if (own && registration.decidedBy !== null && !isOwn) return refused(decidedAlready(registration))
    if (!(await isAddressFree(tx, registration))) return refused({ code: 'address_taken' })
    const nameFree = await isNameFree(tx, registration.username, id)
    const since = (await findRequestedAt(tx, id)) ?? registration.startedAt
    const told = await hasSetPassword(tx, registration)
    const result = await actIn(tx, id, { type: 'undo', nameFree, told, since }, actor)
    return { result, committed: committed(result) }
  }

  /** What is written within a transaction is counted and logged after it. */
  async function transacted(write: (tx: Transaction) => Promise<Written>): Promise<Written['result']> {
    const { result, committed } = await database.write(write)
    committed()
    return result
  }

  return {
    actWithin,
    undoWithin,
    now: clock,
    /** What the domain's decisions depend on, at this moment. */
    policy: (): Policy => ({ ...policy, now: clock() }),

    isNameFree: (username: Username, registrationId: string | null) =>
      database.read((reader) => isNameFree(reader, username, registrationId)),

    find: (id: string) => database.read((reader) => findRegistration(reader, id)),

    /** When it reached the state that it has since then; null: it was imported, and nobody knows. */
    reachedAt: (id: string, stateSince: number): Promise<number | null> =>
      database.read((reader) => findReachedAt(reader, id, stateSince)),

    /**
     * Somebody requests an account. What happens, and what it costs, is the same whether or not the email is known:
     * one row, one event, one email, whose ID is returned. Refused while registration is closed. `passes`: exempt.
     * The input applies once the link in that email is confirmed.
     */
    async start({
      email,
      passes = false,
      ...wished
    }: Wish & { email: EmailAddress; passes?: boolean }): Promise<Result<string | null>> {
      return database.write(async (tx) => {
        const admitted = await intake.admit(tx, { passes })
        if (!admitted.ok) return admitted
        const known = await findKnown(tx, email)
        if (known === null) {
          const { next, events, jobs } = begin({ id: randomId(), email, ...wished }, clock())
          await insertRegistration(tx, next)
          await setHeldFor(tx, next.id, marksOf(wished.heldFor))
          await insertEvents(tx, next.id, events, APPLICANT, clock())
          await enqueue(tx, next.id, jobs)
          return accept((await findNewestMail(tx, next.id, null))?.id ?? null)
        }
        const wish = { ...wished, heldFor: await marksOfAnother(tx, known, wished.heldFor) }
        const action: Action =
          known.state === 'started' ? { type: 'start_again', ...wish } : { type: 'ask_link', wish }
        const after = await actIn(tx, known.id, action, APPLICANT)
        if (after.ok && after.value?.stateSince !== known.stateSince)
          await setHeldFor(tx, known.id, marksOf(wish.heldFor))
        return accept((await findNewestMail(tx, known.id, null))?.id ?? null)
      })
    },

    /** Closes or opens registration if count or clock say so, and notifies the moderators. */
    settleOpening: () => database.write(async (tx) => enqueue(tx, null, await intake.settle(tx))),

    /**
     * Somebody lost their link. If nobody started with this address, its owner is told so by email. Returns the
     * email's ID.
     */
    async sendLink(
      email: EmailAddress,
      asked: Pick<Wish, 'language' | 'clientAddress' | 'heldFor'>,
    ): Promise<string | null> {
      return database.write(async (tx) => {
        const known = await findKnown(tx, email)
        if (known === null)
          await enqueue(tx, null, [
            { kind: 'mail', mail: 'unknown_address', email, language: asked.language },
          ])
        else await askLink(tx, known, asked)
        const mail = await findNewestMail(tx, known?.id ?? null, known === null ? email : null)
        return mail?.id ?? null
      })
    },

    /** Takes another username in place of a lost one, unless somebody holds it. */
    async chooseName(id: string, username: Username): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        if (!(await isNameFree(tx, username, id))) return refuse({ code: 'username_taken' })
        return actIn(tx, id, { type: 'choose_name', username }, APPLICANT)
      })
    },

    /**
     * Carries out what the domain decides on an action. `version`: what the actor saw; if the registration has
     * changed since, it is refused as `stale`. `account` and `events`: recorded in the same transaction, before the
     * decision, and also if that is refused. `examined`: the record that `account` is based on; if it has changed since,
     * nothing is recorded, and that is `stale` as well.
     */
    async act(
      id: string,
      action: Action,
      actor: Actor,
      {
        version,
        account,
        examined,
        events = [],
      }: { version?: number; account?: AccountChange; examined?: LedgerEntry; events?: AuditEvent[] } = {},
    ): Promise<Result<Registration | null>> {
      return transacted(async (tx) => {
        if (examined !== undefined && !(await isStill(tx, examined)))
          return { result: refuse({ code: 'stale' }), committed: () => undefined }
        if (account !== undefined) await record(tx, account)
        await insertEvents(tx, id, events, SYSTEM, clock())
        return actWithin(tx, id, action, actor, version)
      })
    },

    /** Returns what the domain would decide, and changes nothing. */
    async consider(id: string, action: Action): Promise<Result<null>> {
      const registration = await database.read((reader) => findRegistration(reader, id))
      if (registration === null) return refuse({ code: 'not_found' })
      const decision = decide(registration, action, { ...policy, now: clock() })
      return decision.ok ? accept(null) : decision
    },

    /**
     * Undoes a pending decision: the request waits again, since when it was made. `own`: only if the actor made it.
     */
    undo: (id: string, actor: Actor, only: { own?: boolean } = {}): Promise<Result<Registration | null>> =>
      transacted((tx) => undoWithin(tx, id, actor, only)),

    /** Approves what was denied, in that version, if its username and email are still free. */
    async reopen(
      id: string,
      verdict: Verdict,
      actor: Actor,
      version?: number,
    ): Promise<Result<Registration | null>> {
      const result = await database.write(async (tx) => {
        const registration = await findRegistration(tx, id)
        if (registration === null) return refuse({ code: 'not_found' })
        if (registration.state === 'denied' && !(await isAddressFree(tx, registration)))
          return refuse({ code: 'address_taken' })
        const nameFree = await isNameFree(tx, registration.username, id)
        const removing = await isRemovalPending(tx, registration.username)
        return actIn(tx, id, { type: 'reopen', nameFree, removing, ...verdict }, actor, version)
      })
      count(result, 'reopen', null)
      return logged(result, id, 'reopen', actor)
    },

    /** The conversation with an applicant, oldest first. */
    exchanges: (id: string) => database.read((reader) => findExchanges(reader, id)),

    /** Moderators' comments, oldest first. */
    notes: (id: string) => database.read((reader) => findNotes(reader, id)),

    /** The question of that time (milliseconds since 1970). */
    questionOf: (id: string, at: number) => database.read((reader) => findQuestion(reader, id, at)),

    /** What the domain needs to know before a registration is reopened. */
    reopening: (registration: Registration) =>
      database.read(async (reader) => ({
        addressFree: await isAddressFree(reader, registration),
        nameFree: await isNameFree(reader, registration.username, registration.id),
        removing: await isRemovalPending(reader, registration.username),
      })),
  }
}
