import * as v from 'valibot'
import { matrixId, type Username } from '$lib/registration/username'
import { missing, refused } from './answer-errors'
import type { MasCall } from './mas-call'

/** RFC 3339, as milliseconds since 1970. */
export const timeSchema = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.number(),
)

const attributesSchema = v.object({
  username: v.string(),
  created_at: timeSchema,
  locked_at: v.nullish(timeSchema, null),
  deactivated_at: v.nullish(timeSchema, null),
  admin: v.boolean(),
  legacy_guest: v.optional(v.boolean(), false),
})
export const userSchema = v.pipe(
  v.object({ id: v.string(), attributes: attributesSchema }),
  v.transform(({ id, attributes }) => ({
    id,
    username: attributes.username,
    createdAt: attributes.created_at,
    locked: attributes.locked_at !== null,
    deactivated: attributes.deactivated_at !== null,
    deactivatedAt: attributes.deactivated_at,
    admin: attributes.admin,
    guest: attributes.legacy_guest,
  })),
)
export const oneUserSchema = v.object({ data: userSchema })

/** A user as MAS has it. `id`: a ULID, which stays for good. */
export type MasUser = v.InferOutput<typeof userSchema>

/** Reads and changes one user through MAS's admin API. `task` completes "Could not …". */
export function createMasUsers({ call, parse, grant }: MasCall, domain: string) {
  const matrixIdOf = (username: Username) => matrixId(username, domain)

  /** The user whose name is this one, in whatever capitals: MAS does not distinguish them. */
  async function findAlike(username: string, task: string): Promise<MasUser | null> {
    const reply = await call('GET', `/users/by-username/${encodeURIComponent(username)}`, task)
    if (reply.granted) return parse(oneUserSchema, reply.body, task).data
    if (reply.status === 404) return null
    throw reply.error
  }

  async function find(username: Username, task: string): Promise<MasUser | null> {
    const user = await findAlike(username, task)
    return user?.username === username ? user : null
  }

  return {
    matrixIdOf,
    findAlike,
    find,

    async findActive(username: Username, task: string): Promise<MasUser> {
      const user = await find(username, task)
      if (user === null) throw missing(task, 'there is no such account in MAS')
      if (user.deactivated) throw missing(task, 'the account was deactivated in MAS')
      return user
    },

    /** Does one of the things that MAS does to a user; answers the user afterwards. */
    async change(
      { id }: MasUser,
      what: 'lock' | 'unlock' | 'deactivate' | 'reactivate',
      task: string,
    ): Promise<MasUser> {
      const content = what === 'deactivate' ? {} : undefined
      const { data } = await grant(oneUserSchema, 'POST', `/users/${id}/${what}`, task, content)
      if (data.id !== id) throw refused(task, 'MAS answered about another account')
      return data
    },
  }
}
