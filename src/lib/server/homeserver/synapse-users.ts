import * as v from 'valibot'
import { matrixId, type Username } from '$lib/registration/username'
import type { Claimed } from './homeserver'
import type { SynapseCall } from './synapse-call'
import { missing } from './answer-errors'

const userSchema = v.object({
  name: v.string(),
  /** Seconds here, milliseconds in Synapse's list of users. */
  creation_ts: v.number(),
  locked: v.boolean(),
  suspended: v.optional(v.boolean(), false),
  deactivated: v.boolean(),
  displayname: v.nullish(v.string()),
  avatar_url: v.nullish(v.string()),
  admin: v.optional(v.boolean(), false),
  user_type: v.nullish(v.string()),
  last_seen_ts: v.nullish(v.number()),
  external_ids: v.optional(v.array(v.object({ auth_provider: v.string() })), []),
  threepids: v.optional(v.array(v.object({ medium: v.string(), address: v.string() })), []),
  consent_version: v.nullish(v.string()),
  appservice_id: v.nullish(v.string()),
})
/** Why Synapse gives a username to nobody. */
const NOT_GIVEN = ['M_USER_IN_USE', 'M_EXCLUSIVE', 'M_INVALID_USERNAME']
/** Synapse's types for accounts that are not people. Operators may define their own types for people. */
const SPECIAL = ['bot', 'support']

export type SynapseUser = v.InferOutput<typeof userSchema>

/** Whether Synapse has it as an account that is no person's. */
export const isSpecial = ({ user_type: type }: SynapseUser): boolean => SPECIAL.includes(type ?? '')

/** Reads and changes one user through Synapse's admin API. `task` completes "Could not …". */
export function createSynapseUsers({ call, parse }: SynapseCall, domain: string) {
  const id = (username: Username) => matrixId(username, domain)
  const path = (username: Username) => `/_synapse/admin/v2/users/${encodeURIComponent(id(username))}`

  function parseUser(username: Username, body: unknown, task: string): SynapseUser {
    const user = parse(userSchema, body, task)
    parse(v.literal(id(username)), user.name, task)
    return user
  }

  async function find(username: Username, task: string): Promise<SynapseUser | null> {
    const reply = await call('GET', path(username), task)
    if (reply.granted) return parseUser(username, reply.body, task)
    if (reply.errcode === 'M_NOT_FOUND') return null
    throw reply.error
  }

  return {
    id,
    find,

    async findActive(username: Username, task: string): Promise<SynapseUser> {
      const user = await find(username, task)
      if (user === null) throw missing(task, 'there is no such account on the homeserver')
      if (user.deactivated) throw missing(task, 'the account was deactivated on the homeserver')
      return user
    },

    /**
     * Creates an account (201) or leaves an existing one unchanged (200). Synapse checks the username as for a
     * registration, ignoring case, only if there is no account with exactly this name.
     */
    async make(username: Username, task: string): Promise<Claimed> {
      const reply = await call('PUT', path(username), task, {})
      if (!reply.granted) {
        if (NOT_GIVEN.includes(reply.errcode)) return 'refused'
        throw reply.error
      }
      parseUser(username, reply.body, task)
      return reply.status === 201 ? 'made' : 'existed'
    },

    /**
     * Changes an existing account. If it is missing, Synapse creates it by the same call, unlocked: it is then locked
     * at once, so that nobody gets in unapproved, and reported as an error.
     */
    async change(username: Username, content: object, task: string): Promise<SynapseUser> {
      const reply = await call('PUT', path(username), task, content)
      if (!reply.granted) throw reply.error
      if (reply.status !== 201) return parseUser(username, reply.body, task)
      const locked = await call('PUT', path(username), `lock ${id(username)} again`, { locked: true })
      if (!locked.granted) throw locked.error
      throw missing(task, 'the account was missing, so the homeserver created a new one, which is now locked')
    },
  }
}
