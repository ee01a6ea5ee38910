import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent } from '$lib/registration/registration'
import { deskNetwork } from '../database/found-by'
import { findModeratorByName } from '../database/moderators'
import type { Database } from '../database/open'
import type { Factors } from './factors'
import type { KnownDevices } from './known-device'
import type { Limits } from './limits'
import { networkOf } from './network'
import { moderatorName } from './moderators'
import { verifyPassword } from './password-hash'
import type { SessionCookie, Sessions } from './sessions'
import type { Token } from './tokens'

const MINUTE_MS = 60_000
const WINDOW_MS = 15 * MINUTE_MS
const PER_ACCOUNT = { count: 10, windowMs: WINDOW_MS }
const PER_NETWORK = { count: 20, windowMs: WINDOW_MS }

/** Either a session, or what a browser holds until the second factor is given. */
export type SignInStep = { id: string } & (
  { cookie: SessionCookie; halfWay: null } | { cookie: null; halfWay: Token }
)

export type SignIn = ReturnType<typeof createSignIn>

/**
 * Signs moderators in. An unknown name, a wrong password and a disabled account get the same answer, for the same
 * work. `verify` has `verifyPassword`'s promise; it is here for tests.
 */
export function createSignIn({
  database,
  limits,
  sessions,
  note,
  factors,
  knownDevices,
  verify = verifyPassword,
}: {
  database: Database
  limits: Pick<Limits, 'takeAll' | 'forget' | 'forgetWith'>
  sessions: Pick<Sessions, 'signIn'>
  factors: Pick<Factors, 'startHalfWay' | 'isAsked'>
  knownDevices: Pick<KnownDevices, 'read'>
  /** Writes into the audit trail. */
  note: (events: AuditEvent[], actor: Actor) => Promise<void>
  verify?: typeof verifyPassword
}) {
  return {
    /**
     * Refuses `sign_in_failed` and `too_many_sign_ins`. Every try is counted before its password is looked at, so that
     * many at once are no way around the limit; who signs in gets the tries back that this network had on this account,
     * but not those that others had on it, nor those on other accounts. A browser that the account is known to have
     * (`known`) has tries of its own, which nobody else can use up.
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
      const own = ownDevice === null ? null : { kind: 'sign-in-device', subject: ownDevice }
      const account = { kind: 'sign-in-account', subject: username }
      const network = { kind: 'sign-in-network', subject: clientAddress }
      // Never the first to refuse: it remembers which tries on the account came from this network.
      const both = { kind: 'sign-in-account-network', subject: `${networkOf(clientAddress)} ${username}` }
      const taken = await limits.takeAll(
        own === null
          ? [
              { ...account, limit: PER_ACCOUNT },
              { ...network, limit: PER_NETWORK },
              { ...both, limit: PER_ACCOUNT },
            ]
          : [{ ...own, limit: PER_ACCOUNT }],
      )
      if (!taken.ok)
        return refuse({
          code: 'too_many_sign_ins',
          minutes: Math.max(1, Math.ceil(taken.retryAfterMs / MINUTE_MS)),
        })
      const matches = await verify(moderator?.passwordHash ?? null, password)
      const actor: Actor = moderator === null ? { kind: 'system' } : { kind: 'moderator', id: moderator.id }
      if (!matches || moderator === null || moderator.disabledAt !== null) {
        await note([{ kind: 'sign_in_failed' }], actor)
        return refuse({ code: 'sign_in_failed' })
      }
      await (own === null
        ? limits.forgetWith(both, [account, network])
        : limits.forget(own.kind, own.subject))
      if (await factors.isAsked(moderator))
        return accept({ id: moderator.id, cookie: null, halfWay: await factors.startHalfWay(moderator.id) })
      const cookie = await sessions.signIn(moderator.id, { device, network: deskNetwork(clientAddress) })
      await note([{ kind: 'signed_in' }], actor)
      return accept({ id: moderator.id, cookie, halfWay: null })
    },
  }
}
