import { isDeepStrictEqual } from 'node:util'
import { differenceOf, type DifferenceCode, type Found, type Mend } from '$lib/registration/differences'
import type { NewJob } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent, Registration } from '$lib/registration/registration'
import type { Username } from '$lib/registration/username'
import { ownAddress, type Sign } from '$lib/registration/signs'
import { findAccount, type LedgerEntry } from '../database/accounts'
import { insertEvents } from '../database/events'
import { findPendingKinds, findUnlockedUntil } from '../database/jobs'
import type { Reader, Transaction } from '../database/open'
import { findByAddress, findHolder, findRegistration, insertRegistration } from '../database/registrations'
import { mayStillUnlock, SYSTEM, type AccountChange, type RegistrationParts } from './transaction'

/** What the database knows about a username. */
export type Standing = Omit<Found, 'account'>

/** Whether the record is what it was when its account was examined. */
export const isStill = async (tx: Transaction, entry: LedgerEntry): Promise<boolean> =>
  isDeepStrictEqual(await findAccount(tx, entry.localpart), entry)

export type AccountLedger = ReturnType<typeof createAccountLedger>

/** Records of the accounts created here, based on what was seen on the homeserver. */
export function createAccountLedger({
  database,
  clock,
  transaction: { actIn, record, enqueue },
}: RegistrationParts) {
  async function findStanding(reader: Reader, localpart: Username): Promise<Standing> {
    const registration = await findHolder(reader, localpart)
    const ledger = await findAccount(reader, localpart)
    const pending = await findPendingKinds(reader, registration?.id ?? null, localpart)
    const id = ledger?.registrationId ?? null
    const applicant =
      id === null || id === registration?.id ? registration : await findRegistration(reader, id)
    const own = id === null ? null : ownAddress(applicant, localpart)
    return { registration, ledger, pending, own }
  }

  return {
    /** The account record for a username. */
    account: (localpart: Username) => database.read((reader) => findAccount(reader, localpart)),

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
    ): Promise<void> {
      await database.write(async (tx) => {
        await record(tx, change)
        await insertEvents(tx, registrationId, events, SYSTEM, clock())
      })
    },

    /** Updates the record if it is still what it was when its account was examined; false if it is not. */
    async moveAccount(
      entry: LedgerEntry,
      change: AccountChange,
      events: AuditEvent[] = [],
      { actor = SYSTEM, jobs = [] }: { actor?: Actor; jobs?: NewJob[] } = {},
    ): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await isStill(tx, entry))) return false
        await record(tx, change)
        await insertEvents(tx, entry.registrationId, events, actor, clock())
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /**
     * The account of an approved registration is about to be unlocked: from now on it may be active, whatever the
     * answer. False if it is no longer approved like that, or the record is not what it was when its account was
     * examined.
     */
    async beginOpening(
      { id, probation }: Pick<Registration, 'id' | 'probation'>,
      entry: LedgerEntry,
    ): Promise<boolean> {
      return database.write(async (tx) => {
        const registration = await findRegistration(tx, id)
        if (registration?.state !== 'approved' || registration.probation !== probation) return false
        if (!(await isStill(tx, entry))) return false
        const { localpart, state, openedAt } = entry
        if (openedAt === null) await record(tx, { localpart, state, openedAt: clock() })
        return true
      })
    },

    /** Whether what was stopped before this account was removed may still unlock it. */
    async mayStillUnlock({ localpart, registrationId }: LedgerEntry): Promise<boolean> {
      if (registrationId === null) return false
      const times = await database.read((reader) => findUnlockedUntil(reader, registrationId, localpart))
      return times.some((until) => mayStillUnlock(until, clock()))
    },

    /**
     * The account of this record is, or may be, somebody else's: from now on nobody touches it, and a moderator sees
     * it; an applicant waiting for it chooses another username. False if the record is not what it was.
     */
    async doubt(entry: LedgerEntry, signs: Sign[]): Promise<boolean> {
      const { localpart, registrationId, state } = entry
      return database.write(async (tx) => {
        if (!(await isStill(tx, entry))) return false
        await record(tx, { localpart, state: 'doubtful', registrationId: null })
        const detail = signs.length === 0 ? {} : { detail: { signs: signs.join(' ') } }
        await insertEvents(tx, registrationId, [{ kind: 'account_doubtful', ...detail }], SYSTEM, clock())
        const holder = registrationId === null ? null : await findRegistration(tx, registrationId)
        // If the registration is over, or has another username by now, nothing is lost.
        if (holder?.holdsName === true && holder.username === localpart)
          await actIn(tx, holder.id, { type: 'lose_account', filled: state === 'filled' }, SYSTEM)
        return true
      })
    },

    /**
     * Stores a request together with the record of its account, which exists already, and what follows from it. Answers
     * why not, if the username or the address has become somebody's.
     */
    async adopt(registration: Registration, jobs: NewJob[]): Promise<'known' | 'address_taken' | null> {
      const { id, username: localpart, email } = registration
      return database.write(async (tx) => {
        const { registration: holder, ledger } = await findStanding(tx, localpart)
        if (holder !== null || ledger !== null) return 'known'
        if ((await findByAddress(tx, email)) !== null) return 'address_taken'
        const now = clock()
        await insertRegistration(tx, registration)
        await record(tx, { localpart, state: 'filled', registrationId: id, madeAt: now })
        await insertEvents(tx, id, [{ kind: 'account_adopted' }], { kind: 'command_line' }, now)
        await enqueue(tx, id, jobs, { now })
        return null
      })
    },

    /** What the database knows about a username. */
    standing: (localpart: Username) => database.read((reader) => findStanding(reader, localpart)),

    /**
     * Repairs a difference between homeserver and database about a username; returns what it was, or null if only an
     * operator can. Refused as `stale` if the database no longer says what was found.
     */
    async mend(localpart: Username, found: Found): Promise<Result<DifferenceCode | null>> {
      const { account: _, ...before } = found
      const { registration, ledger } = found
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
