import { accept, refuse, type Refused, type Result } from '$lib/registration/refusal'
import { byModerator, type Actor, type AuditEvent } from '$lib/registration/registration'
import { deskNetwork } from '$lib/network/client-networks'
import { findModeratorByName, findVerifiedModerator, type ModeratorRow } from '../database/moderators'
import type { Database } from '../database/open'
import type { Factors } from './factors'
import type { GuessWatch } from './guess-watch'
import type { Hashing } from '../crypto/hash-queue'
import type { KnownDevices } from './known-device'
import { moderatorName } from './moderator-name'
import type { From, SessionCookie, Sessions } from './sessions'
import type { SignInTries } from './sign-in-tries'
import type { Token } from '../crypto/tokens'
import { MINUTE } from '$lib/registration/time'

/** Either a session, or what a browser holds until the second factor is given. */
export type SignInStep = { id: string } & (
  { cookie: SessionCookie; halfWay: null } | { cookie: null; halfWay: Token }
)

export type SignIn = ReturnType<typeof createSignIn>

/**
 * Signs moderators in. An unknown username, a wrong password and a disabled account get the same answer, for the same
 * work.
 */
export function createSignIn({
  database,
  tries,
  sessions,
  note,
  factors,
  knownDevices,
  hashing,
  guessWatch,
}: {
  database: Database
  tries: Pick<SignInTries, 'look' | 'take' | 'giveBack'>
  sessions: Pick<Sessions, 'start'>
  factors: Pick<Factors, 'startHalfWay' | 'isAsked'>
  knownDevices: Pick<KnownDevices, 'read'>
  hashing: Pick<Hashing, 'inTurn' | 'verify'>
  guessWatch: Pick<GuessWatch, 'failed'>
  /** Writes to the audit log. */
  note: (events: AuditEvent[], actor: Actor) => Promise<void>
}) {
  async function failed(moderator: ModeratorRow | null): Promise<Refused> {
    const actor: Actor = moderator === null ? { kind: 'system' } : byModerator(moderator.id)
    await note([{ kind: 'sign_in_failed' }], actor)
    if (moderator !== null) await guessWatch.failed(moderator)
    return refuse({ code: 'sign_in_failed' })
  }

  /** Null if the account is disabled, or if another password was set while this one was verified. */
  async function begin(verified: ModeratorRow, from: From): Promise<SignInStep | null> {
    return database.write(async (tx) => {
      const row = await findVerifiedModerator(tx, verified)
      if (row === null) return null
      const { id } = row
      return (await factors.isAsked(tx, row))
        ? { id, cookie: null, halfWay: await factors.startHalfWay(tx, id) }
        : { id, cookie: await sessions.start(tx, id, from), halfWay: null }
    })
  }

  return {
    /**
     * Refuses `sign_in_failed`, `too_many_sign_ins` and `too_busy`. Every attempt is counted before its password is
     * checked, so that concurrent ones cannot evade the limit; one that finds the queue full is not. A successful
     * sign-in returns the attempts of this network on this account, but not those of others on it, nor those on other
     * accounts. A browser known to the account (`known`) has its own attempts, which nobody else can use up.
     */
    async signIn({
      username: typed,
      password,
      clientAddress,
      device = null,
      known,
    }: {
      username: string
      password: string
      clientAddress: string
      device?: string | null
      known?: string | undefined
    }): Promise<Result<SignInStep>> {
      const username = moderatorName(typed)
      const moderator = await database.read((reader) => findModeratorByName(reader, username))
      const ownDevice = moderator === null ? null : knownDevices.read(known, moderator.id)
      const trying = { username, device: ownDevice, clientAddress }
      // Anyone without attempts left takes no place in the queue.
      const looked = await tries.look(trying)
      if (!looked.ok) return tooMany(looked.retryAfterMs)
      const checked = await hashing.inTurn(ownDevice !== null, async (): Promise<Result<boolean>> => {
        const taken = await tries.take(trying)
        if (!taken.ok) return tooMany(taken.retryAfterMs)
        return accept(await hashing.verify(moderator?.passwordHash ?? null, password))
      })
      if (!checked.ok) return checked
      if (!checked.value.ok) return checked.value
      if (!checked.value.value || moderator === null) return failed(moderator)
      const step = await begin(moderator, { device, network: deskNetwork(clientAddress) })
      if (step === null) return failed(moderator)
      await tries.giveBack(trying)
      if (step.cookie !== null) await note([{ kind: 'signed_in' }], byModerator(moderator.id))
      return accept(step)
    },
  }
}

const tooMany = (retryAfterMs: number): Refused =>
  refuse({ code: 'too_many_sign_ins', minutes: Math.max(1, Math.ceil(retryAfterMs / MINUTE)) })
