import * as v from 'valibot'
import { refuse, type Refusal } from '$lib/registration/refusal'
import { HALF_WAY_MS } from '../auth/factors'
import { byNetwork, type Taken } from '../rate-limits/rate-limiter'
import { KNOWN_SECONDS } from '../auth/known-device'
import { CHALLENGE_MS } from '../auth/passkeys'
import type { Entered, From } from '../auth/sessions'
import { PER_ACCOUNT, PER_NETWORK } from '../auth/sign-in-tries'
import { hashToken, parseToken } from '../crypto/tokens'
import { deskNetwork } from '$lib/network/client-networks'
import type { Needing } from './context'
import { orThrow, refusalError, RefusalError } from './refusal-error'
import * as t from './t'
import { MINUTE } from '$lib/registration/time'
import { byModerator } from '$lib/registration/registration'

const procedure = t.procedure.use(
  t.needs('signIn', 'sessions', 'factors', 'knownDevices', 'limits', 'passkeys', 'auditLog', 'log'),
)

/** What a guess is answered with, at a password, a code or a passkey. */
const FAILED: Refusal['code'][] = ['sign_in_failed', 'code_wrong', 'passkey_refused', 'too_many_sign_ins']

/**
 * Logs failed sign-ins with the client's address, which no other line has, so that fail2ban can block it; docs/running.md
 * has the filter for this line.
 */
const signingIn = procedure.use(async ({ ctx, next }) => {
  const result = await next()
  const cause = result.ok ? null : result.error.cause
  if (cause instanceof RefusalError && FAILED.includes(cause.refusal.code))
    ctx.services.log.warn(
      { address: ctx.clientAddress, reason: cause.refusal.code },
      'A moderator sign-in failed',
    )
  return result
})

const field = v.pipe(v.string(), v.maxLength(1000))

/** What a browser holds between the password and the second factor. */
const HALF_WAY_COOKIE = 'half-way'
/** And after signing in. */
const KNOWN_COOKIE = 'known-device'
/** And while a passkey signs. */
export const PASSKEY_COOKIE = 'passkey'
/** A passkey's signed response, as JSON; browsers send about 1 kB, or 4 after creating one. */
export const answer = v.pipe(v.string(), v.maxLength(20_000))
/** Requesting a challenge and answering it both count. */
const PASSKEYS_PER_NETWORK = { count: 60, windowMs: 15 * MINUTE }

function orTooMany(taken: Taken): void {
  if (taken.ok) return
  const minutes = Math.max(1, Math.ceil(taken.retryAfterMs / MINUTE))
  throw refusalError(refuse({ code: 'too_many_sign_ins', minutes }))
}

async function countFromNetwork({ services, clientAddress }: Needing<'limits'>): Promise<void> {
  const claims = byNetwork('passkey-network', clientAddress, PASSKEYS_PER_NETWORK)
  orTooMany(await services.limits.takeAll(claims))
}

/** Where a sign-in comes from, for the list of sessions. */
export const fromOf = ({ clientAddress, device = null }: Needing<never>): From => ({
  device,
  network: deskNetwork(clientAddress),
})

/** The next sign-in in this browser has its own attempts. */
function know({ services: { knownDevices }, cookies }: Needing<'knownDevices'>, id: string): void {
  if (knownDevices.read(cookies.get(KNOWN_COOKIE), id) === null)
    cookies.set(KNOWN_COOKIE, knownDevices.make(id), KNOWN_SECONDS)
}

/** Gives a browser the session of somebody who was let in, and ends the one that it had. */
export async function changeSession(
  ctx: Needing<'knownDevices' | 'sessions'>,
  { id, cookie }: Entered,
): Promise<void> {
  const { services, cookies } = ctx
  know(ctx, id)
  await services.sessions.signOut(cookies.get(services.sessions.cookieName))
  cookies.delete(HALF_WAY_COOKIE)
  cookies.set(cookie.name, cookie.value, cookie.attributes.maxAge)
}

