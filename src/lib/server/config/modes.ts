// The settings that are one of a few words.

/**
 * How email is encrypted. `required`: by STARTTLS (RFC 3207) or not sent. `if_offered`: by STARTTLS, or unencrypted
 * if it is not offered or fails. `never`: unencrypted. `implicit`: TLS from the start of the connection (RFC 8314,
 * 3).
 */
export const MAIL_TLS = ['required', 'if_offered', 'never', 'implicit'] as const
export type MailTls = (typeof MAIL_TLS)[number]

/** Whether browsers must solve a proof of work before an email is sent; `automatic`: during a surge. */
export const PROOF_MODES = ['off', 'on', 'automatic'] as const
export type ProofMode = (typeof PROOF_MODES)[number]

/** What happens to disposable email services; `hold`: their requests are flagged. */
export const DISPOSABLE_MODES = ['off', 'hold', 'block'] as const
export type DisposableMode = (typeof DISPOSABLE_MODES)[number]

/** Whether moderators decide by reactions and answers in their room, too. */
export const ROOM_DECISIONS = ['off', 'reactions'] as const

/** pino's names. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
