import { isDeepStrictEqual } from 'node:util'
import { begin, decide, type Action, type Policy } from '$lib/registration/decide'
import { differenceOf, type DifferenceCode, type Found, type Mend } from '$lib/registration/differences'
import { marksOf } from '$lib/moderation/held'
import { isDayOver } from '$lib/moderation/notices'
import type { EmailAddress } from '$lib/registration/email'
import type { NewJob, Outside } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent, Registration } from '$lib/registration/registration'
import type { Username } from '$lib/registration/username'
import type { Wish } from '$lib/registration/wish'
import { findAccount } from '../database/accounts'
import { findNewestMail, findWishes } from '../database/registration-mails'
import { announceAfter, announceAnew, announceOnce, forgetAnnouncement } from '../database/announcements'
import { insertEvents } from '../database/events'
import { deskNetwork } from '$lib/network/client-networks'
import { endWaiting, findPendingKinds } from '../database/jobs'
import type { Database, Reader, Transaction } from '../database/open'
import { reviveMails } from '../database/refused-mails'
import {
  findByAddress,
  findHolder,
  findRegistration,
  insertRegistration,
  setHeldFor,
} from '../database/registrations'
import type { DenialFingerprints } from './denial-fingerprints'
import type { Intake } from '../intake/intake'
import { APPLICANT, createRegistrationTransaction, SYSTEM, type AccountChange } from './transaction'
import { createModeratorActions } from './moderator-actions'
import { createAccountLedger } from './account-ledger'
import { createJobResults } from './job-results'
import { createLinks } from './links'

/** What the database knows about a username. */
export type Standing = Omit<Found, 'account'>

export type Registrar = ReturnType<typeof createRegistrar>

/**
 * The only way to write registrations: loads the row, asks the domain, and commits row, events, jobs and account
 * record in one transaction. Expected refusals are values; it throws only if the database fails.
 */
