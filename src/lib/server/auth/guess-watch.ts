import type { Logger } from 'pino'
import type { Actor, AuditEvent } from '$lib/registration/registration'
import type { SignInTries } from './sign-in-tries'

/** An account that is guessed at is told of once within this. */
const TOLD_MS = 24 * 60 * 60_000

export type GuessWatch = ReturnType<typeof createGuessWatch>

/**
 * Says in the audit trail and in the log when somebody begins to guess at a moderator's password from elsewhere: once a
 * day for an account. The account itself shows it as long as it goes on (`SignInTries.guesses`).
 */
export function createGuessWatch({
  tries,
  note,
  clock,
  log,
}: {
  tries: Pick<SignInTries, 'isGuessed'>
  note: (events: AuditEvent[], actor: Actor) => Promise<void>
  clock: () => number
  log: Pick<Logger, 'warn'>
}) {
  /** When it was told of each moderator. */
  const told = new Map<string, number>()

  return {
    /** A sign-in of this moderator's name failed. */
    async failed({ id, username }: { id: string; username: string }): Promise<void> {
      const last = told.get(id)
      if (last !== undefined && Math.abs(clock() - last) < TOLD_MS) return
      if (!(await tries.isGuessed(username))) return
      told.set(id, clock())
      log.warn(
        { moderator: id },
        "Somebody is guessing a moderator's password; unknown browsers are slowed down, and nobody is locked out",
      )
      await note([{ kind: 'password_guessed_at' }], { kind: 'moderator', id })
    },
  }
}
