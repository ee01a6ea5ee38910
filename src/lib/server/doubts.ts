import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor } from '$lib/registration/registration'
import { matrixId, type Username } from '$lib/registration/username'
import type { DoubtView } from '$lib/registration/views'
import { findDoubtful } from './database/accounts'
import type { Database } from './database/open'
import type { FailureLog } from './failure-log'
import type { Account, Homeserver } from './homeserver/homeserver'
import type { Registrar } from './registrar'

export type Doubts = ReturnType<typeof createDoubts>

/**
 * Accounts that exist and of which nobody knows whether they were made here: the program stopped between a claim and
 * its record. A moderator looks at each and adopts it, or leaves it to whoever it belongs to.
 */
export function createDoubts({
  database,
  registrar,
  homeserver,
  logFailure,
}: {
  database: Database
  registrar: Registrar
  homeserver: Homeserver
  logFailure: FailureLog
}) {
  async function look(username: Username): Promise<{ reachable: boolean; account: Account | null }> {
    try {
      return { reachable: true, account: await homeserver.account(username) }
    } catch (error) {
      if (logFailure('doubtful account', error)) return { reachable: false, account: null }
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
     * `adopt`: it was made here; it is locked, and removed by a job, so that the name can be given out again. `leave`: it is somebody else's and is
     * never touched. Throws `HomeserverError` when the account cannot be locked; then nothing is recorded.
     */
    async settle(localpart: Username, verdict: 'adopt' | 'leave', actor: Actor): Promise<Result<null>> {
      const entry = await registrar.account(localpart)
      if (entry?.state !== 'doubtful') return refuse({ code: 'not_found' })
      if (verdict === 'leave') {
        await registrar.recordAccount(null, { localpart, state: null }, [{ kind: 'account_left' }], actor)
        return accept(null)
      }
      if ((await homeserver.account(localpart)) === null) return refuse({ code: 'not_found' })
      await homeserver.lock(localpart)
      const change = { localpart, state: 'locked', registrationId: null, madeAt: registrar.now() } as const
      await registrar.recordAccount(null, change, [{ kind: 'account_adopted' }], actor, [
        { kind: 'remove_account', username: localpart },
      ])
      return accept(null)
    },
  }
}
