import { updateRoomNotice, type RoomNotice } from '../database/room-notices'
import { HomeserverError } from '../homeserver/homeserver'
import type { JobServices } from './run'

/** The reactions that decide. */
const KEYS = ['✅', '❌'] as const

/** Whether an event has this ID (Matrix, "Event IDs"), or it is a transaction ID, and whether that arrived is unknown. */
export const isEventId = (id: string): boolean => id.startsWith('$')

/**
 * Under a message about a request that waits stand the reactions that decide, so that it takes one tap; under any other
 * (`wanted`: false), none of them. Each is kept before it is sent, by its transaction ID, which has the version of the
 * registration in it: after a decision that was undone, they are others. The homeserver need not take them.
 */
export async function keepSeeds(
  notice: RoomNotice & { eventId: string },
  { wanted, version }: { wanted: boolean; version: number },
  { database, homeserver }: Pick<JobServices, 'database' | 'homeserver'>,
): Promise<void> {
  const { job, room, eventId } = notice
  let { seeds } = notice
  async function keep(now: string[]): Promise<void> {
    seeds = now
    await database.write((tx) => updateRoomNotice(tx, { job, seeds: now }))
  }
  async function react(seed: string): Promise<string | null> {
    const key = KEYS.find((key) => seed.endsWith(key)) ?? KEYS[0]
    try {
      return await homeserver.react(room, eventId, seed, key)
    } catch (error) {
      // The first to be dropped: the message says what to tap.
      if (error instanceof HomeserverError && error.kind === 'limited') return null
      throw error
    }
  }

  if (wanted && seeds.length === 0) await keep(KEYS.map((key) => `${job}-${version}-${key}`))
  for (const seed of seeds.filter((one) => !isEventId(one))) {
    const reaction = await react(seed)
    await keep(seeds.flatMap((one) => (one !== seed ? [one] : reaction === null ? [] : [reaction])))
  }
  if (wanted) return
  for (const seed of seeds) {
    await homeserver.redact(room, seed, `${job}-${seed}`)
    await keep(seeds.filter((one) => one !== seed))
  }
}
