import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { emailSchema } from '$lib/registration/email'
import { HOUR } from '$lib/registration/time'
import { parseUsername, type Username } from '$lib/registration/username'
import { missing, refused, unreachable } from './answer-errors'
import { HomeserverError, lockOf, type Claimed, type Homeserver } from './homeserver'
import type { MasCall } from './mas-call'
import { createMasUses } from './mas-uses'
import { createMasUsers, oneUserSchema, userSchema, type MasUser } from './mas-users'
import type { SynapseCall } from './synapse-call'
import { createSynapseNames } from './synapse-names'
import { createSynapseSuspension } from './synapse-suspension'
import { createSynapseUsers, isSpecial } from './synapse-users'

type Accounts = Pick<
  Homeserver,
  | 'nameAnswer'
  | 'claim'
  | 'lock'
  | 'fill'
  | 'open'
  | 'suspend'
  | 'remove'
  | 'revive'
  | 'account'
  | 'lockedAccounts'
>

const PAGE = 200
/** Clocks of MAS, Synapse and this program may differ by this much. */
const CLOCKS_DIFFER_MS = 5_000
/** MAS erases at Synapse by a job, which takes about a second, and is repeated if Synapse is away. */
const ERASED_AGAIN_MS = 30_000
/** MAS gives that job up after ten attempts, in about 85 minutes. */
const LONGEST_JOB_MS = 2 * HOUR

const pageSchema = v.object({
  data: v.array(userSchema),
  links: v.object({ next: v.optional(v.string()) }),
})

/**
 * Usernames and accounts where MAS manages them (1.22): created or refused by its admin API, never overwritten.
 * Synapse (1.160) is asked for what only it knows, and changed only where MAS leaves that to it.
 */
