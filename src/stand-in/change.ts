import * as v from 'valibot'
import { problem, type StandInAnswer } from './route'
import type { StandInState, StandInUser } from './state'

const changeSchema = v.object({
  displayname: v.optional(v.string('Invalid displayname')),
  avatar_url: v.optional(v.string('Invalid avatar_url')),
  admin: v.optional(v.boolean("'admin' parameter is not of type boolean")),
  user_type: v.optional(v.nullable(v.picklist(['bot', 'support'], 'Invalid user type'))),
  external_ids: v.optional(v.array(v.object({ auth_provider: v.string(), external_id: v.string() }))),
  password: v.optional(v.pipe(v.string('Invalid password'), v.maxLength(512, 'Invalid password'))),
  deactivated: v.optional(v.boolean("'deactivated' parameter is not of type boolean")),
  locked: v.optional(v.boolean("'locked' parameter is not of type boolean")),
  threepids: v.optional(v.array(v.object({ medium: v.string(), address: v.string() }))),
})

type Change = v.InferOutput<typeof changeSchema>

/**
 * The change requested by the admin API's PUT on an account, or the failure that Synapse answers before doing
 * anything.
 */
export function readChange(body: Record<string, unknown>): { change: Change } | { failure: StandInAnswer } {
  const fail = (text: string) => ({ failure: problem(400, 'M_UNKNOWN', text) })
  const parsed = v.safeParse(changeSchema, body)
  if (!parsed.success) return fail(parsed.issues[0].message)
  const { deactivated, locked, password = '', threepids = [] } = parsed.output
  // Synapse tries to encode a lone surrogate, and fails.
  if (/\p{Cs}/u.test(password)) return { failure: problem(500, 'M_UNKNOWN', 'Internal server error') }
  if (deactivated && locked) return fail("An user can't be deactivated and locked")
  if (threepids.some(({ medium, address }) => medium === 'email' && !/^[^@\s]+@[^@\s]+$/.test(address)))
    return fail('Unable to parse email address')
  return { change: parsed.output }
}

/** For a new account: Synapse then silently ignores `locked` and `deactivated`. */
export function fillUser(
  state: StandInState,
  user: StandInUser,
  { displayname, password, threepids, ...others }: Change,
): void {
  if (displayname !== undefined) user.displayName = displayname
  describeUser(user, others)
  if (password !== undefined && state.options.introspect === undefined) user.password = password
  if (threepids !== undefined) bind(state, user, threepids)
}

/**
 * For an existing account, in Synapse's order: everything before the failure has happened. Returns the failure, or
 * null.
 */
export function changeUser(state: StandInState, user: StandInUser, change: Change): StandInAnswer | null {
  const { displayname, threepids, password, deactivated, locked } = change
  if (displayname !== undefined) {
    // Erasing deletes the row with the profile, which Synapse does not expect.
    if (user.erased) return problem(500, 'M_UNKNOWN', 'Internal server error')
    user.displayName = displayname
  }
  describeUser(user, change)
  if (threepids !== undefined) bind(state, user, threepids)
  if (password !== undefined) {
    if (state.options.passwords === false || state.options.introspect !== undefined)
      return problem(403, 'M_FORBIDDEN', 'Password change disabled')
    user.password = password
    for (const [token, id] of state.tokens) if (id === user.id) state.tokens.delete(token)
  }
  if (deactivated === true) deactivateUser(state, user, false)
  if (deactivated === false) Object.assign(user, { deactivated, erased: false })
  if (locked !== undefined) user.locked = locked
  return null
}

function describeUser(
  user: StandInUser,
  {
    avatar_url,
    admin,
    user_type,
    external_ids,
  }: Pick<Change, 'avatar_url' | 'admin' | 'user_type' | 'external_ids'>,
): void {
  if (avatar_url !== undefined) user.avatarUrl = avatar_url
  if (admin !== undefined) user.admin = admin
  if (user_type !== undefined) user.userType = user_type
  if (external_ids !== undefined) user.externalIds = external_ids
}

/** Nothing deletes an account for good: its username stays taken, and its lock stays as it was. */
export function deactivateUser(state: StandInState, user: StandInUser, erase: boolean): void {
  Object.assign(user, { deactivated: true, password: null, threepids: [], externalIds: [] })
  if (erase) Object.assign(user, { erased: true, displayName: null, avatarUrl: null })
  for (const [token, id] of state.tokens) if (id === user.id) state.tokens.delete(token)
  for (const room of state.rooms.values()) {
    room.members.delete(user.id)
    room.invited.delete(user.id)
  }
}

/** The list replaces the old one; an address of another account moves here, silently. */
function bind(
  state: StandInState,
  user: StandInUser,
  threepids: { medium: string; address: string }[],
): void {
  const now = state.clock()
  user.threepids = threepids.map(({ medium, address: given }) => {
    const address = medium === 'email' ? given.toLowerCase() : given
    const is = (one: { medium: string; address: string }) => one.medium === medium && one.address === address
    for (const other of state.users.values())
      if (other !== user) other.threepids = other.threepids.filter((one) => !is(one))
    return user.threepids.find(is) ?? { medium, address, validated_at: now, added_at: now }
  })
}
