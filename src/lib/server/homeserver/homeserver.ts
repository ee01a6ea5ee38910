import type { EmailAddress } from '$lib/registration/email'
import type { PasswordPolicy } from '$lib/registration/password'
import type { Account } from '$lib/registration/signs'
import type { Username } from '$lib/registration/username'

export type { Account, PasswordPolicy }

/** What the homeserver says of a name that nobody here holds. */
export type NameAnswer = 'free' | 'taken' | 'reserved' | 'invalid'

/** What came of asking for an account. */
export type Claimed = 'made' | 'existed' | 'refused'

/** `secret`: `form_secret` is another one; `unknown`: there is no such version; `other`: another one is asked for. */
export type ConsentProblem = { code: 'secret' | 'unknown' | 'other' | 'none'; why: string }

/** A text message; `html` is the same in Matrix's HTML subset. */
export interface RoomMessage {
  text: string
  html?: string
}

/**
 * All that this program asks of a homeserver. Every method throws `HomeserverError` and nothing else when the
 * homeserver does not do what was asked.
 */
export interface Homeserver {
  readonly domain: string
  /** Whether a new account may take this name now. */
  nameAnswer(username: Username): Promise<NameAnswer>
  passwordPolicy(): Promise<PasswordPolicy>
  /**
   * Makes an account without a password, or changes nothing: `made` means that it did not exist before this very
   * call, `existed` that it did and is as it was, `refused` that there is none and nobody can have the name: an old
   * account has it in other capitals, or an application service keeps it. The answer can get lost: then nothing is known.
   */
  claim(username: Username): Promise<Claimed>
  lock(username: Username): Promise<void>
  /** Sets the password of an account that is ours and locked. */
  fill(username: Username, password: string): Promise<void>
  /** Unlocks; done already is done. Does not create: an account that is missing or deactivated is a permanent error. */
  open(username: Username): Promise<void>
  /** Deactivates and erases; done already is done, and so is an account that is missing. */
  remove(username: Username): Promise<void>
  /** Brings an account back that was made here, never opened, and removed. It is locked afterwards, with a random password. */
  revive(username: Username): Promise<void>
  /** All that shows whose an account is; null where there is none. */
  account(username: Username): Promise<Account | null>
  /**
   * A page of the names whose accounts are locked and not deactivated, whoever locked them; names that nobody could
   * have been given here are left out. `from`: the `next` of the page before, null for the first one. A page can be
   * empty and yet have a next one.
   */
  lockedAccounts(from: string | null): Promise<{ names: Username[]; next: string | null }>
  joinedRooms(username: Username): Promise<string[]>
  /** The Matrix ID that this address is bound to, or null. */
  addressOwner(address: EmailAddress): Promise<string | null>
  /** Adds the address to the account's addresses. Ask `addressOwner` directly before: binding moves an address silently. */
  bindAddress(username: Username, address: EmailAddress): Promise<void>
  /** Makes the account a member of a room, given by id or alias. */
  joinRoom(username: Username, room: string): Promise<'joined' | 'already'>
  /**
   * Records consent to a version of the policy. Throws where it did not arrive, and where the homeserver asks for another
   * version: its owner would be asked again.
   */
  consent(username: Username, version: string): Promise<void>
  /** What stands in the way of recording consent to this version, with the remedy, or null. Changes nothing. */
  consentProblem(version: string): Promise<ConsentProblem | null>
  /** Sends as the operator's account; the same transaction id sends once. Joins the room on the way if it must. */
  sendMessage(room: string, transactionId: string, message: RoomMessage): Promise<void>
  /** A direct chat with the account: the same key answers the same room. */
  directRoom(username: Username, key: string): Promise<string>
  /** The Matrix ID of the operator's account, its right to administrate, and the server's version. */
  identity(): Promise<{ userId: string; admin: boolean; version: string }>
  /** The issuer that the homeserver leaves its accounts to (MSC3861, MAS), or null where it keeps them itself. */
  delegatesTo(): Promise<string | null>
}

/**
 * Why the homeserver did not do it. `permanent`: asking again will not help until somebody changes something.
 * `outage`: any other call would fare the same now. `retryAfter`: milliseconds that the homeserver asked to wait. The
 * message is a sentence for moderators and holds nothing secret; `why` is the same for the log, and names nobody.
 */
export class HomeserverError extends Error {
  override readonly name = 'HomeserverError'
  readonly kind: HomeserverErrorKind
  readonly permanent: boolean
  readonly outage: boolean
  readonly retryAfter: number | undefined
  readonly why: string

  constructor(
    kind: HomeserverErrorKind,
    message: string,
    options: { permanent: boolean; outage?: boolean; retryAfter?: number; why?: string; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.permanent = options.permanent
    this.outage = options.outage ?? false
    this.retryAfter = options.retryAfter
    this.why = withoutMatrixIds(options.why ?? message)
  }
}

const withoutMatrixIds = (text: string) => text.replace(/@[^\s:]*:[^\s,;)]+/g, '[Matrix ID]')

/** `unreachable`: no answer, or none that is Synapse's; `not_asked`: nothing was sent, as it did not answer before; `limited`: 429; `token`: the admin token is refused or is no admin's;
 * `set_up`: the configuration names another homeserver, or one that does not answer its admin API there; `delegated`: its accounts are left to another service;
 * `password_disabled`: the server keeps no passwords; `missing`: the account or room is not there; `refused`: anything else it said no to. */
export type HomeserverErrorKind =
  | 'unreachable'
  | 'not_asked'
  | 'limited'
  | 'token'
  | 'set_up'
  | 'delegated'
  | 'password_disabled'
  | 'missing'
  | 'refused'
