import { hashedForm, hasUnreliableCharacters, passwordLength } from '$lib/registration/password'
import type { Refusal } from '$lib/registration/refusal'

export const MODERATOR_PASSWORD_MINIMUM = 12
/** Longer ones are nobody's; what is longer still only costs time. */
export const MODERATOR_PASSWORD_MAXIMUM = 512

type Weak = Extract<
  Refusal,
  {
    code:
      | 'password_characters'
      | 'password_too_short'
      | 'password_too_long'
      | 'password_like_name'
      | 'password_guessed'
  }
>

/**
 * What is wrong with a password that a moderator wants; null where nothing is. No kinds of letters are asked for, but
 * length, and that it is none of those that are tried first (NIST SP 800-63B, 5.1.1.2; OWASP ASVS 5.0, 6.2.4).
 */
export async function weaknessOf(password: string, username: string): Promise<Weak | null> {
  if (hasUnreliableCharacters(password)) return { code: 'password_characters' }
  const length = passwordLength(password)
  if (length < MODERATOR_PASSWORD_MINIMUM)
    return { code: 'password_too_short', minimum: MODERATOR_PASSWORD_MINIMUM }
  if ([...password].length > MODERATOR_PASSWORD_MAXIMUM)
    return { code: 'password_too_long', maximumBytes: MODERATOR_PASSWORD_MAXIMUM }
  if (hashedForm(password).toLowerCase() === username) return { code: 'password_like_name' }
  const { isGuessed } = await import('./guesses')
  return isGuessed(password, [username]) ? { code: 'password_guessed' } : null
}
