import type { Logger } from 'pino'
import { byModerator, type Actor, type AuditEvent } from '$lib/registration/registration'
import type { SignInTries } from './sign-in-tries'

/** An account being guessed at is reported once within this time. */
const TOLD_MS = 24 * 60 * 60_000

export type GuessWatch = ReturnType<typeof createGuessWatch>

/**
 * Reports in the audit log and the log when somebody starts guessing a moderator's password: once a day per account.
 * The account itself shows it for as long as it lasts (`SignInTries.guesses`).
 */
export function createGuessWatch({
  tries,
  noteDaily,
  clock,
  log,
}: {
  tries: Pick<SignInTries, 'isGuessed'>
  /** Records the event unless any process did so under this key within the last 24 hours. */
  noteDaily: (key: string, events: AuditEvent[], actor: Actor) => Promise<boolean>
  clock: () => number
  log: Pick<Logger, 'warn'>
}) {
  /** When each moderator's was reported, so that a flood of attempts does not query the database each time. */
  const told = new Map<string, number>()

  return {
    /** A sign-in with this moderator's username failed. */
    async failed({ id, username }: { id: string; username: string }): Promise<void> {
      const last = told.get(id)
      if (last !== undefined && Math.abs(clock() - last) < TOLD_MS) return
      if (!(await tries.isGuessed(username))) return
      told.set(id, clock())
      const actor = byModerator(id)
      if (!(await noteDaily(`guessed at ${id}`, [{ kind: 'password_guessed_at' }], actor))) return
      log.warn(
        { moderator: id },
        "Somebody is guessing a moderator's password; unknown browsers are slowed down, and nobody is locked out",
      )
    },
  }
}
