/** What is known of the account that speaks in rooms, which this program makes for itself. */
export interface BotRecord {
  /** `claiming`: it may have been made; nobody knows yet. `made`: it is there, and ours. */
  state: 'claiming' | 'made'
  /** When its making was begun, in milliseconds since 1970. */
  claimedAt: number
  /** Its access token at the homeserver; null: there is none, or it cannot be read any more. */
  token: string | null
  /** When that was made, in milliseconds since 1970; null: never. */
  tokenAt: number | null
}

/** Keeps what is known of such accounts, by their localparts. */
export interface BotStore {
  find(localpart: string): Promise<BotRecord | null>
  /**
   * Changes the record in one step, and answers what it is then. `change` is given what is known now, null if nothing is,
   * answers what is known from here on, and may be called again.
   */
  update(localpart: string, change: (now: BotRecord | null) => BotRecord | null): Promise<BotRecord | null>
}