async function letIn(
  ctx: Needing<'knownDevices' | 'sessions' | 'auditLog'>,
  entered: Entered,
): Promise<void> {
  await ctx.services.auditLog.note([{ kind: 'signed_in' }], byModerator(entered.id))
  await changeSession(ctx, entered)
}

/** The stored ID of the asking session. */
export function currentSession({ cookies, services }: Needing<'sessions'>): string {
  const token = parseToken(cookies.get(services.sessions.cookieName))
  return token === null ? '' : hashToken(token)
}

/** Moderators' sign-in; it ends the browser's previous session. */
export const sessionRouter = t.router({
  /** `next`: the queue, or the page that asks for the second factor. */
  signIn: signingIn
    .input(v.parser(v.object({ username: field, password: field })))
    .mutation(async ({ ctx, input }) => {
      const { services, clientAddress, device = null, cookies } = ctx
      const known = cookies.get(KNOWN_COOKIE)
      const step = orThrow(await services.signIn({ ...input, clientAddress, device, known }))
      if (step.cookie === null) {
        cookies.set(HALF_WAY_COOKIE, step.halfWay, HALF_WAY_MS / 1000)
        return { next: 'code' as const }
      }
      await changeSession(ctx, { id: step.id, cookie: step.cookie })
      return { next: 'desk' as const }
    }),

  /** Whether a code is awaited from this browser. */
  isHalfWay: procedure.query(async ({ ctx }) => {
    const token = parseToken(ctx.cookies.get(HALF_WAY_COOKIE))
    return token !== null && (await ctx.services.factors.halfWay(token)) !== null
  }),

  /**
   * A code of the authenticator, or a recovery code. Every attempt counts before it is checked; a browser known to
   * the account has its own attempts, even if somebody else knows the password.
   */
  enterCode: signingIn.input(v.parser(v.object({ code: field }))).mutation(async ({ ctx, input }) => {
    const { services, clientAddress, cookies } = ctx
    const token = parseToken(cookies.get(HALF_WAY_COOKIE))
    const whose = token === null ? null : await services.factors.halfWay(token)
    if (token === null || whose === null) throw refusalError(refuse({ code: 'not_signed_in' }))
    const device = services.knownDevices.read(cookies.get(KNOWN_COOKIE), whose)
    const own =
      device === null
        ? { kind: 'second-factor', subject: whose, limit: PER_ACCOUNT }
        : { kind: 'second-factor-device', subject: device, limit: PER_ACCOUNT }
    const network = byNetwork('sign-in-network', clientAddress, PER_NETWORK)
    orTooMany(await services.limits.takeAll(device === null ? [own, ...network] : [own]))
    const entered = orThrow(await services.factors.enter(token, input.code, fromOf(ctx)))
    await services.limits.forget(own.kind, own.subject)
    await letIn(ctx, entered)
  }),

  /** What the browser has a passkey sign. */
  startPasskey: procedure.mutation(async ({ ctx }) => {
    await countFromNetwork(ctx)
    const { options, ticket } = await ctx.services.passkeys.startSignIn()
    ctx.cookies.set(PASSKEY_COOKIE, ticket, CHALLENGE_MS / 1000)
    return options
  }),

  /** A passkey in place of password and second factor. */
  enterPasskey: signingIn.input(v.parser(v.object({ answer }))).mutation(async ({ ctx, input }) => {
    const ticket = ctx.cookies.get(PASSKEY_COOKIE)
    if (ticket === undefined) throw refusalError(refuse({ code: 'passkey_refused' }))
    await countFromNetwork(ctx)
    const entered = orThrow(await ctx.services.passkeys.signIn(ticket, input.answer, fromOf(ctx)))
    ctx.cookies.delete(PASSKEY_COOKIE)
    await letIn(ctx, entered)
  }),

  signOut: procedure.mutation(async ({ ctx }) => {
    const { sessions, auditLog } = ctx.services
    if (ctx.moderator !== null) await auditLog.note([{ kind: 'signed_out' }], byModerator(ctx.moderator.id))
    await sessions.signOut(ctx.cookies.get(sessions.cookieName))
    ctx.cookies.delete(sessions.cookieName)
  }),
})
