import { isDeepStrictEqual } from 'node:util'
import type { AuditEvent } from '$lib/registration/registration'
import type { Sign } from '$lib/registration/signs'
import { findAccount, type LedgerEntry } from '../database/accounts'
import { insertEvents } from '../database/events'
import type { Database, Transaction } from '../database/open'
import { findRegistration } from '../database/registrations'
import { SYSTEM, type AccountChange, type RegistrationTransaction } from './transaction'

/** The registrar's part for account records, based on what was seen on the homeserver. */
export function createAccountLedger({
  database,
  clock,
  transaction: { actIn, record },
}: {
  database: Database
  clock: () => number
  transaction: RegistrationTransaction
}) {
  const isStill = async (tx: Transaction, entry: LedgerEntry) =>
    isDeepStrictEqual(await findAccount(tx, entry.localpart), entry)

  return {
    /** Updates the record if it is still what it was when its account was examined; false if it is not. */
    async moveAccount(
      entry: LedgerEntry,
      change: AccountChange,
      events: AuditEvent[] = [],
    ): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await isStill(tx, entry))) return false
        await record(tx, change)
        await insertEvents(tx, entry.registrationId, events, SYSTEM, clock())
        return true
      })
    },

    /**
     * The account of an approved registration is about to be unlocked: from now on it may be active, whatever the
     * answer. False if it is no longer approved, or the record is not what it was when its account was examined.
     */
    async beginOpening(registrationId: string, entry: LedgerEntry): Promise<boolean> {
      return database.write(async (tx) => {
        const registration = await findRegistration(tx, registrationId)
        if (registration?.state !== 'approved' || !(await isStill(tx, entry))) return false
        const { localpart, state, openedAt } = entry
        if (openedAt === null) await record(tx, { localpart, state, openedAt: clock() })
        return true
      })
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
  }
}
