import { setTimeout as sleep } from 'node:timers/promises'
import type { Action } from '$lib/registration/decide'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import type { Username } from '$lib/registration/username'
import type { FailureLog } from './failure-log'
import { HomeserverError, type Account, type Homeserver } from './homeserver/homeserver'
import type { Registrar } from './registrar'

/** `joinedRooms`: what the homeserver itself made the account join, normally nothing. */
export interface Filled {
  registration: Registration | null
  joinedRooms: string[]
}

export type AccountSetup = ReturnType<typeof createAccountSetup>

/** Waits until another process must have written down what it was answered. */
const OTHERS_RECORD_MS = [50, 150, 400]

/**
 * Makes the account of a registration that holds its name: claim, lock, fill, each recorded in the ledger before
 * the next, so that a stop anywhere can be gone on from (synapse.md). Never changes an account that may be
 * somebody else's.
 */
export function createAccountSetup({
  registrar,
  homeserver,
  confirmSetUp,
  logFailure,
  clock,
}: {
  registrar: Registrar
  homeserver: Homeserver
  /** Throws `HomeserverError` unless this is a homeserver that accounts can be made at. */
  confirmSetUp: () => Promise<void>
  logFailure: FailureLog
  clock: () => number
}) {
  /** One at a time for a registration: a double click must not be mistaken for a stop half-way. */
  const underWay = new Map<string, Promise<unknown>>()

  async function setUp(registration: Registration, password: string, then: Action): Promise<Result<Filled>> {
    await confirmSetUp()
    const ready = await makeOurs(registration)
    if (!ready.ok) return ready
    const { id: registrationId, username: localpart } = registration
    // What Synapse itself made the account join is only asked, never waited for at the applicant's expense.
    const [, joinedRooms] = await Promise.all([
      homeserver.fill(localpart, password),
      homeserver.joinedRooms(localpart).catch((error: unknown) => {
        if (logFailure('joined rooms', error)) return []
        throw error
      }),
    ])
    // One transaction: an account that is filled and asked for by nobody would wait for ever.
    const done = await registrar.act(
      registrationId,
      then,
      { kind: 'applicant' },
      {
        account: { localpart, state: 'filled' },
        events: [{ kind: 'account_filled' }],
      },
    )
    return done.ok ? accept({ registration: done.value, joinedRooms }) : done
  }

  /** Brings the account to where it is ours, locked, and can be filled. */
  async function makeOurs(registration: Registration): Promise<Result<null>> {
    const { id, username } = registration
    const entry = await registrar.account(username)
    if (entry === null) return claim(registration, 'first')
    if (entry.openedAt !== null || entry.state === 'open' || entry.state === 'doubtful')
      return lost(registration)
    if (entry.state === 'removed') return revive(registration)
    if (entry.registrationId !== id) return lost(registration)
    if (entry.state === 'claiming') return claim(registration, 'again')
    const account = await homeserver.account(username)
    if (account === null) return claim(registration, 'first')
    if (account.deactivated) return revive(registration)
    if (entry.state === 'claimed') return lock(registration)
    // It was locked here, and somebody unlocked it there: it is in other hands now.
    return account.locked ? accept(null) : doubt(registration, account)
  }

  async function claim(registration: Registration, attempt: 'first' | 'again'): Promise<Result<null>> {
    const { id: registrationId, username: localpart } = registration
    if (attempt === 'first' && !(await registrar.beginClaim(registrationId, localpart)))
      return makeOurs(registration)
    let answer: 'made' | 'existed'
    try {
      answer = await homeserver.claim(localpart)
    } catch (error) {
      // A clear "no" made nothing; only a lost answer leaves a doubt.
      const clear = error instanceof HomeserverError && error.kind !== 'unreachable'
      if (clear && attempt === 'first') await registrar.recordAccount(null, { localpart, state: null }, [])
      throw error
    }
    if (answer === 'made') {
      const made = { localpart, state: 'claimed', registrationId, madeAt: clock() } as const
      await registrar.recordAccount(registrationId, made, [{ kind: 'account_claimed' }])
      return lock(registration)
    }
    if (await isClaimedElsewhere(localpart)) return makeOurs(registration)
    if (attempt === 'again') return doubt(registration, await homeserver.account(localpart))
    await registrar.recordAccount(null, { localpart, state: null }, [])
    return lost(registration)
  }

  /** Whether another process, at work for the same person, records its own claim just now. */
  async function isClaimedElsewhere(localpart: Username): Promise<boolean> {
    for (const wait of OTHERS_RECORD_MS) {
      await sleep(wait)
      const entry = await registrar.account(localpart)
      if (entry?.state !== 'claiming') return true
    }
    return false
  }

  async function lock({ id, username: localpart }: Registration): Promise<Result<null>> {
    await homeserver.lock(localpart)
    await registrar.recordAccount(id, { localpart, state: 'locked', registrationId: id }, [
      { kind: 'account_locked' },
    ])
    return accept(null)
  }

  /**
   * Brings back what was removed here. Recorded as locked before, as the lock outlives the removal: should somebody
   * unlock it meanwhile, the next try sees that and keeps its hands off.
   */
  async function revive(registration: Registration): Promise<Result<null>> {
    const { id, username: localpart } = registration
    const account = await homeserver.account(localpart)
    if (account === null) return claim(registration, 'first')
    if (!account.deactivated && !account.locked) return doubt(registration, account)
    await registrar.recordAccount(id, { localpart, state: 'locked', registrationId: id }, [])
    await homeserver.revive(localpart)
    await registrar.recordAccount(id, { localpart, state: 'locked' }, [{ kind: 'account_revived' }])
    return accept(null)
  }

  /** It exists, and nobody knows whether the answer that got lost was to our claim: a moderator decides. */
  async function doubt(registration: Registration, account: Account | null): Promise<Result<null>> {
    if (account === null) return claim(registration, 'again')
    const change = { localpart: registration.username, state: 'doubtful', registrationId: null } as const
    await registrar.recordAccount(registration.id, change, [{ kind: 'account_doubtful' }])
    return lost(registration)
  }

  async function lost(registration: Registration): Promise<Result<null>> {
    await registrar.act(registration.id, { type: 'lose_name' }, { kind: 'system' })
    return refuse({ code: 'username_lost' })
  }

  return {
    /**
     * Fills the account, and does `then` with the registration in the transaction that records it. Refuses where the
     * name was lost. Throws `HomeserverError` when the homeserver did not answer; calling again goes on there.
     */
    async fill(registrationId: string, password: string, then: Action): Promise<Result<Filled>> {
      const before = underWay.get(registrationId) ?? Promise.resolve()
      const mine = before.then(async () => {
        const registration = await registrar.find(registrationId)
        if (registration === null || !mayBeFilled(registration)) {
          const { state, account } = registration ?? { state: 'withdrawn', account: 'none' }
          return refuse({ code: 'wrong_state', state, account })
        }
        return setUp(registration, password, then)
      })
      const settled = mine.then(
        () => undefined,
        () => undefined,
      )
      underWay.set(registrationId, settled)
      try {
        return await mine
      } finally {
        if (underWay.get(registrationId) === settled) underWay.delete(registrationId)
      }
    },
  }
}

/** Only who holds the name and is not past this step: verified, or approved with the password still to be set. */
function mayBeFilled({ state, account, holdsName }: Registration): boolean {
  return (
    holdsName &&
    (state === 'verified' || (state === 'approved' && account !== 'filled' && account !== 'open'))
  )
}
