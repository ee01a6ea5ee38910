import * as v from 'valibot'
import type { SynapseCall } from './synapse-call'

export const CLIENT_API = '/_matrix/client/v3'
export const roomSchema = v.object({ room_id: v.string() })

/** Rooms are configured by ID or alias, and most calls of Synapse take an ID. */
export function createRoomNames({ grant }: Pick<SynapseCall, 'grant'>) {
  return {
    /** The ID of a room given by ID or alias. `task` completes "Could not …". */
    async resolve(room: string, task: string): Promise<string> {
      if (!room.startsWith('#')) return room
      const path = `${CLIENT_API}/directory/room/${encodeURIComponent(room)}`
      return (await grant(roomSchema, 'GET', path, task)).room_id
    },
  }
}
