import type { Language } from '$lib/registration/language'
import type { Invitations } from '$lib/registration/invited'
import type { Retention } from '$lib/registration/retention'
import type { UsernameCharacters } from '$lib/registration/username'

/**
 * The settings of one installation: checked, complete and frozen. Made by `loadConfig` from config.yaml, secret
 * files and the environment; `null` means that something is not used. config.dist.yaml tells what each is for.
 */
export interface Config {
  /** More in the log; never more on pages. */
  readonly debug: boolean
  /** Null where the operator gave none: `secretKeyOf` then makes one and keeps it. */
  readonly secretKey: string | null
  readonly synapse: {
    readonly adminToken: string
    /** Base URL of the homeserver, without a slash at the end. */
    readonly server: string
    /** The homeserver's name, the part after the colon in a Matrix ID. */
    readonly domain: string
    /** False: any certificate is taken. */
    readonly verifyCert: boolean
    /** PEM text of the certificates to trust instead of the usual ones, or null for the usual ones. */
    readonly ca: string | null
  }
  /** Hosts that may be asked for, as in Django's ALLOWED_HOSTS, lower case: `example.org`, `.example.org`, `*`. */
  readonly hosts: readonly string[]
  readonly site: {
    readonly name: string
    /** Origin of every link that is sent out: scheme, host and port, without a slash at the end. */
    readonly url: string
    /** Any CSS colour; `accentTheme` makes the theme of it. */
    readonly accent: string
    /** Of mails and notices to moderators; applicants get theirs. */
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
    /** False: any certificate is taken. Looked at where TLS is `required` or `implicit`. */
    readonly verifyCert: boolean
    /** PEM text of the certificates to trust instead of the usual ones, or null for the usual ones. */
    readonly ca: string | null
    /** `a@example.org` or `Name <a@example.org>`. */
    readonly from: string
    /** Stands before every subject as it is: ends with a space, or is empty. */
    readonly subjectPrefix: string
  }
  readonly admin: {
    /** Where mails to moderators go; at least one. */
    readonly email: readonly string[]
  }
  /** True: exactly the proxy that is connected; a list: addresses, networks, and the names that proxy-addr knows. */
  readonly trustProxy: boolean | readonly string[]
  /** Room IDs and aliases that every new account joins. */
  readonly autoJoin: readonly string[]
  readonly legal: readonly { readonly title: string; readonly url: string }[]
  /** What Synapse's own consent form needs; null: no consent is submitted. Never without `legal`. */
  readonly consent: { readonly version: string; readonly formSecret: string } | null
  /** In days. */
  readonly retention: Readonly<Retention>
  readonly database: {
    /** `file:` for a path of this machine (relative to the working directory), or a libSQL server's URL. */
    readonly url: string
    readonly authToken: string | undefined
    /** The folder that holds the database file and the secret key. */
    readonly directory: string
  }
  readonly logoUrl: string | null
  readonly rateLimit: {
    /** How many verification mails one client address may ask for in `emailSubmissionHours`. */
    readonly emailSubmission: number
    readonly emailSubmissionHours: number
    /** How many mails, confirmations, passwords and answers each all applicants together may send in a minute. */
    readonly everybodyPerMinute: number
  }
  readonly matrixNotifications: {
    /** Null: moderators are not told in a room. `template` null: our own words, without address and reason. */
    readonly adminRoom: { readonly room: string; readonly template: string | null } | null
    /** Null: no welcome. `room` null: a direct chat. */
    readonly welcome: { readonly room: string | null; readonly template: string } | null
  }
  readonly registration: {
    readonly password: 'at_request' | 'after_approval'
    readonly invitations: Invitations
    readonly usernameCharacters: UsernameCharacters
    /** Our own list and the operator's, lower case. */
    readonly reservedUsernames: readonly string[]
    /** RE2 patterns that match the whole value, in any case. */
    readonly blockedUsernames: readonly string[]
    readonly blockedEmails: readonly string[]
    /** Addresses and CIDR networks. */
    readonly blockedNetworks: readonly string[]
    readonly disposableEmails: DisposableMode
    /** From so many requests on nobody new can start: that wait, and that came on one day (UTC). Null: no limit. */
    readonly maxWaiting: number | null
    readonly maxPerDay: number | null
    readonly proofOfWork: ProofMode
  }
  readonly moderation: {
    /** Moderators are reminded of a request that waits this long. */
    readonly remindAfterHours: number
    /** How long a decision can be taken back before anything is done about it. */
    readonly undoMs: number
    /** How long a request stays a moderator's own without a sign of life. */
    readonly claimMs: number
    /** What a denial can be filed under. */
    readonly denialCategories: readonly string[]
  }
  readonly log: { readonly level: LogLevel }
}

/**
 * How mail is encrypted. `required`: by STARTTLS (RFC 3207) or not sent. `if_offered`: by STARTTLS, and without it where it
 * is not offered or fails. `never`: not at all. `implicit`: TLS from the start of the connection (RFC 8314, 3).
 */
export const MAIL_TLS = ['required', 'if_offered', 'never', 'implicit'] as const
export type MailTls = (typeof MAIL_TLS)[number]

/** Whether browsers have to do some work before a mail is sent; `automatic`: while a wave of requests comes in. */
export const PROOF_MODES = ['off', 'on', 'automatic'] as const
export type ProofMode = (typeof PROOF_MODES)[number]

/** What happens to addresses of services for throwaway mail; `hold`: their requests are marked for a closer look. */
export const DISPOSABLE_MODES = ['off', 'hold', 'block'] as const
export type DisposableMode = (typeof DISPOSABLE_MODES)[number]

/** As pino names them. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
