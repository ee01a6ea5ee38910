import type { PasswordNeed, Refusal } from './refusal'

export const PASSWORD_MINIMUM = 12
/**
 * bcrypt, and so Synapse, silently ignores anything after 72 bytes of `hashedForm`; a `password_pepper` of the server
 * comes after them and is cut off then.
 */
const PASSWORD_MAXIMUM_BYTES = 72

/**
 * The form in which a password is hashed, because keyboards send `ü` as one code point or as two: Synapse 1.160
 * (`AuthHandler.hash`) and moderators' accounts (NIST SP 800-63B, 5.1.1.2) use NFKC, which can be longer (`½`) or
 * shorter (`ａ`) than the input.
 */
export const hashedForm = (password: string): string => password.normalize('NFKC')

/** A password's characters: neither ligatures nor combined characters make it longer. */
export function passwordLength(password: string): number {
  return Math.min([...password].length, [...hashedForm(password)].length)
}

/**
 * Characters that servers do not read alike, so that signing in may fail, or work with others (RFC 8265, 4.2):
 * control characters, lone surrogates (Synapse answers 500), unassigned code points except pictographs, which are
 * stable; and those normalized differently since Unicode 14 to 17, because Synapse runs on Python versions that know
 * at most 13.
 */
const UNRELIABLE = new RegExp(
  String.raw`[\p{Cc}\p{Cs}]|(?!\p{Extended_Pictographic})\p{Cn}|[` +
    String.raw`\u0897-\u089f\u08ca-\u08d2\u0c3c\u1715\u1ac1-\u1aeb\u1dfa\ua7f1-\ua7f4` +
    String.raw`\u{105c0}-\u{105ff}\u{10780}-\u{107bf}\u{10d69}-\u{10d6d}\u{10efa}-\u{10eff}\u{10f82}-\u{10f85}` +
    String.raw`\u{11070}\u{11380}-\u{113ff}\u{11f41}\u{11f42}\u{16100}-\u{1613f}\u{16d40}-\u{16d7f}` +
    String.raw`\u{1ccd6}-\u{1ccf9}\u{1e030}-\u{1e08f}\u{1e2ae}\u{1e4ec}-\u{1e4ef}\u{1e5ee}\u{1e5ef}\u{1e6e0}-\u{1e6ff}]`,
  'u',
)

/** Whether a password contains characters that signing in cannot rely on. */
export const hasUnreliableCharacters = (password: string): boolean => UNRELIABLE.test(password)

/** The homeserver's own password policy (Matrix client API, `password_policy`). Absent: no requirement. */
export interface PasswordPolicy {
  /**
   * How hard to guess it must be: 0 to 4 by zxcvbn (MAS 1.22). Only the homeserver judges that; it is here for what the
   * page says of it.
   */
  minimumScore?: number
  minimumLength?: number
  requireDigit?: boolean
  requireSymbol?: boolean
  requireLowercase?: boolean
  requireUppercase?: boolean
}

/** What a page says of a new password. */
export interface PasswordRules {
  /** In characters. */
  minimum: number
  needs: PasswordNeed[]
  /** Whether the homeserver refuses what is easy to guess. */
  judged: boolean
}

/**
 * The same classes as in Synapse's own check (`PasswordPolicyHandler`): a symbol is anything that is neither a letter
 * nor a digit.
 */
const NEEDS: [PasswordNeed, keyof PasswordPolicy, RegExp][] = [
  ['digit', 'requireDigit', /[0-9]/],
  ['symbol', 'requireSymbol', /[^a-zA-Z0-9]/],
  ['lowercase', 'requireLowercase', /[a-z]/],
  ['uppercase', 'requireUppercase', /[A-Z]/],
]

/** The minimum length: the larger of ours and the homeserver's. */
export function passwordMinimum(policy: PasswordPolicy): number {
  return Math.max(PASSWORD_MINIMUM, policy.minimumLength ?? 0)
}

/**
 * Returns why this password is rejected, or null. `username` must not be the password. The homeserver's own rules
 * apply to the input, ours to the hashed form.
 */
export function checkPassword(password: string, username: string, policy: PasswordPolicy): Refusal | null {
  if (password === '') return { code: 'password_missing' }
  if (hasUnreliableCharacters(password)) return { code: 'password_characters' }
  const minimum = passwordMinimum(policy)
  if (passwordLength(password) < minimum) return { code: 'password_too_short', minimum }
  const hashed = hashedForm(password)
  if (new TextEncoder().encode(hashed).length > PASSWORD_MAXIMUM_BYTES)
    return { code: 'password_too_long', maximumBytes: PASSWORD_MAXIMUM_BYTES }
  for (const [needs, asked, pattern] of NEEDS)
    if (policy[asked] && !pattern.test(password)) return { code: 'password_needs', needs }
  if (hashed.toLowerCase() === username.toLowerCase()) return { code: 'password_like_name' }
  return null
}
