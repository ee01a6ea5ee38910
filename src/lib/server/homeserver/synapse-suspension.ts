import * as v from 'valibot'
import type { Homeserver } from './homeserver'
import type { SynapseCall } from './synapse-call'
import { createSynapseUsers } from './synapse-users'

/** Suspends accounts (MSC3823) through Synapse's admin API, whoever manages them. */
export function createSynapseSuspension(synapse: SynapseCall, domain: string): Pick<Homeserver, 'suspend'> {
  const { id, findActive } = createSynapseUsers(synapse, domain)
  return {
    async suspend(username, suspended) {
      const task = `${suspended ? 'suspend' : 'lift the suspension of'} ${id(username)}`
      // Synapse also answers 200 for a deactivated account, and the suspension outlives that.
      const before = await findActive(username, task)
      if (before.suspended === suspended) return
      const path = `/_synapse/admin/v1/suspend/${encodeURIComponent(id(username))}`
      const key = `user_${id(username)}_suspended`
      await synapse.grant(v.object({ [key]: v.literal(suspended) }), 'PUT', path, task, {
        suspend: suspended,
      })
    },
  }
}
