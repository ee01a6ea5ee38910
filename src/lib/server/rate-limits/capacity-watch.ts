import type { Logger } from 'pino'

/** What all applicants share room for, each kind of mail apart (`Line`), and at the desk the queue of passwords. */
export type Room =
  | 'name_check'
  | 'mail'
  | 'mail_invited'
  | 'mail_unproved'
  | 'mail_trapped'
  | 'name_choice'
  | 'password'
  | 'sign_in'

/** A room that was full lately. `refused`: how many were asked to come again. Times in milliseconds since 1970. */
export interface Crowd {
  room: Room
  since: number
  last: number
  refused: number
}

/** So long after the last who found a room full, it counts as the same crowd, and moderators see it. */
const CROWD_MS = 60 * 60_000

export type CrowdWatch = ReturnType<typeof createCrowdWatch>

/**
 * Notes who was sent away because others had used up what all share, so that moderators hear of it, and the log has it
 * once for each crowd. What only programs can fill (`mail_trapped`) stands in the log alone.
 */
export function createCrowdWatch({ clock, log }: { clock: () => number; log: Pick<Logger, 'warn'> }) {
  const crowds = new Map<Room, Crowd>()

  return {
    /** Somebody was sent away. */
    full(room: Room): void {
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

    /** What moderators should know of. */
    lately(): Crowd[] {
      const now = clock()
      return [...crowds.values()].filter(
        ({ room, last }) => room !== 'mail_trapped' && Math.abs(now - last) < CROWD_MS,
      )
    },
  }
}
