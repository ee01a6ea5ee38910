import { accept, refuse, type Refused, type Result } from '$lib/registration/refusal'
import { byModerator, type Actor, type AuditEvent } from '$lib/registration/registration'
import { deskNetwork } from '$lib/network/client-networks'
import { findModeratorByName, type ModeratorRow } from '../database/moderators'
import type { Database } from '../database/open'
import type { Factors } from './factors'
import type { GuessWatch } from './guess-watch'
import type { Hashing } from '../crypto/hash-queue'
import type { KnownDevices } from './known-device'
import { moderatorName } from './moderator-name'
import type { SessionCookie, Sessions } from './sessions'
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
  sessions: Pick<Sessions, 'signIn'>
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
      if (!checked.value.value || moderator === null || moderator.disabledAt !== null)
        return failed(moderator)
      await tries.giveBack(trying)
      if (await factors.isAsked(moderator))
        return accept({ id: moderator.id, cookie: null, halfWay: await factors.startHalfWay(moderator.id) })
      const cookie = await sessions.signIn(moderator.id, { device, network: deskNetwork(clientAddress) })
      await note([{ kind: 'signed_in' }], byModerator(moderator.id))
      return accept({ id: moderator.id, cookie, halfWay: null })
    },
  }
}

const tooMany = (retryAfterMs: number): Refused =>
  refuse({ code: 'too_many_sign_ins', minutes: Math.max(1, Math.ceil(retryAfterMs / MINUTE)) })
