import * as v from 'valibot'
import { CODE_USES, readCodeWish, standingOf } from '$lib/moderation/invitation'
import type { InvitationView } from '$lib/moderation/views'
import { refuse } from '$lib/registration/refusal'
import { CAME_LIMIT, findInvitations } from '../database/invitations'
import { readCursor, writeCursor } from '../database/cursor'
import type { Context } from './context'
import { orThrow, refusalError } from './refusal-error'
import { administratorProcedure, moderatorProcedure, router } from './t'

const PAGE = 100

const id = v.pipe(v.string(), v.maxLength(100))
/** Longer than any sensible value; the domain then says what is wrong in words. */
const line = v.pipe(v.string(), v.maxLength(1000))

type Signed = Context & { moderator: NonNullable<Context['moderator']> }
type Found = Awaited<ReturnType<typeof findInvitations>>[number]

const actorOf = ({ moderator }: Signed) => ({ kind: 'moderator', id: moderator.id }) as const
const isAdministrator = ({ moderator }: Signed): boolean => moderator.role === 'administrator'

/** Attempts beyond one's role are recorded in the audit log. */
async function refuseRole(ctx: Signed, path: string): Promise<never> {
  await ctx.services.registrar.note([{ kind: 'access_refused', detail: { path } }], actorOf(ctx))
  throw refusalError(refuse({ code: 'role_too_low' }))
}

function linkOf({ config }: Context['services'], code: string): string {
  const link = new URL('/register', config.site.url)
  link.searchParams.set('code', code)
  return link.href
}

/** What moderators see of an invitation. */
function view({ services }: Signed, { invitation, author, vouches, came }: Found): InvitationView {
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
   * that skip review are shown to administrators only.
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
          { over: input.over, skipping: isAdministrator(ctx) },
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
        maySkipReview: isAdministrator(ctx),
        usesMaximum: CODE_USES.maximum,
      }
    }),

  /**
   * Creates a code, which is in this response and nowhere else. `uses` and `days` as typed, empty for unlimited; only
   * administrators can skip review.
   */
  make: moderatorProcedure
    .input(v.parser(v.object({ uses: line, days: line, note: line, skipReview: v.boolean() })))
    .mutation(async ({ ctx, input }) => {
      const { skipReview, ...typed } = input
      if (skipReview && !isAdministrator(ctx)) await refuseRole(ctx, 'invitations.make')
      const wish = { ...orThrow(readCodeWish(typed)), skipReview }
      const { id, code } = await ctx.services.invitations.make(wish, actorOf(ctx))
      return { id, code, link: linkOf(ctx.services, code) }
    }),

  /**
   * Revokes a code, whoever created it: that lets nobody in. One that skips review can only be revoked by
   * administrators.
   */
  end: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    const mayEnd = ({ skipReview }: { skipReview: boolean }) => isAdministrator(ctx) || !skipReview
    const ended = await ctx.services.invitations.end(input.id, actorOf(ctx), mayEnd)
    if (!ended.ok && ended.refusal.code === 'role_too_low') await refuseRole(ctx, 'invitations.end')
    orThrow(ended)
  }),

  /** Valid codes that may be known to people who must not use them, by person. */
  known: administratorProcedure.query(({ ctx }) => ctx.services.knownCodes.list()),

  /** Revokes all of these codes that one person may know; returns how many. */
  endKnown: administratorProcedure
    .input(v.parser(v.object({ moderator: id })))
    .mutation(({ ctx, input }) => ctx.services.knownCodes.end(input.moderator, actorOf(ctx))),
})
