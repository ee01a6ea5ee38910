import { isDeepStrictEqual } from 'node:util'
import type { AuditEvent } from '$lib/registration/registration'
import type { Sign } from '$lib/registration/signs'
import { findAccount, type LedgerEntry } from '../database/accounts'
import { insertEvents } from '../database/events'
import type { Database, Transaction } from '../database/open'
import { findRegistration } from '../database/registrations'
import { SYSTEM, type AccountChange, type Door } from './transaction'

/** The registrar's part about what is known of accounts, by what somebody saw of one at the homeserver. */
export function createLedger({
  database,
  clock,
  door: { actIn, record },
}: {
  database: Database
  clock: () => number
  door: Door
}) {
  const isStill = async (tx: Transaction, entry: LedgerEntry) =>
    isDeepStrictEqual(await findAccount(tx, entry.localpart), entry)

  return {
    /** Writes on if the line is still what it was when its account was looked at; false where it is not. */
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
     * The account of an approved registration is opened next: from now on it may be open, whatever answer comes. False
     * where it is not approved any more, or the line is not what it was when its account was looked at.
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
     * The account of this line is, or may be, somebody else's: from now on nobody touches it, and a moderator sees it;
     * whoever waits for it picks another name. False where the line is not what it was.
     */
    async doubt(entry: LedgerEntry, signs: Sign[]): Promise<boolean> {
      const { localpart, registrationId, state } = entry
      return database.write(async (tx) => {
        if (!(await isStill(tx, entry))) return false
        await record(tx, { localpart, state: 'doubtful', registrationId: null })
        const detail = signs.length === 0 ? {} : { detail: { signs: signs.join(' ') } }
        await insertEvents(tx, registrationId, [{ kind: 'account_doubtful', ...detail }], SYSTEM, clock())
        const holder = registrationId === null ? null : await findRegistration(tx, registrationId)
        // Where it is over, or has another name by now, nothing is lost.
        if (holder?.holdsName === true && holder.username === localpart)
          await actIn(tx, holder.id, { type: 'lose_account', filled: state === 'filled' }, SYSTEM)
        return true
      })
    },
  }
}