export function createMasAccounts(
  mas: MasCall,
  synapse: SynapseCall,
  { domain, clock = Date.now }: { domain: string; clock?: (() => number) | undefined },
): Accounts {
  const { call, grant, parse } = mas
  const { matrixIdOf, findAlike, find, findActive, change } = createMasUsers(mas, domain)
  const atSynapse = createSynapseUsers(synapse, domain)
  const names = createSynapseNames(synapse)
  const usesOf = createMasUses(mas)
  const suspension = createSynapseSuspension(synapse, domain)

  /** Also one that is deactivated, as it may be reactivated. */
  async function lockAnyway(user: MasUser, task: string): Promise<MasUser> {
    const after = await change(user, 'lock', task)
    if (!after.locked) throw refused(task, 'MAS reports success, but it is not locked')
    return after
  }

  async function lockUser(user: MasUser, task: string): Promise<void> {
    const { deactivated } = await lockAnyway(user, task)
    if (deactivated) throw missing(task, 'the account was deactivated in MAS')
  }

  /** Answers MAS's no, or null: it may store no passwords at all, or refuse this one. */
  async function setPassword({ id }: MasUser, content: object, task: string) {
    const reply = await call('POST', `/users/${id}/set-password`, task, content)
    if (!reply.granted) return reply
    parse(v.null(), reply.body, task)
    return null
  }

  /** Nobody knows it: a password from before would work again once the account is active (MAS keeps it). */
  async function setRandomPassword(user: MasUser, task: string): Promise<void> {
    const password = randomBytes(32).toString('base64url')
    const refusal = await setPassword(user, { password, skip_password_check: true }, task)
    if (refusal !== null && refusal.status !== 403) throw refusal.error
  }

  /** MAS stopped between its two steps: Synapse has the account, MAS does not, and nobody can sign in to it. */
  async function isOrphan(username: Username, firstTriedAt: number, task: string): Promise<boolean> {
    const user = await atSynapse.find(username, task)
    if (user === null || user.deactivated || user.admin || user.appservice_id != null) return false
    return user.creation_ts * 1000 >= firstTriedAt - CLOCKS_DIFFER_MS
  }

  async function create(
    username: Username,
    task: string,
    { firstTried, adoptOrphan = false }: { firstTried: number | undefined; adoptOrphan?: boolean },
  ): Promise<Claimed> {
    const content = adoptOrphan ? { username, skip_homeserver_check: true } : { username }
    const reply = await call('POST', '/users', task, content)
    if (reply.granted) {
      const { username: made } = parse(oneUserSchema, reply.body, task).data
      if (made !== username) throw refused(task, 'MAS created an account with another name')
      return 'made'
    }
    // Not a valid username for MAS.
    if (reply.status === 400) return 'refused'
    if (reply.status !== 409) throw reply.error
    const firstTriedAt = firstTried === undefined || reply.date === null ? undefined : reply.date - firstTried
    const user = await findAlike(username, task)
    if (user !== null) {
      if (user.username !== username) return 'refused'
      if (firstTried === undefined) return 'existed'
      const isOlder = firstTriedAt !== undefined && user.createdAt < firstTriedAt - CLOCKS_DIFFER_MS
      return isOlder ? 'existed' : 'unclear'
    }
    if (adoptOrphan || firstTriedAt === undefined) return 'refused'
    if (!(await isOrphan(username, firstTriedAt, task))) return 'refused'
    return create(username, task, { firstTried, adoptOrphan: true })
  }

  return {
    async nameAnswer(username) {
      const task = `check whether the username ${username} is available`
      return (await findAlike(username, task)) === null ? names.nameAnswer(username) : 'taken'
    },

    claim: (username, firstTried) =>
      create(username, `create the account ${matrixIdOf(username)}`, { firstTried }),

    async lock(username) {
      const task = `lock ${matrixIdOf(username)}`
      const user = await find(username, task)
      if (user === null) throw missing(task, 'there is no such account in MAS')
      await lockAnyway(user, task)
    },

    async fill(username, password) {
      const task = `set the password of ${matrixIdOf(username)}`
      const user = await findActive(username, task)
      if (!user.locked) return 'unlocked'
      const refusal = await setPassword(user, { password }, task)
      if (refusal === null) return 'locked'
      if (refusal.status === 400) {
        const why = 'MAS finds this password too easy to guess'
        throw new HomeserverError('weak_password', `Could not ${task}: ${why}.`, { permanent: true, why })
      }
      if (refusal.status !== 403) throw refusal.error
      const why = "MAS stores no passwords (passwords.enabled is false in MAS's config.yaml)"
      throw new HomeserverError('password_disabled', `Could not ${task}: ${why}.`, { permanent: true, why })
    },

    async open(username) {
      const task = `unlock ${matrixIdOf(username)}`
      const before = await findActive(username, task)
      if (!before.locked) return
      const after = await change(before, 'unlock', task)
      if (after.locked || after.deactivated)
        throw refused(task, 'MAS reports success, but it is still locked')
    },

    // MAS knows no suspension: it is Synapse's, and works on the accounts of MAS, too (1.160).
    async suspend(username, suspended) {
      await findActive(username, `look at ${matrixIdOf(username)}`)
      await suspension.suspend(username, suspended)
    },

    async remove(username) {
      const task = `remove ${matrixIdOf(username)}`
      const user = await find(username, task)
      if (user === null || user.deactivated) return
      // Only then: the job of a lock, beside that of the deactivation, can put an address back at Synapse.
      if (!user.locked) await lockUser(user, task)
      await setRandomPassword(user, task)
      const { deactivated } = await change(user, 'deactivate', task)
      if (!deactivated) throw refused(task, 'MAS reports success, but it is still active')
    },

    async revive(username) {
      const task = `reactivate ${matrixIdOf(username)}`
      const before = await find(username, task)
      if (before === null) throw missing(task, 'there is no such account in MAS')
      if (before.deactivatedAt !== null) {
        const seen = await atSynapse.find(username, task)
        // MAS's job would deactivate the account again after it was reactivated. Whether it is erased says nothing: a
        // reactivation that failed in Synapse (500 in its first half minute) undoes that alone. Much later, there is no
        // job any more: it was given up, or a reactivation stopped when Synapse had done its part.
        const mayHaveJob = clock() - before.deactivatedAt < LONGEST_JOB_MS
        if (seen !== null && !seen.deactivated && mayHaveJob)
          throw unreachable(task, 'it is still being removed', {
            outage: false,
            retryAfter: ERASED_AGAIN_MS,
          })
        if (!before.locked) await change(before, 'lock', task)
        await setRandomPassword(before, task)
        await change(before, 'reactivate', task)
      } else if (!before.locked) {
        throw refused(task, 'it exists and is active, so somebody may be using it')
      }
      const after = await findActive(username, task)
      // Erasing removed the display name, which MAS gives only to new accounts.
      const seen = await atSynapse.find(username, task)
      if (!seen?.displayname) await atSynapse.change(username, { displayname: username }, task)
      return lockOf(after)
    },

    async account(username) {
      const task = `look at ${matrixIdOf(username)}`
      const user = await find(username, task)
      if (user === null) return null
      const [seen, { addresses, ...uses }] = await Promise.all([
        atSynapse.find(username, task),
        usesOf(user, task),
      ])
      return {
        createdAt: Math.floor(user.createdAt / 1000) * 1000,
        locked: user.locked,
        suspended: seen?.suspended ?? false,
        deactivated: user.deactivated,
        displayName: seen?.displayname ?? null,
        avatar: (seen?.avatar_url ?? '') !== '',
        contacts: addresses.length,
        ...uses,
        administrator: user.admin || (seen?.admin ?? false),
        special: user.guest || (seen !== null && isSpecial(seen)),
        addresses: addresses.flatMap((address) => {
          const parsed = v.safeParse(emailSchema, address.toLowerCase())
          return parsed.success ? [parsed.output] : []
        }),
        consentVersion: null,
      }
    },

    async lockedAccounts(from) {
      const asked = new URLSearchParams({
        'filter[status]': 'locked',
        'page[first]': String(PAGE),
        count: 'false',
        ...(from === null ? {} : { 'page[after]': from }),
      })
      const page = await grant(pageSchema, 'GET', `/users?${asked.toString()}`, 'list the locked accounts')
      const found = page.data
        .filter(({ locked, deactivated }) => locked && !deactivated)
        .flatMap(({ username }) => {
          const parsed = parseUsername(username, domain)
          return parsed.ok && parsed.value === username ? [parsed.value] : []
        })
      const last = page.data.at(-1)
      return { names: found, next: page.links.next === undefined || last === undefined ? null : last.id }
    },
  }
}
