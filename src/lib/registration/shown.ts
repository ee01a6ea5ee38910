import * as v from 'valibot'
import { accept, refuse, type Result } from './refusal'
import type { Registration } from './registration'
import { usernameSchema, type Username } from './username'

type Named = Pick<Registration, 'id'> & { username: string }

/**
 * What a page carries to say whose it is: which registration, and its username. It grants nothing; the sender still
 * has to be that user.
 */
export const shownOf = ({ id, username }: Named): string => `${id}:${username}`

/** The username that a page showed; null if its value cannot be one. */
function nameShown(shown: string): Username | null {
  const name = v.safeParse(usernameSchema, shown.slice(shown.indexOf(':') + 1))
  return name.success ? name.output : null
}

/** Whether a page showed this registration in its present form; a page that does not say so showed another one. */
export function isShown(shown: string, now: Named): Result<null> {
  if (shown === shownOf(now)) return accept(null)
  return refuse({ code: 'other_registration', shown: nameShown(shown), now: now.username })
}

/** Whether a page showed this registration, in its present form or by the name it had before. */
export const isShownBefore = (shown: string, { id }: Pick<Named, 'id'>): boolean => shown.startsWith(`${id}:`)
