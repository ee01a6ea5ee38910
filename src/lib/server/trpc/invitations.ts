import * as v from 'valibot'
import { CODE_USES, readCodeWish } from '$lib/moderation/invitation'
import type { InvitationView } from '$lib/moderation/views'
import type { ListedCode } from '../intake/invitation-codes'
import type { Needing } from './context'
import { orThrow } from './refusal-error'
import * as t from './t'
import { may, refuseRole, type ModeratorContext } from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('invitations', 'auditLog', 'config'))
const knownProcedure = t.permittedProcedure('revoke-known-codes').use(t.needs('knownCodes'))

const id = v.pipe(v.string(), v.maxLength(100))
/** Longer than any sensible value; the domain then says what is wrong in words. */
const line = v.pipe(v.string(), v.maxLength(1000))

const maySkip = (ctx: ModeratorContext): boolean => may(ctx, 'skip-review')

function linkOf({ config }: Needing<'config'>['services'], code: string): string {
  const link = new URL('/register', config.site.url)
  link.searchParams.set('code', code)
  return link.href
}

/** What moderators see of an invitation. */
function view({ invitation, standing, author, vouches, came }: ListedCode): InvitationView {
  const { usesMaximum, uses, note, skipReview, madeAt, expiresAt, endedAt } = invitation
  return {
    id: invitation.id,
    standing,
    note,
    uses,
    usesMaximum,
    skipReview,
    vouches: skipReview && vouches,
    author,
    madeAt,
    expiresAt,
    endedAt,
    came,
  }
}

/** Invitation codes for applicants. */
export const invitationsRouter = t.router({
  /**
   * A page of codes, latest first; `before` is the `next` of the previous page. `over`: those that have ended. Those
   * that skip review are shown only to those who may make them.
   */
  list: moderatorProcedure
    .input(v.parser(v.object({ over: v.boolean(), before: v.optional(id) })))
    .query(async ({ ctx, input }) => {
      const { invitations, config } = ctx.services
      const which = { over: input.over, skipping: maySkip(ctx) }
      const { items, next } = await invitations.page(which, input.before)
      return {
        items: items.map(view),
        next,
        mode: config.registration.invitations,
        maySkipReview: maySkip(ctx),
        usesMaximum: CODE_USES.maximum,
      }
    }),

  /**
   * Creates a code, which is in this response and nowhere else. `uses` and `days` as typed, empty for unlimited; to skip
   * review takes a permission.
   */
  make: moderatorProcedure
    .input(v.parser(v.object({ uses: line, days: line, note: line, skipReview: v.boolean() })))
    .mutation(async ({ ctx, input }) => {
      const { skipReview, ...typed } = input
      if (skipReview && !maySkip(ctx)) await refuseRole(ctx, 'invitations.make')
      const wish = { ...orThrow(readCodeWish(typed)), skipReview }
      const { id, code } = await ctx.services.invitations.make(wish, t.actorOf(ctx))
      return { id, code, link: linkOf(ctx.services, code) }
    }),

  /**
   * Revokes a code, whoever created it: that lets nobody in. One that skips review takes the
   * permission to make it.
   */
  end: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    const mayEnd = ({ skipReview }: { skipReview: boolean }) => maySkip(ctx) || !skipReview
    const ended = await ctx.services.invitations.end(input.id, t.actorOf(ctx), mayEnd)
    if (!ended.ok && ended.refusal.code === 'role_too_low') await refuseRole(ctx, 'invitations.end')
    orThrow(ended)
  }),

  /** Valid codes that may be known to people who must not use them, by person. */
  known: knownProcedure.query(({ ctx }) => ctx.services.knownCodes.list()),

  /** Revokes all of these codes that one person may know; returns how many. */
  endKnown: knownProcedure
    .input(v.parser(v.object({ moderator: id })))
    .mutation(({ ctx, input }) => ctx.services.knownCodes.end(input.moderator, t.actorOf(ctx))),
})
