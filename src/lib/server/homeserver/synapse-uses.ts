import * as v from 'valibot'
import type { SynapseCall } from './synapse-call'

const devicesSchema = v.object({ devices: v.array(v.object({ device_id: v.string() })) })
const seenSchema = v.object({
  devices: v.record(
    v.string(),
    v.object({
      sessions: v.array(v.object({ connections: v.array(v.object({ last_seen: v.nullish(v.number()) })) })),
    }),
  ),
})

/**
 * Who uses an account: how many devices are signed in, and when one was last seen (milliseconds since 1970, 0:
 * never). A device that only signed in was not seen yet, and one that signed out is gone. Synapse copies this to the
 * user some seconds later; here it is current (1.160). A missing account was never used.
 */
export function createSynapseUses({ call, grant, parse }: SynapseCall) {
  return async (userId: string, task: string): Promise<{ devices: number; seenAt: number }> => {
    const user = encodeURIComponent(userId)
    const [reply, seen] = await Promise.all([
      call('GET', `/_synapse/admin/v2/users/${user}/devices`, task),
      grant(seenSchema, 'GET', `/_synapse/admin/v1/whois/${user}`, task),
    ])
    if (!reply.granted && reply.errcode !== 'M_NOT_FOUND') throw reply.error
    const devices = reply.granted ? parse(devicesSchema, reply.body, task).devices.length : 0
    const times = Object.values(seen.devices).flatMap(({ sessions }) =>
      sessions.flatMap(({ connections }) => connections.map(({ last_seen }) => last_seen ?? 0)),
    )
    return { devices, seenAt: Math.max(0, ...times) }
  }
}
