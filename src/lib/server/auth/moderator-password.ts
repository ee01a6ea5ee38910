import { hashedForm, hasUnreliableCharacters, passwordLength } from '$lib/registration/password'
import type { Refusal } from '$lib/registration/refusal'

const MODERATOR_PASSWORD_MINIMUM = 12
/** Nobody uses a longer one; anything longer only costs time. */
const MODERATOR_PASSWORD_MAXIMUM = 512

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
 * What is wrong with a moderator's new password; null if nothing is. There are no character class rules, only a
 * length, and it must not be among the most common ones (NIST SP 800-63B, 5.1.1.2; OWASP ASVS 5.0, 6.2.4).
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
