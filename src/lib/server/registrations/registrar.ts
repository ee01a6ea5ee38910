import { isDeepStrictEqual } from 'node:util'
import { begin, decide, type Action, type Policy } from '$lib/registration/decide'
import { differenceOf, type DifferenceCode, type Found, type Mend } from '$lib/registration/differences'
import { marksOf } from '$lib/moderation/held'
import type { EmailAddress } from '$lib/registration/email'
import type { NewJob, Outside } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent, Registration } from '$lib/registration/registration'
import type { Username } from '$lib/registration/username'
import type { Wish } from '$lib/registration/wish'
import { findAccount } from '../database/accounts'
import { findNewestMail, findWishes } from '../database/registration-mails'
import { announceAnew, announceOnce, forgetAnnouncement } from '../database/announcements'
import { insertEvents } from '../database/events'
import { deskNetwork } from '../database/search-index'
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
import type { Memory } from './denial-fingerprints'
import type { Keeper } from '../intake/intake'
import { APPLICANT, createDoor, SYSTEM, type AccountChange } from './transaction'
import { createDeskWork } from './moderator-actions'
import { createLedger } from './account-ledger'
import { createJobEnds } from './job-results'
import { createLinks } from './links'

/** What the database knows of a name. */
export type Standing = Omit<Found, 'account'>

export type Registrar = ReturnType<typeof createRegistrar>

/**
 * The one door that writes registrations: loads the row, asks the domain, and commits row, events, jobs and ledger
 * in one transaction. Expected refusals are values; it throws only when the database fails.
 */
export function createRegistrar({
  database,
  clock,
  randomId,
  policy,
  opening,
  memory,
  linkHours,
}: {
  database: Database
  clock: () => number
  randomId: () => string
  policy: Omit<Policy, 'now'>
  opening: Pick<Keeper, 'settle' | 'admit'>
  memory: Pick<Memory, 'remember'>
  linkHours: number
}) {
  const door = createDoor({ clock, randomId, policy, opening, memory })
  const { enqueue, actIn, record, isNameFree } = door

  async function findStanding(reader: Reader, localpart: Username): Promise<Standing> {
    const registration = await findHolder(reader, localpart)
    const ledger = await findAccount(reader, localpart)
    const pending = await findPendingKinds(reader, registration?.id ?? null, localpart)
    return { registration, ledger, pending }
  }

  /**
   * A link for what was begun from where it is asked for, else for what was begun first; where it was asked from, and how,
   * is what comes with it.
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
    /** What the domain decides by, at this moment. */
    policy: (): Policy => ({ ...policy, now: clock() }),

    isNameFree: (username: Username, registrationId: string | null) =>
      database.read((reader) => isNameFree(reader, username, registrationId)),

    find: (id: string) => database.read((reader) => findRegistration(reader, id)),

    /** The ledger's line for a name. */
    account: (localpart: Username) => database.read((reader) => findAccount(reader, localpart)),

    /**
     * Somebody wants an account. What happens, and what it costs, is the same whether or not the address is known:
     * one row, one event, one mail, whose id is answered. Refused while registration is closed. `passes`: not for them.
     * What came with it counts when the link of that mail is confirmed.
     */
    async start({
      email,
      passes = false,
      ...wish
    }: Wish & { email: EmailAddress; passes?: boolean }): Promise<Result<string | null>> {
      return database.write(async (tx) => {
        const admitted = await opening.admit(tx, { passes })
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

    /** Closes or opens registration where count or clock say so, and tells the moderators. */
    settleOpening: () => database.write(async (tx) => enqueue(tx, null, await opening.settle(tx))),

    /** Somebody lost their link. Where nobody started with this address, its owner is told so by mail. Answers the mail's id. */
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

    /** Takes another name in place of one that was lost, unless somebody holds it. */
    async chooseName(id: string, username: Username): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        if (!(await isNameFree(tx, username, id))) return refuse({ code: 'username_taken' })
        return actIn(tx, id, { type: 'choose_name', username }, APPLICANT)
      })
    },

    /**
     * Does what the domain decides on an action. `version`: what the actor saw; a registration that changed since
     * is refused as `stale`. `account` and `events`: recorded in the same transaction, before the decision, and also
     * where that is refused.
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

    /** Answers what the domain would decide, and changes nothing. */
    async consider(id: string, action: Action): Promise<Result<null>> {
      const registration = await database.read((reader) => findRegistration(reader, id))
      if (registration === null) return refuse({ code: 'not_found' })
      const decision = decide(registration, action, { ...policy, now: clock() })
      return decision.ok ? accept(null) : decision
    },

    /** Opens a line in the ledger for a claim that is about to be made; false where there is one already, or the name is not held any more. */
    beginClaim: (registrationId: string, localpart: Username) =>
      database.write(async (tx) => {
        if ((await findAccount(tx, localpart)) !== null) return false
        const registration = await findRegistration(tx, registrationId)
        if (registration?.holdsName !== true || registration.username !== localpart) return false
        await record(tx, { localpart, state: 'claiming', registrationId })
        return true
      }),

    /** Notes in the ledger what is known of an account now. */
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

    ...createLedger({ database, clock, door }),

    standing: (localpart: Username) => database.read((reader) => findStanding(reader, localpart)),

    /**
     * Mends in what homeserver and database disagree about a name; answers what it was, or null where only an
     * operator can. Refused as `stale` when the database does not say any more what was found.
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
        // Thrown and not answered, so that the ledger stays as it was.
        if (!acted.ok) throw new Error(`${mend.action.type} is refused, which ${difference.code} asks for`)
        return accept(difference.code)
      })
    },

    /** Says something to the moderators once, true since `at`; it is said again after it was forgotten. */
    async warnOnce(key: string, text: string, jobs: NewJob[], at = clock()): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceOnce(tx, key, text, at))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Says the same thing in other words. */
    warnAnew: (key: string, text: string) => database.write((tx) => announceAnew(tx, key, text)),

    /** Like `warnOnce`, without a word on the desk. */
    async enqueueOnce(key: string, jobs: NewJob[]): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceOnce(tx, key, '', clock()))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Takes a warning back, and lets run what waited for these to work. */
    endOutage: (key: string, outsides: Outside[]) =>
      database.write(async (tx) => {
        await forgetAnnouncement(tx, key)
        await endWaiting(tx, outsides)
        if (outsides.includes('mail')) await reviveMails(tx, { ids: null, error: null, runAt: clock() })
      }),

    /** Writes into the audit trail what happened and concerns no registration. */
    note: (events: AuditEvent[], actor: Actor) =>
      database.write((tx) => insertEvents(tx, null, events, actor, clock())),

    enqueue: (jobs: NewJob[]) => database.write((tx) => enqueue(tx, null, jobs)),

    ...createDeskWork({ database, door }),
    /** The same, with what else is written in a transaction. */
    enqueueIn: (tx: Transaction, jobs: NewJob[]) => enqueue(tx, null, jobs),

    ...createLinks({ database, clock, linkHours, door, opening }),
    ...createJobEnds({ database, clock, door }),
  }
}

/** What mending writes into the ledger, or null where that is right already. */
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
