import { initTRPC, TRPCError } from '@trpc/server'
import { can, type Permission } from '$lib/moderation/permission'
import { stateForApplicant } from '$lib/registration/decide'
import type { Result } from '$lib/registration/refusal'
import { byModerator, type Registration } from '$lib/registration/registration'
import { isShown } from '$lib/registration/shown'
import { parseToken, tokenSchema } from '../crypto/tokens'
import type { ActingLink } from '../registrations/links'
import * as v from 'valibot'
import type { ApiServices, Context, Needing } from './context'
import { countRefusal } from './count-refusal'
import { orThrow, outageAsRefusal, refusalError, RefusalError, secondsToWait, STATUS } from './refusal-error'

/** Longer than any sensible value; the domain then says what is wrong in words. */
export const line = v.pipe(v.string(), v.maxLength(1000))

/** The cookie that makes a browser the applicant's. */
export const APPLICANT_COOKIE = 'applicant'

/** What is known of a procedure besides its name. `permission`: it is for roles that have it. */
interface Meta {
  permission?: Permission
}

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    /** Refusals include their value, invalid input its name, and anything else nothing: the log has it. */
    errorFormatter({ shape, error }) {
      const { code, httpStatus } = shape.data
      if (error.cause instanceof RefusalError) {
        const { refusal } = error.cause
        return { ...shape, data: { code, httpStatus: STATUS[refusal.code] ?? httpStatus, refusal } }
      }
      const message = error.code === 'INTERNAL_SERVER_ERROR' ? 'Something went wrong here' : error.code
      return { ...shape, message, data: { code, httpStatus } }
    },
  })

export const router = t.router
export const createCallerFactory = t.createCallerFactory

/**
 * Outages of homeserver and database become refusals, and applicants' refusals are counted, in one place for all
 * procedures.
 */
export const procedure = t.procedure.use(async ({ ctx, path, next }) => {
  const result = await next()
  if (result.ok) return result
  const cause = outageAsRefusal(result.error.cause)
  const refused = cause instanceof TRPCError ? cause.cause : cause
  countRefusal(ctx.services, path, refused)
  const seconds = refused instanceof RefusalError ? secondsToWait(refused.refusal) : null
  if (seconds !== null) ctx.comeAgain?.(seconds)
  ctx.services.logFailure(path, result.error.cause)
  if (cause instanceof TRPCError) throw cause
  return result
})

/** What a router says it needs: its procedures see these services, and no others. */
export const needs = <Name extends keyof ApiServices>(..._names: Name[]) =>
  t.middleware(({ ctx, next }) => {
    const services: Pick<ApiServices, Name> = ctx.services
    return next({ ctx: { services } })
  })

/** For signed-in moderators, with a second factor or before one is set up. */
export const signedInProcedure = procedure.use(({ ctx, next }) => {
  if (ctx.moderator === null) throw refusalError({ ok: false, refusal: { code: 'not_signed_in' } })
  return next({ ctx: { ...ctx, moderator: ctx.moderator } })
})

/**
 * For changes of sign-in methods or of the email address: only for a while after signing in (OWASP ASVS 5.0, 7.5.1).
 */
export const latelyProcedure = signedInProcedure.use(({ ctx, next }) => {
  if (ctx.moderator.lately !== true) throw refusalError({ ok: false, refusal: { code: 'sign_in_again' } })
  return next()
})

/** What this browser's applicant cookie opens; null if it has none. */
async function byCookie(ctx: Needing<'links'>): Promise<Result<Registration> | null> {
  const token = v.safeParse(tokenSchema, ctx.cookies.get(APPLICANT_COOKIE))
  return token.success ? ctx.services.links.byToken(token.output, 'applicant') : null
}

/** The registration of this browser's cookie, or null. */
export async function ownRegistration(ctx: Needing<'links'>): Promise<Registration | null> {
  const found = await byCookie(ctx)
  return found?.ok === true ? found.value : null
}

/** Whether this browser's cookie is that of a registration that has been deleted: its tokens go with it. */
export async function isOwnGone(ctx: Needing<'links'>): Promise<boolean> {
  const found = await byCookie(ctx)
  return found?.ok === false && found.refusal.code === 'link_broken'
}

