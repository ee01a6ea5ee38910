import { isDeepStrictEqual } from 'node:util'
import { differenceOf, type Difference, type Found } from '$lib/registration/differences'
import type { Username } from '$lib/registration/username'
import { findUnopenedNames } from '../database/accounts'
import type { Database } from '../database/open'
import { findHeldNames } from '../database/registrations'
import type { Homeserver } from '../homeserver/homeserver'
import { checkSetUp } from '../homeserver/set-up'
import type { Registrar } from './registrar'

export type Reconciliation = ReturnType<typeof createReconciliation>

/** A name that homeserver and database disagree about. */
export interface Disagreement extends Difference {
  username: Username
}

const PAGE = 200
/** How many accounts are asked for at a time. */
const HANDS = 4
/** The server may be running: what changes under the look is looked at again, so often. */
const LOOKS = 3

/**
 * Finds and mends in what this database and the homeserver disagree, as they do after an older copy of one of them was
 * put back. Both methods throw `HomeserverError` when the homeserver does not answer; what was mended until then stays.
 */
export function createReconciliation({
  database,
  registrar,
  homeserver,
}: {
  database: Database
  registrar: Registrar
  homeserver: Homeserver
}) {
  /** What is known of a name at one moment, or null when it does not hold still: then somebody is at work on it. */
  async function look(username: Username): Promise<Found | null> {
    let before = await registrar.standing(username)
    for (let tries = 0; tries < LOOKS; tries++) {
      const account = await homeserver.account(username)
      const after = await registrar.standing(username)
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

  /** Every name that can differ, once: those that are held here, those in the ledger, and those locked there. */
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
    /** Every difference, or that of one name, in the order of names. Changes nothing. */
    async list(only: Username | null = null): Promise<Disagreement[]> {
      // Everything below rests on what the homeserver says: it has to be the one whose accounts these are.
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
     * Mends a difference that was listed, if it is still the same one when looked at again. False when it is not, or
     * when only an operator can mend it; then nothing is changed.
     */
    async mend({ username, code }: Disagreement): Promise<boolean> {
      const found = await look(username)
      if (found === null || differenceOf(username, found)?.code !== code) return false
      const mended = await registrar.mend(username, found)
      return mended.ok && mended.value !== null
    },
  }
}

function* fresh(page: Username[], seen: Set<Username>): Generator<Username> {
  for (const name of page) {
    if (seen.has(name)) continue
    seen.add(name)
    yield name
  }
}
