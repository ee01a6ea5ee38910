import * as v from 'valibot'
import type { Account } from './homeserver'
import type { MasCall } from './mas-call'
import { timeSchema, type MasUser } from './mas-users'

/** More would not change what they say. */
const MOST = 100
/** Signed in with a browser, with an app of before OpenID Connect, and with one of today. */
const SESSIONS = ['user-sessions', 'compat-sessions', 'oauth2-sessions']

const addressesSchema = v.object({
  data: v.array(v.object({ attributes: v.object({ email: v.string() }) })),
})
const sessionsSchema = v.object({
  data: v.array(
    v.object({
      attributes: v.object({
        created_at: timeSchema,
        finished_at: v.nullish(timeSchema, null),
        last_active_at: v.nullish(timeSchema, null),
      }),
    }),
  ),
})
const countedSchema = v.object({ data: v.array(v.object({ id: v.string() })) })

type Uses = Pick<Account, 'devices' | 'lastSeenAt' | 'externalIds'> & { addresses: string[] }

/**
 * Who uses an account, as MAS knows it: its email addresses, its sessions and its identities at other services. MAS
 * keeps sessions that ended for 30 days, so that they tell here, too.
 */
export function createMasUses({ grant }: MasCall) {
  return async ({ id }: MasUser, task: string): Promise<Uses> => {
    const path = (kind: string) =>
      `/${kind}?${new URLSearchParams({ 'filter[user]': id, 'page[first]': String(MOST), count: 'false' }).toString()}`
    const [emails, links, ...lists] = await Promise.all([
      grant(addressesSchema, 'GET', path('user-emails'), task),
      grant(countedSchema, 'GET', path('upstream-oauth-links'), task),
      ...SESSIONS.map((kind) => grant(sessionsSchema, 'GET', path(kind), task)),
    ])
    const sessions = lists.flatMap(({ data }) => data.map(({ attributes }) => attributes))
    const times = sessions.map((session) => session.last_active_at ?? session.created_at)
    return {
      addresses: emails.data.map(({ attributes: { email } }) => email),
      externalIds: links.data.length,
      devices: sessions.filter((session) => session.finished_at === null).length,
      lastSeenAt: times.length === 0 ? null : Math.max(...times),
    }
  }
}
