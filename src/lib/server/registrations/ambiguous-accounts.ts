import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import type { NewJob } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor } from '$lib/registration/registration'
import { signsOfOthers } from '$lib/registration/signs'
import { matrixId, type Username } from '$lib/registration/username'
import type { DoubtView } from '$lib/registration/views'
import { findDoubtful, type LedgerEntry } from '../database/accounts'
import type { Database, Reader } from '../database/open'
import { findSetting, putSetting } from '../database/settings'
import type { OutageLog } from '../logging/outage-log'
import type { Account, Homeserver } from '../homeserver/homeserver'
import type { AccountLedger } from './account-ledger'
import { createShared } from '../concurrency/coalesce'
import { createKeptAnswers } from '../concurrency/kept-answers'

const KEPT_MS = 5 * 60_000
/** A homeserver that does not answer is asked again after this. */
const UNKNOWN_KEPT_MS = 15_000
const KEPT_COUNT = 1000
/** The key of when a moderator last wanted to know now; each process keeps answers of its own. */
const ASKED_NOW = 'unverified_accounts_asked'

/** What the homeserver answered about an account, and when it was asked. */
type Seen = Pick<DoubtView, 'reachable' | 'account' | 'signs' | 'checkedAt'>

/** Whether an uncertain account is active or deactivated says nothing about whose it is. */
const signsOf = (username: Username, account: Account) =>
  signsOfOthers(username, { state: 'doubtful' }, account)

/**
 * Accounts that are, or may be, somebody else's: the program stopped between a claim and its record, so that it is
 * unknown who created it, or an account created here shows signs of use by others. A moderator looks at each and
 * adopts it, or leaves it to its owner. What the homeserver answers is kept for all who look at the list: five minutes,
 * and 15 seconds if it does not answer. `clock`: milliseconds since 1970.
 */
export function createAmbiguousAccounts({
  database,
  accountLedger,
  homeserver,
  clock,
  logFailure,
}: {
  database: Database
  accountLedger: AccountLedger
  homeserver: Homeserver
  clock: () => number
  logFailure: OutageLog
}) {
  const kept = createKeptAnswers<Username, Seen>({ clock, most: KEPT_COUNT })

  const ask = createShared(async (username: Username): Promise<Seen> => {
    const checkedAt = clock()
    try {
      const account = await homeserver.account(username)
      const signs = account === null ? [] : signsOf(username, account)
      return kept.keep(username, { reachable: true, account, signs, checkedAt }, KEPT_MS)
    } catch (error) {
      if (!logFailure('doubtful account', error)) throw error
      const nothing = { reachable: false, account: null, signs: [], checkedAt }
      return kept.keep(username, nothing, UNKNOWN_KEPT_MS)
    }
  })

  /** In milliseconds since 1970. A time that is yet to come was stored while the clock was wrong. */
  async function askedNow(reader: Reader): Promise<number> {
    const at = await findSetting(reader, ASKED_NOW, v.number(), { unset: 0, otherwise: 0 })
    return at > clock() ? 0 : at
  }

  /**
   * What was answered before an account became unverified says nothing about why it is. `asked`: when a moderator
   * wanted to know now.
   */
  async function look({ localpart, changedAt }: LedgerEntry, asked: number): Promise<Seen> {
    const found = kept.get(localpart)?.answer
    return found !== undefined && found.checkedAt >= Math.max(changedAt, asked) ? found : ask(localpart)
  }

  return {
    async list(): Promise<DoubtView[]> {
      const { entries, asked } = await database.read(async (reader) => ({
        entries: await findDoubtful(reader),
        asked: await askedNow(reader),
      }))
      return Promise.all(
        entries.map(async (entry) => ({
          username: entry.localpart,
          matrixId: matrixId(entry.localpart, homeserver.domain),
          changedAt: entry.changedAt,
          ...(await look(entry, asked)),
        })),
      )
    },

    /** Asks the homeserver about all of them now, whatever this or another process keeps. */
    async checkNow(): Promise<void> {
      const entries = await database.write(async (tx) => {
        await putSetting(tx, ASKED_NOW, clock(), clock())
        return findDoubtful(tx)
      })
      await Promise.all(entries.map(({ localpart }) => ask(localpart)))
    },

    /**
     * Asks the homeserver itself, whatever is kept, and has the list ask afresh. `adopt`: it was created here; it is
     * locked, and removed by a job, so that the username is available again. `leave`: it is somebody else's and is never
     * touched. Accounts with signs of an owner cannot be adopted. Whoever comes second is refused. Throws
     * `HomeserverError` if the account cannot be examined or locked; then nothing is recorded.
     */
    async settle(localpart: Username, verdict: 'adopt' | 'leave', actor: Actor): Promise<Result<null>> {
      kept.forget(localpart)
      const entry = await accountLedger.account(localpart)
      if (entry?.state !== 'doubtful') return refuse({ code: 'not_found' })
      if (verdict === 'leave') {
        const change = { localpart, state: null } as const
        const left = await accountLedger.moveAccount(entry, change, [{ kind: 'account_left' }], { actor })
        return left ? accept(null) : refuse({ code: 'not_found' })
      }
      const account = await homeserver.account(localpart)
      if (account === null) return refuse({ code: 'not_found' })
      if (signsOf(localpart, account).length > 0) return refuse({ code: 'account_used' })
      if (!isDeepStrictEqual(await accountLedger.account(localpart), entry))
        return refuse({ code: 'not_found' })
      await homeserver.lock(localpart)
      // Nothing shows that anybody was in, even if it was to be unlocked once.
      const ours = { registrationId: null, madeAt: clock(), openedAt: null }
      const change = { localpart, state: 'locked', ...ours } as const
      const jobs: NewJob[] = [{ kind: 'remove_account', username: localpart }]
      if (await accountLedger.moveAccount(entry, change, [{ kind: 'account_adopted' }], { actor, jobs }))
        return accept(null)
      // A colleague left it to its owner while it was being locked, and has not adopted it as well.
      const isLeft = (await accountLedger.account(localpart)) === null
      if (isLeft && !account.locked && !account.deactivated) await homeserver.open(localpart)
      return refuse({ code: 'not_found' })
    },
  }
}
