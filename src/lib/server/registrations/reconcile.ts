import { isDeepStrictEqual } from 'node:util'
import { differenceOf, type Difference, type Found } from '$lib/registration/differences'
import type { EmailAddress } from '$lib/registration/email'
import { notices } from '$lib/registration/following'
import type { Language } from '$lib/registration/language'
import { UNTOUCHED } from '$lib/registration/registration'
import { signsOfOthers, type Account, type Sign } from '$lib/registration/signs'
import type { Username } from '$lib/registration/username'
import { findUnopenedNames } from '../database/accounts'
import type { Database } from '../database/open'
import { findHeldNames } from '../database/registrations'
import type { Homeserver } from '../homeserver/homeserver'
import { checkSetUp } from '../homeserver/set-up'
import type { AccountLedger } from './account-ledger'
import type { Registrar } from './registrar'

/** A username that homeserver and database disagree about. */
export interface Disagreement extends Difference {
  username: Username
}

/** Why a locked account cannot become a request; `signs`: somebody has it. */
export type NoAdoption =
  { why: 'not_locked' | 'known' | 'no_address' | 'address_taken' } | { why: 'signs'; signs: Sign[] }

const PAGE = 200
/** How many accounts are queried at a time. */
const HANDS = 4
/** The server may be running: if something changes during a check, it is repeated this often. */
const LOOKS = 3

/**
 * Finds and repairs differences between this database and the homeserver, as after restoring an older backup of one
 * of them. All methods throw `HomeserverError` if the homeserver does not answer; repairs made until then stay.
 */
export function createReconciliation({
  database,
  accountLedger,
  registrar,
  homeserver,
  randomId,
  language,
}: {
  database: Database
  accountLedger: AccountLedger
  registrar: Pick<Registrar, 'policy'>
  homeserver: Homeserver
  randomId: () => string
  /** Of emails to applicants whose own is unknown. */
  language: Language
}) {
  /** What is known of a username at one moment, or null if it keeps changing: then somebody is working on it. */
  async function look(username: Username): Promise<Found | null> {
    let before = await accountLedger.standing(username)
    for (let tries = 0; tries < LOOKS; tries++) {
      const account = await homeserver.account(username)
      const after = await accountLedger.standing(username)
      if (isDeepStrictEqual(before, after)) return { ...after, account }
      before = after
    }
    return null
  }

  async function judge(username: Username): Promise<Disagreement | null> {
    const found = await look(username)
    const difference = found === null ? null : differenceOf(username, found)
    return difference === null ? null : { username, ...difference }
  }

  /**
   * Every username that can differ, once: those reserved here, those with an account record, and those locked on the
   * homeserver.
   */
  async function* names(): AsyncGenerator<Username> {
    const seen = new Set<Username>()
    for (const find of [findHeldNames, findUnopenedNames]) {
      let after: Username | null = null
      do {
        const page: Username[] = await database.read((reader) => find(reader, after, PAGE))
        yield* fresh(page, seen)
        after = page.at(-1) ?? null
      } while (after !== null)
    }
    let from: string | null = null
    do {
      const page = await homeserver.lockedAccounts(from)
      yield* fresh(page.names, seen)
      from = page.next
    } while (from !== null)
  }

  return {
    /** Every difference, or that of one username, in order. Changes nothing. */
    async list(only: Username | null = null): Promise<Disagreement[]> {
      // Everything below relies on the homeserver: it must be the one with these accounts.
      await checkSetUp(homeserver)
      if (only !== null) return [await judge(only)].filter((found) => found !== null)
      const found: Disagreement[] = []
      const source = names()
      const hand = async () => {
        for await (const username of source) {
          const difference = await judge(username)
          if (difference !== null) found.push(difference)
        }
      }
      await Promise.all(Array.from({ length: HANDS }, hand))
      return found.sort((one, other) => (one.username < other.username ? -1 : 1))
    },

    /**
     * Repairs a listed difference, if it is still the same when checked again. False if it is not, or if only an
     * operator can repair it; then nothing is changed.
     */
    async mend({ username, code }: Disagreement): Promise<boolean> {
      const found = await look(username)
      if (found === null || differenceOf(username, found)?.code !== code) return false
      const mended = await accountLedger.mend(username, found)
      return mended.ok && mended.value !== null
    },

    /**
     * Makes a waiting request of a locked account that is unknown here: of an older version of the original, or created
     * here after the backup. What its applicant wrote is lost; the account is not touched, and keeps its password.
     * `given`: their address, where the account has none. Answers why not, or null.
     */
    async adopt(username: Username, given: EmailAddress | null): Promise<NoAdoption | null> {
      await checkSetUp(homeserver)
      const account = await homeserver.account(username)
      if (account === null || !account.locked || account.deactivated) return { why: 'not_locked' }
      const email = addressOf(account, given)
      if (email === null) return { why: 'no_address' }
      const signs = signsOfOthers(username, { state: 'filled' }, account, email)
      if (signs.length > 0) return { why: 'signs', signs }
      const policy = registrar.policy()
      const registration = {
        ...UNTOUCHED,
        id: randomId(),
        state: 'requested',
        username,
        holdsName: true,
        email,
        language,
        clientAddress: '',
        invitationId: null,
        startedAt: Math.min(account.createdAt, policy.now),
        stateSince: policy.now,
        passwordMode: 'at_request',
        account: 'filled',
      } as const
      const why = await accountLedger.adopt(registration, notices(policy))
      return why === null ? null : { why }
    },
  }
}

/** An account's only address, or the one that is given where it has none. */
function addressOf({ addresses, contacts }: Account, given: EmailAddress | null): EmailAddress | null {
  const [own] = addresses
  if (own === undefined) return contacts === 0 ? given : null
  return given === null || given === own ? own : null
}

function* fresh(page: Username[], seen: Set<Username>): Generator<Username> {
  for (const name of page) {
    if (seen.has(name)) continue
    seen.add(name)
    yield name
  }
}
