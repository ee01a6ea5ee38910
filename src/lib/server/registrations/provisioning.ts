import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Action } from '$lib/registration/decide'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import { signsOfOthers, type Sign } from '$lib/registration/signs'
import type { Username } from '$lib/registration/username'
import type { LedgerEntry } from '../database/accounts'
import type { OutageLog } from '../logging/outage-log'
import { unreachable } from '../homeserver/answer-errors'
import { HomeserverError, type Claimed, type Homeserver, type Locked } from '../homeserver/homeserver'
import type { AccountLedger } from './account-ledger'
import type { Registrar } from './registrar'

/** `joinedRooms`: rooms that the homeserver itself made the account join, normally none. */
export interface Filled {
  registration: Registration | null
  joinedRooms: string[]
}

/** `isSent`: the homeserver was given this password, or may have been. */
export interface Filling {
  filled: Result<Filled>
  isSent: boolean
}

export type Provisioning = ReturnType<typeof createProvisioning>

/** Waits until another process must have recorded the answer it got. */
const OTHERS_RECORD_MS = [50, 150, 400]

/** How often an account is filled again whose record changed meanwhile. */
const MOST_FILLS = 3

/** An account is ready after five steps; there are more if others work on the same one. */
const MOST_STEPS = 20

/**
 * Creates the account of a registration that holds its username: claim, lock, fill, each recorded before the next, so
 * that it can resume after any interruption (synapse.md). Looks at the account right before changing anything, and
 * never changes one that may be somebody else's.
 */
