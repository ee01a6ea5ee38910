import type { Language } from '$lib/registration/language'
import type { Invitations } from '$lib/registration/invited'
import type { Retention } from '$lib/registration/retention'
import type { UsernameCharacters } from '$lib/registration/username'

/**
 * The settings of one installation: checked, complete and frozen. Created by `loadConfig` from config.yaml, secret
 * files and the environment; `null` means that something is not used. config.dist.yaml documents each.
 */
export interface Config {
  /** More details in the log; never on pages. */
  readonly debug: boolean
  /** Null if the operator set none: `secretKeyOf` then generates one and stores it. */
  readonly secretKey: string | null
  readonly synapse: {
    readonly adminToken: string
    /** Base URL of the homeserver, without a trailing slash. */
    readonly server: string
    /** The homeserver's name, the part after the colon in a Matrix ID. */
    readonly domain: string
    /** False: any certificate is accepted. */
    readonly verifyCert: boolean
    /** PEM text of the certificates to trust instead of the usual ones, or null for the usual ones. */
    readonly ca: string | null
  }
  /** Hosts that are served, like Django's ALLOWED_HOSTS, lower case: `example.org`, `.example.org`, `*`. */
  readonly hosts: readonly string[]
  readonly site: {
    readonly name: string
    /** The origin of every link that is sent: scheme, host and port, without a trailing slash. */
    readonly url: string
    /** Any CSS color; `accentTheme` computes its theme. */
    readonly accent: string
    /** For email and messages to moderators; applicants get their own. */
    readonly language: Language
  }
  readonly email: {
    readonly host: string
    /** 1 to 65535. */
    readonly port: number
    /** Both or neither; null: without signing in. */
    readonly username: string | null
    readonly password: string | null
    readonly tls: MailTls
    /** False: any certificate is accepted. Used if TLS is `required` or `implicit`. */
    readonly verifyCert: boolean
    /** PEM text of the certificates to trust instead of the usual ones, or null for the usual ones. */
    readonly ca: string | null
    /** `a@example.org` or `Name <a@example.org>`. */
    readonly from: string
    /** The prefix of every subject as it is: ends with a space, or is empty. */
    readonly subjectPrefix: string
  }
  readonly admin: {
    /** Recipients of email to moderators; at least one. */
    readonly email: readonly string[]
  }
  /** True: exactly the proxy that is connected; a list: addresses, networks, and the names known to proxy-addr. */
  readonly trustProxy: boolean | readonly string[]
  /** Room IDs and aliases that every new account joins. */
  readonly autoJoin: readonly string[]
  readonly legal: readonly { readonly title: string; readonly url: string }[]
  /** What Synapse's own consent form needs; null: consent is not submitted. Never without `legal`. */
  readonly consent: { readonly version: string; readonly formSecret: string } | null
  /** In days. */
  readonly retention: Readonly<Retention>
  readonly database: {
    /** `file:` for a local path (relative to the working directory), or a libSQL server's URL. */
    readonly url: string
    readonly authToken: string | undefined
    /** The folder that holds the database file and the secret key. */
    readonly directory: string
  }
  readonly logoUrl: string | null
  readonly rateLimit: {
    /** How many verification emails one client address may request in `emailSubmissionHours`. */
    readonly emailSubmission: number
    readonly emailSubmissionHours: number
    /** How many emails, confirmations, passwords and answers each all applicants together may send per minute. */
    readonly everybodyPerMinute: number
  }
  readonly matrixNotifications: {
    /** Null: no room for moderators. `template` null: our own text, without email and reason. */
    readonly adminRoom: { readonly room: string; readonly template: string | null } | null
    /** Null: no welcome message. `room` null: a direct chat. */
    readonly welcome: { readonly room: string | null; readonly template: string } | null
  }
  readonly registration: {
    readonly password: 'at_request' | 'after_approval'
    readonly invitations: Invitations
    readonly usernameCharacters: UsernameCharacters
    /** The built-in list and the operator's, lower case. */
    readonly reservedUsernames: readonly string[]
    /** RE2 patterns that match the whole value, ignoring case. */
    readonly blockedUsernames: readonly string[]
    readonly blockedEmails: readonly string[]
    /** Addresses and CIDR networks. */
    readonly blockedNetworks: readonly string[]
    readonly disposableEmails: DisposableMode
    /** Registration closes at this many requests: waiting ones, and those of one day (UTC). Null: no limit. */
    readonly maxWaiting: number | null
    readonly maxPerDay: number | null
    readonly proofOfWork: ProofMode
  }
  readonly moderation: {
    /** Moderators are reminded of a request that has waited this long. */
    readonly remindAfterHours: number
    /** How long a decision can be undone before it is carried out. */
    readonly undoMs: number
    /** How long a request stays assigned to an inactive moderator. */
    readonly claimMs: number
    /** The denial reasons. */
    readonly denialCategories: readonly string[]
  }
  readonly log: { readonly level: LogLevel }
}

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

/** pino's names. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
