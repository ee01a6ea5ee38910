import { randomBytes, randomInt } from 'node:crypto'
import type { DelegatedSynapse } from './delegated'
import type { Introspected } from './state'

/** How the stand-in should behave: like a MAS with these settings. */
export interface MasOptions {
  domain: string
  clientId: string
  clientSecret: string
  /** 0, the default, picks a free one. */
  port?: number
  /** `experimental.access_token_ttl`; 300 by default. */
  tokenSeconds?: number
  /** How long a job waits before it runs, in milliseconds. */
  jobMs?: number
  /** `passwords.minimum_complexity`: a score of zxcvbn, 3 by default. */
  minimumScore?: number
  /** False: `passwords.enabled` is. */
  passwords?: boolean
  /** Who can register at MAS itself. */
  registration?: 'closed' | 'open' | 'token'
  /** Names of single sign-on providers. */
  providers?: string[]
  /** Whether the client is in `policy.data.admin_clients`. */
  isAdminClient?: boolean
  /** Resources that are not on this listener. */
  without?: ('discovery' | 'oauth' | 'adminapi')[]
  /** False: it is older than 1.5. */
  hasPersonalSessions?: boolean
  clock?: () => number
}

export interface MasStandInUser {
  /** A ULID. */
  id: string
  username: string
  createdAt: number
  lockedAt: number | null
  deactivatedAt: number | null
  admin: boolean
  password: string | null
}

export interface MasSession {
  id: string
  kind: 'user-session' | 'compat-session' | 'oauth2-session'
  userId: string
  createdAt: number
  finishedAt: number | null
}

interface Token {
  scopes: string[]
  userId: string | null
  device: string | null
  /** Milliseconds since 1970; null: it does not end. */
  endsAt: number | null
}

export type MasState = ReturnType<typeof createMasState>

const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const DEVICE = /^urn:matrix:(?:org\.matrix\.msc2967\.)?client:device:(.+)$/

/** The stand-in's whole state. `synapse` is set once the homeserver has started. */
export function createMasState(options: MasOptions) {
  const { clock = Date.now, jobMs = 20 } = options
  const users = new Map<string, MasStandInUser>()
  const emails = new Map<string, { userId: string; email: string; createdAt: number }>()
  const sessions = new Map<string, MasSession>()
  const links = new Map<string, { userId: string; provider: string; createdAt: number }>()
  const tokens = new Map<string, Token>()
  const timers = new Set<NodeJS.Timeout>()
  let count = 0

  /** By time of making, like MAS's: pages are in the order of their IDs. */
  function ulid(): string {
    const random = Array.from({ length: 10 }, () => BASE32[randomInt(32)]).join('')
    return `01${String(count++).padStart(14, '0')}${random}`
  }

  const state = {
    options,
    clock,
    users,
    emails,
    sessions,
    links,
    tokens,
    ulid,
    /** Where accounts are provisioned. */
    synapse: null as DelegatedSynapse | null,
    /** Holds jobs back until it is false again. */
    holdsJobs: false,

    /** MAS does not distinguish capitals. */
    find: (username: string) =>
      [...users.values()].find((user) => user.username.toLowerCase() === username.toLowerCase()),

    emailsOf: (userId: string) => [...emails.values()].filter((one) => one.userId === userId),

    addUser(username: string, more: Partial<MasStandInUser> = {}): MasStandInUser {
      const user: MasStandInUser = {
        id: ulid(),
        username,
        createdAt: clock(),
        lockedAt: null,
        deactivatedAt: null,
        admin: false,
        password: null,
        ...more,
      }
      users.set(user.id, user)
      return user
    },

    addSession(kind: MasSession['kind'], userId: string): MasSession {
      const session = { id: ulid(), kind, userId, createdAt: clock(), finishedAt: null }
      sessions.set(session.id, session)
      return session
    },

    addToken(prefix: string, scope: string, userId: string | null, endsAt: number | null): string {
      const token = `${prefix}_${randomBytes(24).toString('base64url')}`
      const scopes = scope.split(' ').filter((part) => part !== '')
      const [device = null] = scopes.flatMap((part) => DEVICE.exec(part)?.[1] ?? [])
      tokens.set(token, { scopes, userId, device, endsAt })
      return token
    },

    /** Null: unknown, ended, or of an account that may not sign in. */
    tokenOf(text: string): Token | null {
      const token = tokens.get(text)
      if (token === undefined || (token.endsAt !== null && token.endsAt <= clock())) return null
      const user = token.userId === null ? null : users.get(token.userId)
      const isOut = user === undefined || (user !== null && (user.lockedAt ?? user.deactivatedAt) !== null)
      return isOut ? null : token
    },

    /** For Synapse (RFC 7662). */
    introspect(text: string): Introspected | null {
      const token = state.tokenOf(text)
      const user = token?.userId == null ? undefined : users.get(token.userId)
      if (token === null || user === undefined || !token.scopes.includes('urn:matrix:client:api:*'))
        return null
      const admin = token.scopes.includes('urn:synapse:admin:*')
      return { localpart: user.username, admin, device: token.device }
    },

    /** Runs later, and again a little later as long as it fails, like MAS's queue. */
    job(run: () => Promise<void>): void {
      const timer = setTimeout(() => {
        timers.delete(timer)
        if (state.holdsJobs) state.job(run)
        else run().catch(() => state.job(run))
      }, jobMs)
      timers.add(timer)
    },

    /** Reads the user when it runs, so that a late one does no harm. */
    provisionLater(user: MasStandInUser): void {
      state.job(async () => {
        if (user.deactivatedAt !== null) return
        const own = state.emailsOf(user.id).map(({ email }) => email)
        const { username: localpart, lockedAt } = user
        await state.synapse?.provision({ localpart, locked: lockedAt !== null, emails: own })
      })
    },

    /** Deactivates again whenever it runs, also if the user was reactivated meanwhile. */
    deactivateLater(user: MasStandInUser, erase: boolean): void {
      state.job(async () => {
        user.deactivatedAt ??= clock()
        for (const [id, { userId }] of emails) if (userId === user.id) emails.delete(id)
        for (const session of sessions.values())
          if (session.userId === user.id) session.finishedAt ??= clock()
        await state.synapse?.delete(user.username, erase)
      })
    },

    stop(): void {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
  return state
}
