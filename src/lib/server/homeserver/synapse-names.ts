import * as v from 'valibot'
import type { Homeserver } from './homeserver'
import type { SynapseCall } from './synapse-call'

/** Whether Synapse would give a username to somebody new. */
export function createSynapseNames({ call, parse }: SynapseCall): Pick<Homeserver, 'nameAnswer'> {
  return {
    async nameAnswer(username) {
      const task = `check whether the username ${username} is available`
      const path = `/_synapse/admin/v1/username_available?username=${encodeURIComponent(username)}`
      const reply = await call('GET', path, task)
      if (reply.granted) {
        parse(v.object({ available: v.literal(true) }), reply.body, task)
        return 'free'
      }
      if (reply.errcode === 'M_USER_IN_USE') return 'taken'
      if (reply.errcode === 'M_EXCLUSIVE') return 'reserved'
      if (reply.errcode === 'M_INVALID_USERNAME') return 'invalid'
      throw reply.error
    },
  }
}
