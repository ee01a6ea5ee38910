import * as v from 'valibot'
import { CODE_USES, readCodeWish, standingOf } from '$lib/moderation/invitation'
import type { InvitationView } from '$lib/moderation/views'
import { CAME_LIMIT, findInvitations } from '../database/invitations'
import { readCursor, writeCursor } from '../database/cursor'
import type { Context } from './context'
import { orThrow } from './refusal-error'
import { may, moderatorProcedure, permittedProcedure, refuseRole, router, type ModeratorContext } from './t'

const knownProcedure = permittedProcedure('revoke-known-codes')

const PAGE = 100

const id = v.pipe(v.string(), v.maxLength(100))
/** Longer than any sensible value; the domain then says what is wrong in words. */
const line = v.pipe(v.string(), v.maxLength(1000))

type Found = Awaited<ReturnType<typeof findInvitations>>[number]

const actorOf = ({ moderator }: ModeratorContext) => ({ kind: 'moderator', id: moderator.id }) as const
const maySkip = (ctx: ModeratorContext): boolean => may(ctx, 'skip-review')

function linkOf({ config }: Context['services'], code: string): string {
  const link = new URL('/register', config.site.url)
  link.searchParams.set('code', code)
  return link.href
}

/** What moderators see of an invitation. */
function view({ services }: ModeratorContext, { invitation, author, vouches, came }: Found): InvitationView {
  const { usesMaximum, uses, note, skipReview, madeAt, expiresAt, endedAt } = invitation
  return {
    id: invitation.id,
    standing: standingOf(invitation, services.registrar.now()),
    note,
    uses,
    usesMaximum,
    skipReview,
    vouches: skipReview && vouches === 1,
    author,
    madeAt,
    expiresAt,
    endedAt,
    came: { count: Math.min(came, CAME_LIMIT), more: came > CAME_LIMIT },
  }
}

/** Invitation codes for applicants. */
export const invitationsRouter = router({
  /**
   * A page of codes, latest first; `before` is the `next` of the previous page. `over`: those that have ended. Those
   * that skip review are shown only to those who may make them.
   */
  list: moderatorProcedure
    .input(v.parser(v.object({ over: v.boolean(), before: v.optional(id) })))
    .query(async ({ ctx, input }) => {
      const { database, registrar, config } = ctx.services
      const place = readCursor(input.before)
      const before = place === null ? null : { madeAt: place.at, id: place.id }
      const rows = await database.read((reader) =>
        findInvitations(
          reader,
          { over: input.over, skipping: maySkip(ctx) },
          registrar.now(),
          before,
          PAGE + 1,
        ),
      )
      const last = rows.slice(0, PAGE).at(-1)?.invitation
      return {
        items: rows.slice(0, PAGE).map((row) => view(ctx, row)),
        next: rows.length > PAGE && last ? writeCursor({ at: last.madeAt, id: last.id }) : null,
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
      const { id, code } = await ctx.services.invitations.make(wish, actorOf(ctx))
      return { id, code, link: linkOf(ctx.services, code) }
    }),

  /**
   * Revokes a code, whoever created it: that lets nobody in. One that skips review takes the
   * permission to make it.
   */
  end: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    const mayEnd = ({ skipReview }: { skipReview: boolean }) => maySkip(ctx) || !skipReview
    const ended = await ctx.services.invitations.end(input.id, actorOf(ctx), mayEnd)
    if (!ended.ok && ended.refusal.code === 'role_too_low') await refuseRole(ctx, 'invitations.end')
    orThrow(ended)
  }),

  /** Valid codes that may be known to people who must not use them, by person. */
  known: knownProcedure.query(({ ctx }) => ctx.services.knownCodes.list()),

  /** Revokes all of these codes that one person may know; returns how many. */
  endKnown: knownProcedure
    .input(v.parser(v.object({ moderator: id })))
    .mutation(({ ctx, input }) => ctx.services.knownCodes.end(input.moderator, actorOf(ctx))),
})
