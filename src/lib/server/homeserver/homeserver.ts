import type { EmailAddress } from '$lib/registration/email'
import type { PasswordPolicy } from '$lib/registration/password'
import type { Account } from '$lib/registration/signs'
import type { Username } from '$lib/registration/username'

export type { Account, PasswordPolicy }

/** What the homeserver says about a username that nobody here holds. */
export type NameAnswer = 'free' | 'taken' | 'reserved' | 'invalid'

/**
 * The result of asking for an account. `made`: it did not exist before. `existed`: it did, and is unchanged. `unclear`:
 * it exists, and may be what an earlier attempt made, whose answer was lost. `refused`: there is none, and nobody can
 * have the username: an old account has it in other capitals, or an application service reserves it.
 */
export type Claimed = 'made' | 'existed' | 'unclear' | 'refused'

/** Whether an account that was to be locked is. An unlocked one may be in use by now: whoever asked decides what that means. */
export type Locked = 'locked' | 'unlocked'
export const lockOf = ({ locked }: { locked: boolean }): Locked => (locked ? 'locked' : 'unlocked')

/** `secret`: wrong `form_secret`; `unknown`: no such version; `other`: another one is required. */
export type ConsentProblem = { code: 'secret' | 'unknown' | 'other' | 'none'; why: string }

/** A text message. It notifies nobody but `mentions`, whatever it contains. */
export interface RoomMessage {
  text: string
  /** The same in Matrix's HTML subset. */
  html?: string
  /** The ID of the event that the thread begins with which this belongs to. */
  thread?: string
  /** Whether it is an answer of a program (`m.notice`), to which no program answers. */
  notice?: boolean
  /** Matrix IDs. */
  mentions?: string[]
}

/**
 * Everything this program asks of a homeserver. Every method throws `HomeserverError` and nothing else if the
 * homeserver did not do what was asked.
 */
export interface Homeserver {
  readonly domain: string
  /** Whether a new account can have this username now. */
  nameAnswer(username: Username): Promise<NameAnswer>
  passwordPolicy(): Promise<PasswordPolicy>
  /**
   * Creates an account without a password, or changes nothing. If the answer is lost, nothing is known: the next
   * attempt says how many milliseconds ago the first one was (`firstTried`), so that what that one made is not taken
   * for somebody else's.
   */
  claim(username: Username, firstTried?: number): Promise<Claimed>
  /** Locks, also an account that is deactivated; idempotent. A missing account is a permanent error. */
  lock(username: Username): Promise<void>
  /**
   * Sets the password of an account that is ours and locked, and locks none that is not: then it may have been set, too.
   * Throws `weak_password` if the homeserver finds it too easy to guess; everything else about the account stays.
   */
  fill(username: Username, password: string): Promise<Locked>
  /** Unlocks; idempotent. Does not create: a missing or deactivated account is a permanent error. */
  open(username: Username): Promise<void>
  /**
   * Suspends an account, or lifts that; idempotent. Its owner can sign in and read, but not write, join or change the
   * profile (MSC3823); nor can the operator join it to a room. A missing or deactivated account is a permanent error.
   */
  suspend(username: Username, suspended: boolean): Promise<void>
  /** Deactivates and erases; idempotent, also for a missing account. */
  remove(username: Username): Promise<void>
  /**
   * Reactivates an account that was created here, never unlocked, and removed. It gets a random password, and stays
   * locked unless somebody unlocks it meanwhile.
   */
  revive(username: Username): Promise<Locked>
  /** Everything that indicates whose an account is; null if there is none. */
  account(username: Username): Promise<Account | null>
  /**
   * A page of the usernames of locked accounts that are not deactivated, whoever locked them; usernames that cannot
   * be registered here are left out. `from`: the `next` of the previous page, null for the first one. A page can be
   * empty and yet have a next one.
   */
  lockedAccounts(from: string | null): Promise<{ names: Username[]; next: string | null }>
  joinedRooms(username: Username): Promise<string[]>
  /** The Matrix ID that this email address is bound to, or null. */
  addressOwner(address: EmailAddress): Promise<string | null>
  /** Adds the email address to the account. Ask `addressOwner` right before: binding moves an address silently. */
  bindAddress(username: Username, address: EmailAddress): Promise<void>
  /** Joins the account to a room, given by ID or alias. */
  joinRoom(username: Username, room: string): Promise<'joined' | 'already'>
  /** Whether there is anything to record consent in; if not, `consent` is always refused. */
  readonly recordsConsent: boolean
  /**
   * Records consent to a version of the policy. Throws if it was not recorded, and if the homeserver requires another
   * version: its owner would be asked again.
   */
  consent(username: Username, version: string): Promise<void>
  /** What prevents recording consent to this version, with the remedy, or null. Changes nothing. */
  consentProblem(version: string): Promise<ConsentProblem | null>
  /**
   * Sends as the account of `matrix_notifications`, or as the operator's where none is set; the same transaction ID sends
   * once. Enters the room first if necessary. Answers the event ID.
   */
  sendMessage(room: string, transactionId: string, message: RoomMessage): Promise<string>
  /**
   * Changes what an own message says, by its event ID, under a transaction ID as above (Matrix client API, "Event
   * replacements"). `gone`: the homeserver does not have it any more, or it is in another room.
   */
  editMessage(
    room: string,
    eventId: string,
    transactionId: string,
    message: RoomMessage,
  ): Promise<'edited' | 'gone'>
  /**
   * Reacts to an event with a key, under a transaction ID as above. Answers the reaction's event ID; null: this account's
   * reaction with that key stands there already, or the homeserver does not have the event any more.
   */
  react(room: string, eventId: string, transactionId: string, key: string): Promise<string | null>
  /**
   * Takes an own event out of the room (Matrix client API, "Redactions"), under a transaction ID as above; idempotent.
   * `gone`: the homeserver does not have it.
   */
  redact(room: string, eventId: string, transactionId: string): Promise<'redacted' | 'gone'>
  /** The account that sends is in the room afterwards. Throws, with whom to invite, if it may not. */
  enterRoom(room: string): Promise<void>
  /** The ID of a room given by ID or alias. */
  roomId(room: string): Promise<string>
  /** A direct chat of the account that sends with this one: the same key returns the same room. */
  directRoom(username: Username, key: string): Promise<string>
  /** The Matrix ID of the operator's account, whether it is a server administrator, and the server's version. */
  identity(): Promise<{ userId: string; admin: boolean; version: string }>
  /**
   * Who manages the homeserver's accounts, as a sentence for operators. Throws `delegated` if that is not who this
   * program asks for them: accounts must not be created then.
   */
  accountsManagedBy(): Promise<string>
}

