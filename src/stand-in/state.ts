import { randomBytes } from 'node:crypto'
import { createRoomStream } from './room-stream'

/** How the stand-in should behave: like a Synapse with these settings. */
export interface StandInOptions {
  domain: string
  /** The access token of `@admin:domain`, a server administrator. */
  token: string
  /** 0, the default, picks a free one. */
  port?: number
  /** With `consentVersion`: Synapse's `user_consent`. Without either, `/_matrix/consent` does not exist. */
  formSecret?: string
  consentVersion?: string
  /** Other versions of the policy that can be viewed. */
  otherVersions?: string[]
  /** The issuer that it delegates its accounts to (MAS). */
  delegatesTo?: string
  /** With `delegatesTo`: whose an access token is (RFC 7662), or null; MAS is asked for each. */
  introspect?: (token: string) => Introspected | null
  /** Synapse's `require_at_registration`: nobody joins `autoJoinRooms` before consenting. */
  requireConsent?: boolean
  /** Synapse's `auto_join_rooms`, as aliases; the rooms are created. */
  autoJoinRooms?: string[]
  passwordPolicy?: Record<string, number | boolean>
  /** False: `password_config.localdb_enabled` is. */
  passwords?: boolean
  /** Names of single sign-on providers. */
  providers?: string[]
  /** Who can register at the homeserver itself: nobody, everybody, or with a registration token. */
  registration?: 'closed' | 'open' | 'token'
  /** Synapse's `user_types.default_user_type`: the type of every account that is made. */
  defaultUserType?: string
  /** Localparts reserved by an application service. */
  exclusive?: RegExp
  /** True: rooms may be in its directory (`room_list_publication_rules`); by default Synapse lists none. */
  listsRooms?: boolean
  /** True: ten messages pass, then one every five seconds, as in Synapse's defaults. */
  rateLimits?: boolean
  clock?: () => number
}

/** What MAS says of an active access token. */
export interface Introspected {
  localpart: string
  /** Whether its scopes make it an administrator's. */
  admin: boolean
  device: string | null
}

export interface StandInUser {
  id: string
  localpart: string
  /** Milliseconds since 1970. */
  createdAt: number
  admin: boolean
  password: string | null
  displayName: string | null
  avatarUrl: string | null
  /** For example `bot`. */
  userType: string | null
  externalIds: { auth_provider: string; external_id: string }[]
  /** When one of its tokens was last used, in milliseconds since 1970. */
  lastSeenAt: number | null
  locked: boolean
  suspended: boolean
  deactivated: boolean
  erased: boolean
  consentVersion: string | null
  threepids: { medium: string; address: string; validated_at: number; added_at: number }[]
}

export interface StandInRoom {
  id: string
  name: string | null
  aliases: string[]
  /** Whether anybody may join; otherwise by invitation. */
  public: boolean
  members: Set<string>
  invited: Set<string>
  /** What `m.room.power_levels` says. */
  power: Record<string, unknown>
  encrypted: boolean
  /** What else the room says of itself: event type to content. */
  state: Map<string, Record<string, unknown>>
  /** Whether the homeserver's directory lists it. */
  listed: boolean
  version: string
  creator: string
  messages: { sender: string; transactionId: string; eventId: string; content: unknown }[]
  /** Also those that were taken back; these are in `redacted`. */
  reactions: {
    sender: string
    transactionId: string
    eventId: string
    content: unknown
    target: string
    key: string
  }[]
  /** What was taken out of the room: `target`, by an event of its own. */
  redacted: { sender: string; transactionId: string; eventId: string; target: string }[]
}

export type StandInState = ReturnType<typeof createState>

/** The stand-in's whole state, with `@admin`, `#lobby` (public) and `#moderators` (by invitation) in it. */
export function createState(options: StandInOptions) {
  const { domain } = options
  const clock = options.clock ?? Date.now
  const users = new Map<string, StandInUser>()
  const rooms = new Map<string, StandInRoom>()
  /** Access token to Matrix ID. */
  const tokens = new Map<string, string>()
  /** Access tokens of administrators who signed in as somebody else. */
  const withoutDevice = new Set<string>()
  /** Matrix IDs of whom `override_ratelimit` lets write without a limit. */
  const unlimited = new Set<string>()
  const unique = (length = 18) => randomBytes(24).toString('hex').slice(0, length)
  const stream = createRoomStream({ clock, unique })

  function addUser(localpart: string, more: Partial<StandInUser> = {}): StandInUser {
    const user: StandInUser = {
      id: `@${localpart}:${domain}`,
      localpart,
      createdAt: clock(),
      admin: false,
      password: null,
      displayName: localpart,
      avatarUrl: null,
      userType: options.defaultUserType ?? null,
      externalIds: [],
      lastSeenAt: null,
      locked: false,
      suspended: false,
      deactivated: false,
      erased: false,
      consentVersion: null,
      threepids: [],
      ...more,
    }
    users.set(user.id, user)
    return user
  }

  function addRoom(creator: string, more: Partial<StandInRoom> = {}): StandInRoom {
    const room: StandInRoom = {
      id: `!${unique()}:${domain}`,
      name: null,
      aliases: [],
      public: false,
      members: new Set([creator]),
      invited: new Set(),
      power: { users: { [creator]: 100 } },
      encrypted: false,
      state: new Map(),
      listed: false,
      version: '11',
      creator,
      messages: [],
      reactions: [],
      redacted: [],
      ...more,
    }
    rooms.set(room.id, room)
    return room
  }

  /** The room with this ID or alias. */
  function room(idOrAlias: string): StandInRoom | undefined {
    return rooms.get(idOrAlias) ?? [...rooms.values()].find(({ aliases }) => aliases.includes(idOrAlias))
  }

  function autoJoin(user: StandInUser): void {
    for (const alias of options.autoJoinRooms ?? []) room(alias)?.members.add(user.id)
  }

  const admin = addUser('admin', { admin: options.introspect === undefined })
  tokens.set(options.token, admin.id)
  addRoom(admin.id, { name: 'Lobby', aliases: [`#lobby:${domain}`], public: true })
  addRoom(admin.id, { name: 'Moderators', aliases: [`#moderators:${domain}`] })
  for (const alias of options.autoJoinRooms ?? [])
    if (room(alias) === undefined) addRoom(admin.id, { aliases: [alias], public: true })

  return {
    options,
    clock,
    unique,
    users,
    rooms,
    tokens,
    stream,
    withoutDevice,
    unlimited,
    addUser,
    addRoom,
    room,
    autoJoin,
  }
}
