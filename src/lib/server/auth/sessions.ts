import { Lucia, TimeSpan, type Cookie } from 'lucia'
import type { Role } from '$lib/moderation/moderator'
import type { Database, Transaction } from '../database/open'
import { findLivingSessions, markSeen } from '../database/sessions'
import { createKnownSessions } from './known-sessions'
import { createSessionAdapter } from './session-adapter'
import { hashToken, mintToken, parseToken } from '../crypto/tokens'

/** A session expires after this long without use; Lucia extends it once half of that has passed. */
const IDLE = new TimeSpan(7, 'd')
/** And this long after signing in, in any case. */
const ABSOLUTE = new TimeSpan(30, 'd')

/** How long after signing in the sign-in methods can be changed. */
export const LATELY_MS = 30 * 60_000

/** How often a moderator's activity is recorded. */
const SEEN_EVERY_MS = 5 * 60_000

declare module 'lucia' {
  interface Register {
    Lucia: ReturnType<typeof createLucia>
    DatabaseUserAttributes: Omit<SignedInModerator, 'id'>
    DatabaseSessionAttributes: SessionAttributes
  }
}

/** To be set on the response as it is. `maxAge` in seconds; 0 deletes the cookie. */
export interface SessionCookie {
  name: string
  value: string
  attributes: { httpOnly: true; secure: boolean; sameSite: 'lax'; path: '/'; maxAge: number }
}

interface SessionAttributes extends From {
  startedAt: number
  lastSeenAt: number | null
}

/** Who was let in, and by which session. */
export interface Entered {
  id: string
  cookie: SessionCookie
}

/** Where a sign-in comes from: browser and system, and the network; null if unknown. */
export interface From {
  device: string | null
  network: string | null
}

/** `shortcuts`: whether keyboard shortcuts are on. */
export interface SignedInModerator {
  id: string
  username: string
  role: Role
  shortcuts: boolean
  /** A second factor is required of everybody, and there is none yet: until then no other call is answered. */
  mustSetUp?: boolean
  /** Signed in recently, so hardly somebody else at a browser left open (`LATELY_MS`). */
  lately?: boolean
}

/** Who is signed in, and since when in milliseconds since 1970. */
export interface SignedIn {
  moderator: SignedInModerator
  session: { startedAt: number }
  /** The session was extended: the browser must be told. */
  freshCookie?: SessionCookie
}

export type Sessions = ReturnType<typeof createSessions>

/**
 * Moderators' sessions. `secure`: the site has https, so the cookie is bound to this host by its name (`__Host-`, RFC
 * 6265bis 4.1.3.2) and never sent without TLS.
 */
