import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { emailSchema } from '$lib/registration/email'
import { matrixId, parseUsername, type Username } from '$lib/registration/username'
import { HomeserverError, lockOf, type Homeserver } from './homeserver'
import type { SynapseCall } from './synapse-call'
import { missing, refused } from './answer-errors'
import { createSynapseUses } from './synapse-uses'
import { createSynapseUsers, isSpecial, type SynapseUser } from './synapse-users'

type Accounts = Pick<
  Homeserver,
  'claim' | 'lock' | 'fill' | 'open' | 'remove' | 'revive' | 'account' | 'lockedAccounts'
>

/**
 * Users per page: more of them, with everything that a profile can contain, could exceed the maximum size of an
 * answer.
 */
const PAGE = 200

const pageSchema = v.object({
  users: v.array(v.object({ name: v.string(), locked: v.boolean(), deactivated: v.boolean() })),
  next_token: v.optional(v.string()),
})

/** Usernames and accounts through Synapse's admin API, in the order that is safe there. */
export function createSynapseAccounts(synapse: SynapseCall, domain: string): Accounts {
  const { call, grant, parse } = synapse
  const { id, find, findActive, make, change } = createSynapseUsers(synapse, domain)
  const usesOf = createSynapseUses(synapse)

  async function lock(username: Username): Promise<void> {
    const task = `lock ${id(username)}`
    const { locked } = await change(username, { locked: true }, task)
    if (!locked) throw refused(task, 'the homeserver reports success, but it is not locked')
  }

  /** To an administrator, 403 says that passwords are not stored; to others, that they are not administrators. */
  async function changePassword(username: Username, content: object, task: string): Promise<SynapseUser> {
    try {
      return await change(username, content, task)
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.kind !== 'token') throw error
      await find(username, task)
      const why =
        'the homeserver stores no passwords (enabled or localdb_enabled is false in its password_config)'
      throw new HomeserverError('password_disabled', `Could not ${task}: ${why}.`, { permanent: true, why })
    }
  }

  return {
    async claim(username, firstTried) {
      const made = await make(username, `create the account ${id(username)}`)
      return made === 'existed' && firstTried !== undefined ? 'unclear' : made
    },

    lock,

    async fill(username, password) {
      const task = `set the password of ${id(username)}`
      const user = await changePassword(username, { password }, task)
      if (user.deactivated) throw missing(task, 'the account was deactivated on the homeserver')
      return lockOf(user)
    },

    async open(username) {
      const task = `unlock ${id(username)}`
      const before = await findActive(username, task)
      if (!before.locked) return
      const after = await change(username, { locked: false }, task)
      if (after.locked || after.deactivated)
        throw refused(task, 'the homeserver reports success, but it is still locked')
    },

    async remove(username) {
      const task = `remove ${id(username)}`
      const user = await find(username, task)
      if (user === null || user.deactivated) return
      const path = `/_synapse/admin/v1/deactivate/${encodeURIComponent(id(username))}`
      const reply = await call('POST', path, task, { erase: true })
      if (reply.granted) parse(v.object({ id_server_unbind_result: v.string() }), reply.body, task)
      else if (reply.errcode !== 'M_NOT_FOUND') throw reply.error
    },

    async revive(username) {
      const task = `reactivate ${id(username)}`
      const before = await find(username, task)
      if (before === null) throw missing(task, 'there is no such account on the homeserver')
      if (before.deactivated) {
        // The lock outlives that: nobody gets in between the two calls.
        if (!before.locked) await lock(username)
        const password = randomBytes(32).toString('base64url')
        // Never with `locked` in the same call: Synapse may do one and fail on the other.
        await changePassword(username, { deactivated: false, password }, task)
      } else if (!before.locked) {
        throw refused(task, 'it exists and is active, so somebody may be using it')
      }
      const after = await findActive(username, task)
      // Erasing removed the display name, which Synapse gives only to new accounts.
      if (!after.displayname) await change(username, { displayname: username }, task)
      return lockOf(after)
    },

    async account(username) {
      const task = `look at ${id(username)}`
      const user = await find(username, task)
      if (user === null) return null
      const { devices, seenAt } = await usesOf(id(username), task)
      const lastSeenAt = Math.max(user.last_seen_ts ?? 0, seenAt)
      return {
        createdAt: user.creation_ts * 1000,
        locked: user.locked,
        suspended: user.suspended,
        deactivated: user.deactivated,
        displayName: user.displayname ?? null,
        avatar: (user.avatar_url ?? '') !== '',
        contacts: user.threepids.length,
        externalIds: user.external_ids.length,
        devices,
        lastSeenAt: lastSeenAt === 0 ? null : lastSeenAt,
        administrator: user.admin,
        special: isSpecial(user),
        addresses: user.threepids.flatMap(({ medium, address }) => {
          const parsed = v.safeParse(emailSchema, address.toLowerCase())
          return medium === 'email' && parsed.success ? [parsed.output] : []
        }),
        consentVersion: user.consent_version ?? null,
      }
    },

    async lockedAccounts(from) {
      // `locked=true` adds the locked ones to all others; Synapse cannot list them alone.
      const asked = {
        locked: 'true',
        deactivated: 'false',
        guests: 'false',
        from: from ?? '0',
        limit: `${PAGE}`,
      }
      const path = `/_synapse/admin/v2/users?${new URLSearchParams(asked).toString()}`
      const page = await grant(pageSchema, 'GET', path, 'list the locked accounts')
      const names = page.users
        .filter(({ locked, deactivated }) => locked && !deactivated)
        .flatMap(({ name }) => {
          const parsed = parseUsername(name, domain)
          return parsed.ok && matrixId(parsed.value, domain) === name ? [parsed.value] : []
        })
      return { names, next: page.next_token ?? null }
    },
  }
}
