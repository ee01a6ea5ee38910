import { m } from '$lib/paraglide/messages'
import type { Refusal } from '$lib/registration/refusal'

type UsernameRefusal = Extract<Refusal, { code: `username_${string}` }>

/** Whether a refusal is about the username. */
export function isUsernameRefusal(refusal: Refusal): refusal is UsernameRefusal {
  return refusal.code.startsWith('username_')
}

/**
 * What is wrong with a username, in words: separate from other refusals, because browsers need these while the user
 * types.
 */
export function usernameRefusalText(refusal: UsernameRefusal): string {
  switch (refusal.code) {
    case 'username_missing':
      return m.refusal_username_missing()
    case 'username_other_server':
      return m.refusal_username_other_server({ domain: refusal.domain })
    case 'username_characters':
      return refusal.characters === 'all'
        ? m.refusal_username_characters_all()
        : m.refusal_username_characters()
    case 'username_only_signs':
      return m.refusal_username_only_signs()
    case 'username_invisible':
      return m.refusal_username_invisible({ after: refusal.after })
    case 'username_digits':
      return m.refusal_username_digits()
    case 'username_underscore':
      return m.refusal_username_underscore()
    case 'username_too_long':
      return m.refusal_username_too_long({ longest: refusal.longest })
    case 'username_reserved':
      return m.refusal_username_reserved()
    case 'username_taken':
      return m.refusal_username_taken()
    case 'username_own':
      return m.refusal_username_own()
    case 'username_lost':
      return m.refusal_username_lost()
    default:
      return refusal satisfies never
  }
}