/**
 * Why the homeserver did not do it. `permanent`: repeating it will not help until something is changed. `outage`: any
 * other call would fail the same way now. `retryAfter`: milliseconds to wait, as requested by the homeserver. The
 * message is a sentence for moderators and contains no secrets; `why` is the same for the log, and names nobody. `key`:
 * the setting that it is about, where that is known.
 */
export class HomeserverError extends Error {
  override readonly name = 'HomeserverError'
  readonly kind: HomeserverErrorKind
  readonly permanent: boolean
  readonly outage: boolean
  readonly retryAfter: number | undefined
  readonly why: string
  readonly key: string | undefined

  constructor(
    kind: HomeserverErrorKind,
    message: string,
    options: {
      permanent: boolean
      outage?: boolean
      retryAfter?: number
      why?: string
      key?: string | undefined
      cause?: unknown
    },
  ) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.permanent = options.permanent
    this.outage = options.outage ?? false
    this.retryAfter = options.retryAfter
    this.key = options.key
    this.why = withoutMatrixIds(options.why ?? message)
  }
}

/** A server's words without the Matrix IDs in them, also those that were cut off. */
export const withoutMatrixIds = (text: string): string =>
  text.replace(
    /(?<![^\s<>()[\]"'`,;:=])@[^\s:,;)>\]"'`]+(?::[^\s,;)>\]"'`]*[^\s,;)>\]"'`:.])?/g,
    '[Matrix ID]',
  )

/**
 * `unreachable`: no answer, or none from Synapse; `not_asked`: nothing was sent, because it did not answer before;
 * `limited`: 429; `token`: the admin token is rejected or not an administrator's; `set_up`: the configuration names
 * another homeserver, or one whose admin API does not answer there; `delegated`: its accounts are managed elsewhere
 * than configured; `password_disabled`: the server stores no passwords; `weak_password`: it refuses this one; `missing`:
 * the account or room does not exist; `refused`: any other refusal.
 */
export type HomeserverErrorKind =
  | 'unreachable'
  | 'not_asked'
  | 'limited'
  | 'token'
  | 'set_up'
  | 'delegated'
  | 'password_disabled'
  | 'weak_password'
  | 'missing'
  | 'refused'