export function createRegistrar({
  database,
  clock,
  randomId,
  policy,
  intake,
  memory,
  linkHours,
}: {
  database: Database
  clock: () => number
  randomId: () => string
  policy: Omit<Policy, 'now'>
  intake: Pick<Intake, 'settle' | 'admit'>
  memory: Pick<DenialFingerprints, 'remember'>
  linkHours: number
}) {
  const transaction = createRegistrationTransaction({ clock, randomId, policy, intake, memory })
  const { enqueue, actIn, record, isNameFree } = transaction

  async function findStanding(reader: Reader, localpart: Username): Promise<Standing> {
    const registration = await findHolder(reader, localpart)
    const ledger = await findAccount(reader, localpart)
    const pending = await findPendingKinds(reader, registration?.id ?? null, localpart)
    return { registration, ledger, pending }
  }

  /** True if nothing was announced under this key within the last 24 hours; then it counts as announced now. */
  async function isDue(tx: Transaction, key: string): Promise<boolean> {
    const now = clock()
    return announceAfter(tx, key, now, (last) => isDayOver(last, now))
  }

  /**
   * A link for the attempt started where it is requested from, else for the first one; the details of that attempt
   * come with it.
   */
  async function askLink(
    tx: Transaction,
    { id, username, invitationId }: Registration,
    asked: Pick<Wish, 'language' | 'clientAddress' | 'heldFor'>,
  ): Promise<void> {
    const network = deskNetwork(asked.clientAddress)
    const own = (await findWishes(tx, id)).find(({ clientAddress }) => deskNetwork(clientAddress) === network)
    const wish = { username, invitationId, ...own, ...asked }
    await actIn(tx, id, { type: 'ask_link', wish }, APPLICANT)
  }

  return {
    now: clock,
    /** What the domain's decisions depend on, at this moment. */
    policy: (): Policy => ({ ...policy, now: clock() }),

    isNameFree: (username: Username, registrationId: string | null) =>
      database.read((reader) => isNameFree(reader, username, registrationId)),

    find: (id: string) => database.read((reader) => findRegistration(reader, id)),

    /** The account record for a username. */
    account: (localpart: Username) => database.read((reader) => findAccount(reader, localpart)),

    /**
     * Somebody requests an account. What happens, and what it costs, is the same whether or not the email is known:
     * one row, one event, one email, whose ID is returned. Refused while registration is closed. `passes`: exempt.
     * The input applies once the link in that email is confirmed.
     */
    async start({
      email,
      passes = false,
      ...wish
    }: Wish & { email: EmailAddress; passes?: boolean }): Promise<Result<string | null>> {
      return database.write(async (tx) => {
        const admitted = await intake.admit(tx, { passes })
        if (!admitted.ok) return admitted
        const known = await findByAddress(tx, email)
        if (known === null) {
          const { next, events, jobs } = begin({ id: randomId(), email, ...wish }, clock())
          await insertRegistration(tx, next)
          await setHeldFor(tx, next.id, marksOf(wish.heldFor))
          await insertEvents(tx, next.id, events, APPLICANT, clock())
          await enqueue(tx, next.id, jobs)
          return accept(await findNewestMail(tx, next.id, null))
        }
        const action: Action =
          known.state === 'started' ? { type: 'start_again', ...wish } : { type: 'ask_link', wish }
        const after = await actIn(tx, known.id, action, APPLICANT)
        if (after.ok && after.value?.stateSince !== known.stateSince)
          await setHeldFor(tx, known.id, marksOf(wish.heldFor))
        return accept(await findNewestMail(tx, known.id, null))
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
        const known = await findByAddress(tx, email)
        if (known === null)
          await enqueue(tx, null, [
            { kind: 'mail', mail: 'unknown_address', email, language: asked.language },
          ])
        else await askLink(tx, known, asked)
        return findNewestMail(tx, known?.id ?? null, known === null ? email : null)
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
     * decision, and also if that is refused.
     */
    async act(
      id: string,
      action: Action,
      actor: Actor,
      {
        version,
        account,
        events = [],
      }: { version?: number; account?: AccountChange; events?: AuditEvent[] } = {},
    ): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        if (account !== undefined) await record(tx, account)
        await insertEvents(tx, id, events, SYSTEM, clock())
        return actIn(tx, id, action, actor, version)
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
     * Creates a record for a claim about to be made; false if there is one already, or the username is no longer
     * reserved.
     */
    beginClaim: (registrationId: string, localpart: Username) =>
      database.write(async (tx) => {
        if ((await findAccount(tx, localpart)) !== null) return false
        const registration = await findRegistration(tx, registrationId)
        if (registration?.holdsName !== true || registration.username !== localpart) return false
        await record(tx, { localpart, state: 'claiming', registrationId })
        return true
      }),

    /** Records what is known of an account now. */
    async recordAccount(
      registrationId: string | null,
      change: AccountChange,
      events: AuditEvent[],
      actor: Actor = SYSTEM,
      jobs: NewJob[] = [],
    ): Promise<void> {
      await database.write(async (tx) => {
        await record(tx, change)
        await insertEvents(tx, registrationId, events, actor, clock())
        await enqueue(tx, null, jobs)
      })
    },

    ...createAccountLedger({ database, clock, transaction }),

    standing: (localpart: Username) => database.read((reader) => findStanding(reader, localpart)),

    /**
     * Repairs a difference between homeserver and database about a username; returns what it was, or null if only an
     * operator can. Refused as `stale` if the database no longer says what was found.
     */
    async mend(localpart: Username, found: Found): Promise<Result<DifferenceCode | null>> {
      const { registration, ledger, pending } = found
      const before: Standing = { registration, ledger, pending }
      return database.write(async (tx) => {
        if (!isDeepStrictEqual(await findStanding(tx, localpart), before)) return refuse({ code: 'stale' })
        const difference = differenceOf(localpart, found)
        const mend = difference?.mend ?? null
        if (difference === null || mend === null) return accept(null)
        const change = ledgerChange(localpart, mend, registration, clock())
        if (change !== null) await record(tx, change)
        const events: AuditEvent[] = mend.event === undefined ? [] : [{ kind: mend.event }]
        await insertEvents(tx, ledger?.registrationId ?? null, events, SYSTEM, clock())
        await enqueue(tx, null, mend.job === undefined ? [] : [mend.job])
        if (mend.action === undefined || registration === null) return accept(difference.code)
        const acted = await actIn(tx, registration.id, mend.action, SYSTEM)
        // Thrown instead of returned, so that the record is rolled back.
        if (!acted.ok) throw new Error(`${mend.action.type} is refused, which ${difference.code} asks for`)
        return accept(difference.code)
      })
    },

    /** Announces something to the moderators once, true since `at`; it is announced again after it was cleared. */
    async warnOnce(key: string, text: string, jobs: NewJob[], at = clock()): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceOnce(tx, key, text, at))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Changes the text of the announcement. */
    warnAnew: (key: string, text: string) => database.write((tx) => announceAnew(tx, key, text)),

    /** Queues jobs unless this was done under this key within the last 24 hours; returns whether they were due. */
    async enqueueDaily(key: string, jobs: NewJob[]): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await isDue(tx, key))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Clears an announcement, and releases jobs that waited for these to work. */
    endOutage: (key: string, outsides: Outside[]) =>
      database.write(async (tx) => {
        await forgetAnnouncement(tx, key)
        await endWaiting(tx, outsides)
        if (outsides.includes('mail')) await reviveMails(tx, { ids: null, error: null, runAt: clock() })
      }),

    /** Writes an event without a registration to the audit log. */
    note: (events: AuditEvent[], actor: Actor) =>
      database.write((tx) => insertEvents(tx, null, events, actor, clock())),

    /** The same, unless it was recorded under this key within the last 24 hours; returns whether it was due. */
    async noteDaily(key: string, events: AuditEvent[], actor: Actor): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await isDue(tx, key))) return false
        await insertEvents(tx, null, events, actor, clock())
        return true
      })
    },

    enqueue: (jobs: NewJob[]) => database.write((tx) => enqueue(tx, null, jobs)),

    ...createModeratorActions({ database, transaction }),
    /** The same, with other writes in one transaction. */
    enqueueIn: (tx: Transaction, jobs: NewJob[]) => enqueue(tx, null, jobs),

    ...createLinks({ database, clock, linkHours, transaction, intake }),
    ...createJobResults({ database, clock, transaction }),
  }
}

/** The account record after a repair, or null if it is right already. */
function ledgerChange(
  localpart: Username,
  { ledger, action }: Mend,
  registration: Registration | null,
  now: number,
): AccountChange | null {
  switch (ledger) {
    case undefined:
      return null
    case null:
      return { localpart, state: null }
    case 'open': {
      const owner = action === undefined || registration === null ? {} : { registrationId: registration.id }
      return { localpart, state: 'open', openedAt: now, ...owner }
    }
    case 'removed':
      return { localpart, state: 'removed' }
    default:
      return { localpart, state: ledger, registrationId: null }
  }
}
