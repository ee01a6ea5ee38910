import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent } from '$lib/registration/registration'
import { deskNetwork } from '../database/found-by'
import { findModeratorByName } from '../database/moderators'
import type { Database } from '../database/open'
import type { Factors } from './factors'
import type { Limits } from './limits'
import { networkOf } from './network'
import { verifyPassword } from './password-hash'
import type { SessionCookie, Sessions } from './sessions'
import type { Token } from './tokens'

const MINUTE_MS = 60_000
const WINDOW_MS = 15 * MINUTE_MS
const PER_ACCOUNT = { count: 10, windowMs: WINDOW_MS }
const PER_NETWORK = { count: 20, windowMs: WINDOW_MS }

/** Either a session, or what a browser holds until the second factor is given. */
export type SignInStep = { cookie: SessionCookie; halfWay: null } | { cookie: null; halfWay: Token }

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
  verify = verifyPassword,
}: {
  database: Database
  limits: Pick<Limits, 'takeAll' | 'forgetWith'>
  sessions: Pick<Sessions, 'signIn'>
  factors: Pick<Factors, 'startHalfWay' | 'isAsked'>
  /** Writes into the audit trail. */
  note: (events: AuditEvent[], actor: Actor) => Promise<void>
  verify?: typeof verifyPassword
}) {
  return {
    /**
     * Refuses `sign_in_failed` and `too_many_sign_ins`. Every try is counted before its password is looked at, so that
     * many at once are no way around the limit; who signs in gets the tries back that this network had on this account,
     * but not those that others had on it, nor those on other accounts.
     */
    async signIn({
      username: typed,
      password,
      clientAddress,
      device = null,
    }: {
      username: string
      password: string
      clientAddress: string
      device?: string | null
    }): Promise<Result<SignInStep>> {
      const username = typed.trim().toLowerCase()
      const account = { kind: 'sign-in-account', subject: username }
      const network = { kind: 'sign-in-network', subject: clientAddress }
      // Never the first to refuse: it remembers which tries on the account came from this network.
      const both = { kind: 'sign-in-account-network', subject: `${networkOf(clientAddress)} ${username}` }
      const taken = await limits.takeAll([
        { ...account, limit: PER_ACCOUNT },
        { ...network, limit: PER_NETWORK },
        { ...both, limit: PER_ACCOUNT },
      ])
      if (!taken.ok)
        return refuse({
          code: 'too_many_sign_ins',
          minutes: Math.max(1, Math.ceil(taken.retryAfterMs / MINUTE_MS)),
        })
      const moderator = await database.read((reader) => findModeratorByName(reader, username))
      const matches = await verify(moderator?.passwordHash ?? null, password)
      const actor: Actor = moderator === null ? { kind: 'system' } : { kind: 'moderator', id: moderator.id }
      if (!matches || moderator === null || moderator.disabledAt !== null) {
        await note([{ kind: 'sign_in_failed' }], actor)
        return refuse({ code: 'sign_in_failed' })
      }
      await limits.forgetWith(both, [account, network])
      if (await factors.isAsked(moderator))
        return accept({ cookie: null, halfWay: await factors.startHalfWay(moderator.id) })
      const cookie = await sessions.signIn(moderator.id, { device, network: deskNetwork(clientAddress) })
      await note([{ kind: 'signed_in' }], actor)
      return accept({ cookie, halfWay: null })
    },
  }
}
