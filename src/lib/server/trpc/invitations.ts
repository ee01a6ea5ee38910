import * as v from 'valibot'
import { CODE_USES, readCodeWish, standingOf } from '$lib/moderation/invitation'
import type { InvitationView } from '$lib/moderation/views'
import { refuse } from '$lib/registration/refusal'
import { CAME_LIMIT, findInvitations, type InvitationRow } from '../database/invitations'
import { readPlace, writePlace } from '../place'
import type { Context } from './context'
import { orThrow, refusalError } from './refusal-error'
import { moderatorProcedure, router } from './t'

const PAGE = 100

const id = v.pipe(v.string(), v.maxLength(100))
/** Longer than anything a field can mean; the domain then says what is wrong in words. */
const line = v.pipe(v.string(), v.maxLength(1000))

type Signed = Context & { moderator: NonNullable<Context['moderator']> }
type Found = Awaited<ReturnType<typeof findInvitations>>[number]

const actorOf = ({ moderator }: Signed) => ({ kind: 'moderator', id: moderator.id }) as const
const isAdministrator = ({ moderator }: Signed): boolean => moderator.role === 'administrator'

function linkOf({ config }: Context['services'], code: string): string {
  const link = new URL('/register', config.site.url)
  link.searchParams.set('code', code)
  return link.href
}

/** What moderators see of an invitation; the code of one that is over is of no use to anybody. */
function view({ services }: Signed, { invitation, author, vouches, came }: Found): InvitationView {
  const { usesMaximum, uses, note, skipReview, madeAt, expiresAt, endedAt } = invitation
  const standing = standingOf(invitation, services.registrar.now())
  return {
    id: invitation.id,
    standing,
    ...(standing === 'counts' ? codeOf(services, invitation) : { code: null, link: null }),
    note,
    uses,
    usesMaximum,
    skipReview,
    vouches: vouches === 1,
    author,
    madeAt,
    expiresAt,
    endedAt,
    came: { count: Math.min(came, CAME_LIMIT), more: came > CAME_LIMIT },
  }
}

function codeOf(services: Context['services'], invitation: InvitationRow) {
  const code = services.invitations.reveal(invitation)
  return { code, link: code === null ? null : linkOf(services, code) }
}

/** Invitation codes for applicants. */
export const invitationsRouter = router({
  /** A page of codes, newest first; `before` is the `next` of the page before. `over`: those that count no more. */
  list: moderatorProcedure
    .input(v.parser(v.object({ over: v.boolean(), before: v.optional(id) })))
    .query(async ({ ctx, input }) => {
      const { database, registrar, config } = ctx.services
      const place = readPlace(input.before)
      const before = place === null ? null : { madeAt: place.at, id: place.id }
      const rows = await database.read((reader) =>
        findInvitations(reader, input.over, registrar.now(), before, PAGE + 1),
      )
      const last = rows.slice(0, PAGE).at(-1)?.invitation
      return {
        items: rows.slice(0, PAGE).map((row) => view(ctx, row)),
        next: rows.length > PAGE && last ? writePlace({ at: last.madeAt, id: last.id }) : null,
        mode: config.registration.invitations,
        maySkipReview: isAdministrator(ctx),
        usesMaximum: CODE_USES.maximum,
      }
    }),

  /** Makes a code. `uses` and `days` as typed, empty for no end; only administrators let people in without review. */
  make: moderatorProcedure
    .input(v.parser(v.object({ uses: line, days: line, note: line, skipReview: v.boolean() })))
    .mutation(async ({ ctx, input }) => {
      const { invitations, registrar } = ctx.services
      const { skipReview, ...typed } = input
      if (skipReview && !isAdministrator(ctx)) {
        const detail = { path: 'invitations.make' }
        await registrar.note([{ kind: 'access_refused', detail }], actorOf(ctx))
        throw refusalError(refuse({ code: 'role_too_low' }))
      }
      const made = await invitations.make({ ...orThrow(readCodeWish(typed)), skipReview }, actorOf(ctx))
      return { id: made.id, ...codeOf(ctx.services, made) }
    }),

  /** Ends a code, whoever made it: that lets nobody in. */
  end: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.invitations.end(input.id, actorOf(ctx)))
  }),
})
