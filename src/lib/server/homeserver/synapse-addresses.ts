import * as v from 'valibot'
import type { Homeserver } from './homeserver'
import type { SynapseCall } from './synapse-call'
import { refused } from './answer-errors'
import { createSynapseUsers, type SynapseUser } from './synapse-users'

type Addresses = Pick<Homeserver, 'addressOwner' | 'bindAddress'>
type Threepid = SynapseUser['threepids'][number]

/** Email addresses of accounts ("threepids") through Synapse's admin API. */
export function createSynapseAddresses(synapse: SynapseCall, domain: string): Addresses {
  const { call, parse } = synapse
  const { id, findActive, change } = createSynapseUsers(synapse, domain)

  return {
    async addressOwner(address) {
      const task = 'look up the owner of an email address'
      // Synapse lower-cases before it binds, but not in this lookup.
      const path = `/_synapse/admin/v1/threepid/email/users/${encodeURIComponent(address.toLowerCase())}`
      const reply = await call('GET', path, task)
      if (reply.granted) return parse(v.object({ user_id: v.string() }), reply.body, task).user_id
      if (reply.errcode === 'M_NOT_FOUND') return null
      throw reply.error
    },

    async bindAddress(username, address) {
      const task = `add the email address to ${id(username)}`
      const email = { medium: 'email', address: address.toLowerCase() }
      const isIt = (one: Threepid) =>
        one.medium === email.medium && one.address.toLowerCase() === email.address
      const { threepids } = await findActive(username, task)
      if (threepids.some(isIt)) return
      // This list replaces the existing one.
      const after = await change(username, { threepids: [...threepids, email] }, task)
      if (!after.threepids.some(isIt))
        throw refused(task, 'the homeserver reports success, but it is not there afterwards')
    },
  }
}