export function createSessions({
  database,
  secure,
  clock,
  random,
}: {
  database: Database
  secure: boolean
  clock: () => number
  random?: (bytes: number) => Uint8Array
}) {
  const cookieName = secure ? '__Host-session' : 'session'
  const adapterOn = (store: Pick<Database, 'read' | 'write'>) =>
    createSessionAdapter({
      database: store,
      clock,
      idleMs: IDLE.milliseconds(),
      absoluteMs: ABSOLUTE.milliseconds(),
    })
  const luciaOn = (store: Pick<Database, 'read' | 'write'>) => createLucia(adapterOn(store), cookieName)
  const lucia = luciaOn(database)
  const looking = createLucia(
    { ...adapterOn(database), updateSessionExpiration: () => Promise.resolve() },
    cookieName,
  )
  const known = createKnownSessions({ clock, lifeMs: IDLE.milliseconds() })
  const cookie = ({ name, value, attributes }: Cookie): SessionCookie => ({
    name,
    value,
    attributes: { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge: attributes.maxAge ?? 0 },
  })

  async function start(
    tx: Transaction,
    moderatorId: string,
    from: From = { device: null, network: null },
  ): Promise<SessionCookie> {
    const { plain, hash } = mintToken(random)
    const { id } = await luciaOn({ read: database.read, write: (work) => work(tx) }).createSession(
      moderatorId,
      { startedAt: clock(), lastSeenAt: null, ...from },
      { sessionId: plain },
    )
    known.confirm({ hash, moderatorId })
    return cookie(lucia.createSessionCookie(id))
  }

  async function checkBy(
    by: typeof lucia,
    cookieValue: string | undefined,
  ): Promise<{ id: string; signedIn: SignedIn; isFresh: boolean } | null> {
    const id = parseToken(cookieValue)
    if (id === null) return null
    const { session, user } = await by.validateSession(id)
    const hash = hashToken(id)
    if (session === null) {
      known.forget(hash)
      return null
    }
    known.confirm({ hash, moderatorId: user.id })
    if (clock() - (session.lastSeenAt ?? session.startedAt) > SEEN_EVERY_MS)
      await database.write((tx) => markSeen(tx, hash, clock()))
    const { startedAt, fresh: isFresh } = session
    const { username, role, shortcuts, mustSetUp } = user
    const lately = Math.abs(clock() - startedAt) < LATELY_MS
    const moderator = { id: user.id, username, role, shortcuts, mustSetUp, lately }
    return { id, signedIn: { moderator, session: { startedAt } }, isFresh }
  }

  return {
    cookieName,

    /**
     * Whether this cookie's session was confirmed recently, according to memory: it grants no access (`check` does).
     */
    isKnown: (cookieValue: string | undefined): boolean => known.has(cookieValue),

    /** Loads valid sessions into memory after a restart, so that moderators are recognized from the first request. */
    async recall(): Promise<void> {
      const living = await database.read((reader) =>
        findLivingSessions(reader, { now: clock(), startedAfter: clock() - ABSOLUTE.milliseconds() }),
      )
      for (const session of living) known.confirm(session)
    },

    /**
     * Starts a session under a new ID, whatever cookie the browser holds. In the transaction that accepts who signs in:
     * otherwise one that ends all sessions could come between, and this one would outlive it.
     */
    start,

    /** The same in a transaction of its own. */
    signIn: (moderatorId: string, from?: From): Promise<SessionCookie> =>
      database.write((tx) => start(tx, moderatorId, from)),

    /** Whose session this cookie is; null if nobody's, or expired. May extend or delete the session. */
    async check(cookieValue: string | undefined): Promise<SignedIn | null> {
      const found = await checkBy(lucia, cookieValue)
      return found?.isFresh === true
        ? { ...found.signedIn, freshCookie: cookie(lucia.createSessionCookie(found.id)) }
        : (found?.signedIn ?? null)
    },

    /** The same where no cookie can reach the browser any more: it does not extend the session. */
    look: async (cookieValue: string | undefined): Promise<SignedIn | null> =>
      (await checkBy(looking, cookieValue))?.signedIn ?? null,

    /** Ends the session, here and not only in the browser; returns the cookie that clears the browser's. */
    async signOut(cookieValue: string | undefined): Promise<SessionCookie> {
      const id = parseToken(cookieValue)
      if (id !== null) {
        known.forget(hashToken(id))
        await lucia.invalidateSession(id)
      }
      return cookie(lucia.createBlankSessionCookie())
    },

    /** Ends every session of a moderator. */
    async signOutEverywhere(moderatorId: string): Promise<void> {
      known.forgetAllOf(moderatorId)
      await lucia.invalidateUserSessions(moderatorId)
    },

    /** Deletes expired sessions; they are refused before that, too. */
    deleteExpired: (): Promise<void> => lucia.deleteExpiredSessions(),
  }
}

function createLucia(adapter: ReturnType<typeof createSessionAdapter>, cookieName: string) {
  return new Lucia(adapter, {
    sessionExpiresIn: IDLE,
    sessionCookie: { name: cookieName },
    getSessionAttributes: ({ startedAt, lastSeenAt }) => ({ startedAt, lastSeenAt }),
    getUserAttributes: ({ username, role, shortcuts, mustSetUp = false }) => ({
      username,
      role,
      shortcuts,
      mustSetUp,
    }),
  })
}
