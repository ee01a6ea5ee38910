import type { Logger } from 'pino'

/** Limits shared by all applicants, by kind of email (`Line`), and moderators' password queue. */
export const ROOMS = [
  'name_check',
  'mail',
  'mail_invited',
  'mail_unproved',
  'mail_trapped',
  'name_choice',
  'password',
  'sign_in',
] as const
export type Room = (typeof ROOMS)[number]

/** A limit that was reached recently. `refused`: how many were turned away. Times in milliseconds since 1970. */
export interface Crowd {
  room: Room
  since: number
  last: number
  refused: number
}

/** For this long after the last refusal it counts as the same incident, and moderators see it. */
const CROWD_MS = 60 * 60_000

export type CapacityWatch = ReturnType<typeof createCapacityWatch>

/**
 * Records who was turned away because others had used up a shared limit, so that moderators are told, and the log has
 * it once per incident. What only bots can fill (`mail_trapped`) is only logged.
 */
export function createCapacityWatch({
  clock,
  log,
  reached,
}: {
  clock: () => number
  log: Pick<Logger, 'warn'>
  /** Counts each refusal. */
  reached: (room: Room) => void
}) {
  const crowds = new Map<Room, Crowd>()

  return {
    /** Somebody was turned away. */
    full(room: Room): void {
      reached(room)
      const now = clock()
      const before = crowds.get(room)
      if (before !== undefined && Math.abs(now - before.last) < CROWD_MS) {
        before.last = now
        before.refused++
        return
      }
      crowds.set(room, { room, since: now, last: now, refused: 1 })
      if (room === 'sign_in')
        log.warn({ room }, 'Too many sign-ins at once to check all passwords; some are asked to try again')
      else
        log.warn(
          { room, key: 'rate_limit.everybody_per_minute' },
          'A limit shared by everybody was reached, and some are asked to try again in a minute; proof_of_work and invitations keep bots out',
        )
    },

    /** What moderators should know about. */
    lately(): Crowd[] {
      const now = clock()
      return [...crowds.values()].filter(
        ({ room, last }) => room !== 'mail_trapped' && Math.abs(now - last) < CROWD_MS,
      )
    },
  }
}
