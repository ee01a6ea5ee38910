import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor } from '$lib/registration/registration'
import { signsOfOthers, type Sign } from '$lib/registration/signs'
import { matrixId, type Username } from '$lib/registration/username'
import type { DoubtView } from '$lib/registration/views'
import { findDoubtful } from '../database/accounts'
import type { Database } from '../database/open'
import type { OutageLog } from '../logging/outage-log'
import type { Account, Homeserver } from '../homeserver/homeserver'
import type { Registrar } from './registrar'
import { createShared } from '../concurrency/coalesce'

/** Whether an uncertain account is active or deactivated says nothing about whose it is. */
const signsOf = (username: Username, account: Account) =>
  signsOfOthers(username, { state: 'doubtful' }, account)

/**
 * Accounts that are, or may be, somebody else's: the program stopped between a claim and its record, so that it is
 * unknown who created it, or an account created here shows signs of use by others. A moderator looks at each and
 * adopts it, or leaves it to its owner.
 */
export function createAmbiguousAccounts({
  database,
  registrar,
  homeserver,
  logFailure,
}: {
  database: Database
  registrar: Registrar
  homeserver: Homeserver
  logFailure: OutageLog
}) {
  const askAccount = createShared((username: Username) => homeserver.account(username))

  async function look(
    username: Username,
  ): Promise<{ reachable: boolean; account: Account | null; signs: Sign[] }> {
    try {
      const account = await askAccount(username)
      return { reachable: true, account, signs: account === null ? [] : signsOf(username, account) }
    } catch (error) {
      if (logFailure('doubtful account', error)) return { reachable: false, account: null, signs: [] }
      throw error
    }
  }

  return {
    async list(): Promise<DoubtView[]> {
      const entries = await database.read((reader) => findDoubtful(reader))
      return Promise.all(
        entries.map(async ({ localpart, changedAt }) => ({
          username: localpart,
          matrixId: matrixId(localpart, homeserver.domain),
          changedAt,
          ...(await look(localpart)),
        })),
      )
    },

    /**
     * `adopt`: it was created here; it is locked, and removed by a job, so that the username is available again.
     * `leave`: it is somebody else's and is never touched. Accounts with signs of an owner cannot be adopted. Throws
     * `HomeserverError` if the account cannot be examined or locked; then nothing is recorded.
     */
    async settle(localpart: Username, verdict: 'adopt' | 'leave', actor: Actor): Promise<Result<null>> {
      const entry = await registrar.account(localpart)
      if (entry?.state !== 'doubtful') return refuse({ code: 'not_found' })
      if (verdict === 'leave') {
        await registrar.recordAccount(null, { localpart, state: null }, [{ kind: 'account_left' }], actor)
        return accept(null)
      }
      const account = await homeserver.account(localpart)
      if (account === null) return refuse({ code: 'not_found' })
      if (signsOf(localpart, account).length > 0) return refuse({ code: 'account_used' })
      await homeserver.lock(localpart)
      const change = { localpart, state: 'locked', registrationId: null, madeAt: registrar.now() } as const
      await registrar.recordAccount(null, change, [{ kind: 'account_adopted' }], actor, [
        { kind: 'remove_account', username: localpart },
      ])
      return accept(null)
    },
  }
}