/** For signed-in moderators, with the second factor if it is required. */
export const moderatorProcedure = signedInProcedure.use(({ ctx, next }) => {
  if (ctx.moderator.mustSetUp === true)
    throw refusalError({ ok: false, refusal: { code: 'second_factor_needed' } })
  return next()
})

/** The context of a procedure for signed-in moderators that needs these services. */
export type ModeratorContext<Name extends keyof ApiServices = never> = Needing<Name> & {
  moderator: NonNullable<Context['moderator']>
}

/** The calling moderator, as who does something. */
export const actorOf = ({ moderator }: Pick<ModeratorContext, 'moderator'>) => byModerator(moderator.id)

/** Whether the calling moderator has a permission. */
export const may = ({ moderator }: Pick<ModeratorContext, 'moderator'>, permission: Permission): boolean =>
  can(moderator.role, permission)

/** Refuses what takes a permission that the caller lacks; the attempt is recorded in the audit log. */
export async function refuseRole(
  { services, moderator }: Pick<ModeratorContext<'auditLog'>, 'moderator' | 'services'>,
  path: string,
): Promise<never> {
  const refused = { kind: 'access_refused', detail: { path } } as const
  await services.auditLog.note([refused], byModerator(moderator.id))
  throw refusalError({ ok: false, refusal: { code: 'role_too_low' } })
}

/** For moderators with a permission. */
export const permittedProcedure = (permission: Permission) =>
  moderatorProcedure.meta({ permission }).use(async ({ ctx, path, next }) => {
    if (!may(ctx, permission)) await refuseRole(ctx, path)
    return next()
  })

/** `shown`: what the asking page showed. `token`: the email's link that it is behind. */
const asking = v.object({ shown: v.optional(line), token: v.optional(line) })

/** For applicants, known by their cookie, or by a link of these kinds, whatever the asking page showed. */
export const ownProcedure = (...links: ActingLink[]) =>
  procedure.input(v.parser(asking)).use(async ({ ctx, input: { token }, next }) => {
    const { registration, link } = await whose(ctx, token, links)
    const result = await next({ ctx: { ...ctx, registration, link } })
    if (!result.ok) throw await asShown(ctx, registration.id, result.error)
    return result
  })

/** A refusal names the state that the applicant's page shows: a decision that can still be undone is none yet. */
async function asShown(
  { services: { registrar } }: Needing<'registrar'>,
  id: string,
  error: TRPCError,
): Promise<TRPCError> {
  const { cause } = error
  if (!(cause instanceof RefusalError) || cause.refusal.code !== 'wrong_state') return error
  const now = await registrar.find(id)
  if (now === null) return error
  const state = stateForApplicant(now, registrar.policy())
  return refusalError({ ok: false, refusal: { ...cause.refusal, state }, others: cause.others })
}

/**
 * For applicants, too. A page acts for the applicant it shows: its input is refused if the browser is somebody else's
 * by now, and if it does not say what it showed. A link says that itself.
 */
export const applicantProcedure = (...links: ActingLink[]) =>
  ownProcedure(...links).use(({ ctx, input, next }) => {
    mustShow(ctx, input)
    return next()
  })

/** Refuses what a page sent that showed another registration than the applicant's, or the same by another name. */
export function mustShow(
  { registration, link }: { registration: Registration; link: ActingLink | null },
  { shown = '' }: { shown?: string | undefined },
): void {
  if (link === null || shown !== '') orThrow(isShown(shown, registration))
}

/** The applicant, and the kind of link, if it is not a cookie. */
async function whose(
  ctx: Context,
  token: string | undefined,
  links: ActingLink[],
): Promise<{ registration: Registration; link: ActingLink | null }> {
  if (token === undefined) {
    const own = await ownRegistration(ctx)
    if (own === null) throw refusalError({ ok: false, refusal: { code: 'no_registration' } })
    return { registration: own, link: null }
  }
  const parsed = parseToken(token)
  if (parsed === null) throw refusalError({ ok: false, refusal: { code: 'link_broken' } })
  const { registration, purpose } = orThrow(await ctx.services.links.byLink(parsed, links))
  return { registration, link: purpose }
}
