import * as v from 'valibot'
import { matrixId } from '$lib/registration/username'
import type { Homeserver } from './homeserver'
import type { AccessToken } from './access-token'
import type { SynapseCall } from './synapse-call'
import { refused } from './answer-errors'
import { createRoomNames, roomSchema } from './room-names'

const joinedSchema = v.object({ joined_rooms: v.array(v.string()) })

const SUSPENDED = 'the account is suspended; try again when that is over'

/** Which rooms accounts are in, and how they get there, through Synapse's admin API. */
export function createSynapseRooms(
  { call, grant, parse }: SynapseCall,
  domain: string,
  { owner }: AccessToken,
): Pick<Homeserver, 'joinedRooms' | 'joinRoom'> {
  const { resolve } = createRoomNames({ grant })

  async function joinedRooms(userId: string, task: string): Promise<string[]> {
    const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/joined_rooms`
    return (await grant(joinedSchema, 'GET', path, task)).joined_rooms
  }

  return {
    joinedRooms: (username) => {
      const userId = matrixId(username, domain)
      return joinedRooms(userId, `ask which rooms ${userId} is in`)
    },

    async joinRoom(username, room) {
      const userId = matrixId(username, domain)
      const task = `join ${userId} to ${room}`
      const path = `/_synapse/admin/v1/join/${encodeURIComponent(room)}`
      const reply = await call('POST', path, task, { user_id: userId })
      if (reply.granted) {
        parse(roomSchema, reply.body, task)
        return 'joined'
      }
      if (reply.status !== 403) throw reply.error
      // 403 means "already in", or "suspended", or "the operator's account is not in the room", or "not an administrator".
      const [joined, roomId] = await Promise.all([joinedRooms(userId, task), resolve(room, task)])
      if (joined.includes(roomId)) return 'already'
      if (reply.errcode === 'M_USER_SUSPENDED') throw refused(task, SUSPENDED)
      throw refused(
        task,
        `the homeserver refuses it (${reply.said}). ${owner[0]?.toUpperCase()}${owner.slice(1)} must be in the room and be allowed to invite`,
      )
    },
  }
}
