/** A room as it matters to what this program does in it. */
export interface RoomInspection {
  /** Whether the account of the access token is in it. */
  joined: boolean
  /** Whether it could enter by itself: anybody can, or it is invited. */
  mayJoin: boolean
  /** Whether that account may invite others, and write messages; false where it is not in the room. */
  mayInvite: boolean
  mayWrite: boolean
  encrypted: boolean
  /** Whether anybody can join. */
  public: boolean
}

/** A service for single sign-on. */
export interface UpstreamProvider {
  name: string
  /** Whether people may get an account by it without a registration token; true if the homeserver does not tell. */
  registers: boolean
}

/**
 * What only a check of the set-up asks of a homeserver. Changes nothing there. Every method throws `HomeserverError`
 * and nothing else.
 */
export interface HomeserverInspection {
  /** Where an operator changes what three of the checks find. */
  readonly remedies: { passwordLogin: string; ownRegistration: string; upstreamRegistration: string }
  /** The other services by which people sign in (single sign-on). */
  upstreamProviders(): Promise<UpstreamProvider[]>
  /** The homeserver's clock, in milliseconds since 1970, to the second; null if it does not say. */
  time(): Promise<number | null>
  /** Whether people can sign in with a password. */
  signsInByPassword(): Promise<boolean>
  /**
   * Whether anybody can get an account at the homeserver itself: `open` without anybody's consent (also if an email
   * address or a captcha is asked for), `token` with a registration token only, `closed` not at all.
   */
  ownRegistration(): Promise<'open' | 'token' | 'closed'>
  /** A room by ID or alias; throws `missing` if there is none. `userId`: the account of the access token. */
  room(idOrAlias: string, userId: string): Promise<RoomInspection>
}