export function createProvisioning({
  registrar,
  accountLedger,
  homeserver,
  confirmSetUp,
  logFailure,
  log,
}: {
  registrar: Registrar
  accountLedger: AccountLedger
  homeserver: Homeserver
  /** Throws `HomeserverError` unless accounts can be created on this homeserver. */
  confirmSetUp: () => Promise<void>
  logFailure: OutageLog
  log: Logger
}) {
  /** The last of each registration, one at a time: a double click must not be mistaken for an interruption. */
  const underWay = new Map<string, { password: string; filling: Promise<Filling> }>()

  async function setUp(registration: Registration, password: string, then: Action): Promise<Filling> {
    await confirmSetUp()
    for (let tries = 0; tries < MOST_FILLS; tries++) {
      const filled = await fillOnce(registration, password, then)
      if (filled !== null) return { filled, isSent: filled.ok || tries > 0 }
    }
    throw new Error('An account keeps changing: its record is different each time it was filled')
  }

  /** Null: its record changed while it was filled. */
  async function fillOnce(
    registration: Registration,
    password: string,
    then: Action,
  ): Promise<Result<Filled> | null> {
    const ready = await makeOurs(registration)
    if (!ready.ok) return ready
    const { id: registrationId, username: localpart } = registration
    // Rooms that Synapse itself makes accounts join are looked up without making the applicant wait.
    const [filled, joinedRooms] = await Promise.all([
      fillUnlessWeak(localpart, password),
      homeserver.joinedRooms(localpart).catch((error: unknown) => {
        if (logFailure('joined rooms', error)) return []
        throw error
      }),
    ])
    if (!filled.ok) return filled
    if (filled.value === 'unlocked') return lockAgain(ready.value)
    // One transaction: an account that is filled but not requested by anybody would wait forever.
    const done = await registrar.act(
      registrationId,
      then,
      { kind: 'applicant' },
      {
        account: { localpart, state: 'filled' },
        examined: ready.value,
        events: [{ kind: 'account_filled' }],
      },
    )
    if (done.ok) return accept({ registration: done.value, joinedRooms })
    return done.refusal.code === 'stale' ? null : done
  }

  /** Refused: the account stays as it is, and waits for another password. */
  async function fillUnlessWeak(localpart: Username, password: string): Promise<Result<Locked>> {
    try {
      return accept(await homeserver.fill(localpart, password))
    } catch (error) {
      if (error instanceof HomeserverError && error.kind === 'weak_password')
        return refuse({ code: 'password_weak' })
      throw error
    }
  }

  /**
   * It was unlocked while it was filled: by another process that was faster and is done with it, or by somebody at the
   * homeserver. Only in the second case it is locked, as the record, once it says so, lets no other process finish first.
   */
  async function lockAgain(entry: LedgerEntry): Promise<null> {
    await accountLedger.moveAccount(entry, { localpart: entry.localpart, state: 'claimed' })
    return null
  }

  /** Advances the account until it is ours, was just seen locked, and can be filled. */
  async function makeOurs(registration: Registration): Promise<Result<LedgerEntry>> {
    for (let step = 0; step < MOST_STEPS; step++) {
      const done = await nextStep(registration)
      if (done !== null) return done
    }
    throw new Error('An account keeps changing: its record is different at every step')
  }

  /** Null: another step is needed. */
  async function nextStep(registration: Registration): Promise<Result<LedgerEntry> | null> {
    const { id, username } = registration
    const stopped = await stoppedMeanwhile(id)
    if (stopped !== null) return stopped
    const entry = await accountLedger.account(username)
    if (entry === null)
      return (await accountLedger.beginClaim(id, username)) ? claim(registration, null) : null
    if (entry.openedAt !== null || entry.state === 'open' || entry.state === 'doubtful')
      return lost(registration)
    if (entry.state !== 'removed' && entry.registrationId !== id) return lost(registration)
    if (entry.state === 'claiming') return claim(registration, entry)
    const account = await homeserver.account(username)
    if (account === null) return strike(entry)
    const signs = signsOfOthers(username, entry, account)
    if (signs.length > 0) return doubt(registration, entry, signs)
    switch (entry.state) {
      case 'claimed':
        if (!account.locked) await homeserver.lock(username)
        return locked(entry)
      case 'removed':
        if (await accountLedger.mayStillUnlock(entry)) {
          const why = 'it was being unlocked when its approval was stopped, and that may still take effect'
          throw unreachable(`reactivate ${username}`, why, { outage: false })
        }
        await accountLedger.moveAccount(entry, { localpart: username, state: 'reviving', registrationId: id })
        return null
      case 'reviving': {
        const state = (await homeserver.revive(username)) === 'unlocked' ? 'claimed' : 'locked'
        await accountLedger.moveAccount(entry, { localpart: username, state }, [{ kind: 'account_revived' }])
        return null
      }
      default:
        return accept(entry)
    }
  }

  /** It was withdrawn or denied: what was created of it is removed by a job. */
  async function stoppedMeanwhile(id: string): Promise<Result<never> | null> {
    const registration = await registrar.find(id)
    if (registration !== null && mayBeFilled(registration)) return null
    const isNameless = registration?.state === 'verified' || registration?.state === 'approved'
    return isNameless && !registration.holdsName
      ? refuse({ code: 'username_lost' })
      : notToBeFilled(registration)
  }

  /** `before`: the record of an attempt whose answer was lost. */
  async function claim(
    registration: Registration,
    before: LedgerEntry | null,
  ): Promise<Result<never> | null> {
    const { id: registrationId, username: localpart } = registration
    let answer: Claimed
    try {
      answer = await (before === null
        ? homeserver.claim(localpart)
        : homeserver.claim(localpart, registrar.now() - before.changedAt))
    } catch (error) {
      // A clear "no" created nothing; only a lost answer leaves it uncertain.
      const clear = error instanceof HomeserverError && error.kind !== 'unreachable'
      if (clear && before === null) await accountLedger.recordAccount(null, { localpart, state: null }, [])
      throw error
    }
    if (answer === 'made') {
      const made = { localpart, state: 'claimed', registrationId, madeAt: registrar.now() } as const
      await accountLedger.recordAccount(registrationId, made, [{ kind: 'account_claimed' }])
      return null
    }
    if (answer === 'refused' && before === null) {
      await accountLedger.recordAccount(null, { localpart, state: null }, [])
      return lost(registration)
    }
    if (await isClaimedElsewhere(localpart)) return null
    const entry = await accountLedger.account(localpart)
    if (entry?.state !== 'claiming') return null
    if (answer === 'unclear') return doubt(registration, entry, [])
    return (await accountLedger.moveAccount(entry, { localpart, state: null })) ? lost(registration) : null
  }

  /** Whether another process, working for the same applicant, is recording its own claim right now. */
  async function isClaimedElsewhere(localpart: Username): Promise<boolean> {
    for (const wait of OTHERS_RECORD_MS) {
      await sleep(wait)
      const entry = await accountLedger.account(localpart)
      if (entry?.state !== 'claiming') return true
    }
    return false
  }

  async function locked(entry: LedgerEntry): Promise<null> {
    await accountLedger.moveAccount(entry, { localpart: entry.localpart, state: 'locked' }, [
      { kind: 'account_locked' },
    ])
    return null
  }

  /** The homeserver lost it: it was restored from an older backup. */
  async function strike(entry: LedgerEntry): Promise<null> {
    await accountLedger.moveAccount(entry, { localpart: entry.localpart, state: null }, [
      { kind: 'account_missing' },
    ])
    return null
  }

  /** It is, or may be, somebody else's: a moderator decides. */
  async function doubt(
    registration: Registration,
    entry: LedgerEntry,
    signs: Sign[],
  ): Promise<Result<never> | null> {
    if (!(await accountLedger.doubt(entry, signs))) return null
    log.warn(
      { registration: registration.id, signs },
      'Somebody else has, or may have, an account that was created here',
    )
    return lost(registration)
  }

  async function fillAfter(
    before: Promise<unknown> | undefined,
    registrationId: string,
    password: string,
    then: Action,
  ): Promise<Filling> {
    await before?.catch(() => undefined)
    const registration = await registrar.find(registrationId)
    if (registration === null || !mayBeFilled(registration))
      return { filled: notToBeFilled(registration), isSent: false }
    return setUp(registration, password, then)
  }

  async function lost(registration: Registration): Promise<Result<never>> {
    const found = await registrar.find(registration.id)
    if (found?.holdsName === true)
      await registrar.act(registration.id, { type: 'lose_name' }, { kind: 'system' })
    return refuse({ code: 'username_lost' })
  }

  return {
    /**
     * Fills the account, and runs `then` with the registration in the transaction that records it. Refused if the
     * username was lost. Throws `HomeserverError` if the homeserver did not answer; calling it again resumes. The same
     * password twice at once is filled in once, and answered alike.
     */
    async fill(registrationId: string, password: string, then: Action): Promise<Filling> {
      const before = underWay.get(registrationId)
      if (before?.password === password) return before.filling
      const mine = { password, filling: fillAfter(before?.filling, registrationId, password, then) }
      underWay.set(registrationId, mine)
      try {
        return await mine.filling
      } finally {
        if (underWay.get(registrationId) === mine) underWay.delete(registrationId)
      }
    },
  }
}

/**
 * Only a registration that holds the username and is not past this step: verified, or approved with the password
 * still to be set.
 */
function mayBeFilled({ state, account, holdsName }: Registration): boolean {
  return (
    holdsName &&
    (state === 'verified' || (state === 'approved' && account !== 'filled' && account !== 'open'))
  )
}

function notToBeFilled(registration: Registration | null) {
  const { state, account } = registration ?? { state: 'withdrawn', account: 'none' }
  return refuse({ code: 'wrong_state', state, account })
}
