import * as v from 'valibot'
import type { Username } from '$lib/registration/username'
import { keptToken, type AccessToken } from './access-token'
import { badToken, missing, wrongSetUp } from './answer-errors'
import type { HomeserverError } from './homeserver'
import type { MasCall } from './mas-call'
import { createMasUsers, oneUserSchema, type MasUser } from './mas-users'

/** Of every call that has to wait for its token. */
const TASK = 'get an access token for Synapse'
const KEY = 'mas.account'
/** The same for all processes: Synapse recognizes a repeated message by its device. At least ten characters (MSC2967). */
const DEVICE = 'REGISTRATION'
/** Without a device, Synapse 1.160 answers 500 to a message (element-hq/synapse#19606). */
const SCOPE = `urn:matrix:client:api:* urn:matrix:client:device:${DEVICE}`
const ADMIN_SCOPE = `${SCOPE} urn:synapse:admin:*`
const SECONDS = 3600
const BEFORE_END_MS = 60_000

const sessionSchema = v.object({ data: v.object({ attributes: v.object({ access_token: v.string() }) }) })

/** An account of this program's own in MAS, and how its token is spoken of. */
export interface MasSessionAccount {
  /** As a message names it. */
  owner: string
  /** Whether its token is an administrator's. */
  admin: boolean
  /** The account, which is there afterwards. `task` completes "Could not …". */
  user: (task: string) => Promise<MasUser>
  /** The error where it is locked or deactivated. */
  unusable: (task: string, why: string) => HomeserverError
  /** As in `AccessToken`. */
  error: AccessToken['error']
}

/** The account of `mas.account`. `mayCreate`: whether it is created if there is none; else `missing` is thrown. */
export function ownMasAccount(
  mas: MasCall,
  { domain, account, mayCreate }: { domain: string; account: Username; mayCreate: boolean },
): MasSessionAccount {
  const { call, parse } = mas
  const { find, matrixIdOf } = createMasUsers(mas, domain)
  const owner = `the account ${matrixIdOf(account)} (${KEY})`

  return {
    owner,
    admin: true,

    async user(task) {
      const found = await find(account, task)
      if (found !== null) return found
      if (!mayCreate) throw missing(task, `${owner} does not exist yet; it is created at the first start`)
      const reply = await call('POST', '/users', task, { username: account })
      if (reply.granted) return parse(oneUserSchema, reply.body, task).data
      if (reply.status !== 409 && reply.status !== 400) throw reply.error
      // Another process was faster.
      const now = await find(account, task)
      if (now !== null) return now
      throw wrongSetUp(
        'set_up',
        `Could not ${task}: ${owner} cannot be created, because its username is reserved or not valid. Set mas.account to another username.`,
        KEY,
      )
    },

    unusable: (task, why) =>
      wrongSetUp(
        'set_up',
        `Could not ${task}: ${owner} is ${why} in MAS. Make it active again, or set mas.account to another username.`,
        KEY,
      ),

    error: (task, said) =>
      badToken(
        task,
        said,
        `Check that Synapse and mas.server belong together, and that ${owner} is not locked.`,
      ),
  }
}

/**
 * Synapse's access token of an account of this program's own, made by a personal session in MAS (1.5 and later), which
 * is renewed before it ends; `renewEvery` as for `keptToken`.
 */
export function createMasSession(
  { grant }: MasCall,
  {
    owner,
    admin,
    user: userOf,
    unusable,
    error,
    clock = Date.now,
    renewEvery,
  }: MasSessionAccount & { clock?: (() => number) | undefined; renewEvery?: number },
): AccessToken {
  async function fetchToken(): Promise<{ token: string; until: number }> {
    const askedAt = clock()
    const user = await userOf(TASK)
    if (user.locked || user.deactivated) throw unusable(TASK, user.deactivated ? 'deactivated' : 'locked')
    const { data } = await grant(sessionSchema, 'POST', '/personal-sessions', TASK, {
      actor_user_id: user.id,
      human_name: 'synapse-registration',
      scope: admin ? ADMIN_SCOPE : SCOPE,
      expires_in: SECONDS,
    })
    return { token: data.attributes.access_token, until: askedAt + SECONDS * 1000 - BEFORE_END_MS }
  }

  return keptToken({ obtain: fetchToken, clock, renewEvery, isNeededByAll: admin, error, owner })
}
