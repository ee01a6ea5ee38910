import type { PasswordNeed, Refusal } from './refusal'

export const PASSWORD_MINIMUM = 12
/** bcrypt, and so Synapse, reads no further and says nothing: log-in works with the first 72 bytes alone. */
export const PASSWORD_MAXIMUM_BYTES = 72

/** What the homeserver itself asks of a password (Matrix client API, `password_policy`). Absent: not asked. */
export interface PasswordPolicy {
  minimumLength?: number
  requireDigit?: boolean
  requireSymbol?: boolean
  requireLowercase?: boolean
  requireUppercase?: boolean
}

/** The same classes as Synapse's own check: a symbol is whatever is neither a letter nor a digit. */
const NEEDS: [PasswordNeed, keyof PasswordPolicy, RegExp][] = [
  ['digit', 'requireDigit', /[0-9]/],
  ['symbol', 'requireSymbol', /[^a-zA-Z0-9]/],
  ['lowercase', 'requireLowercase', /[a-z]/],
  ['uppercase', 'requireUppercase', /[A-Z]/],
]

/** The least number of characters, ours and the homeserver's together. */
export function passwordMinimum(policy: PasswordPolicy): number {
  return Math.max(PASSWORD_MINIMUM, policy.minimumLength ?? 0)
}

/** Answers why this password cannot be taken, or null. `username` must not be the password. */
export function checkPassword(password: string, username: string, policy: PasswordPolicy): Refusal | null {
  if (password === '') return { code: 'password_missing' }
  const minimum = passwordMinimum(policy)
  if ([...password].length < minimum) return { code: 'password_too_short', minimum }
  if (new TextEncoder().encode(password).length > PASSWORD_MAXIMUM_BYTES)
    return { code: 'password_too_long', maximumBytes: PASSWORD_MAXIMUM_BYTES }
  for (const [needs, asked, pattern] of NEEDS)
    if (policy[asked] && !pattern.test(password)) return { code: 'password_needs', needs }
  if (password.toLowerCase() === username.toLowerCase()) return { code: 'password_like_name' }
  return null
}
