import * as v from 'valibot'
import { ROLES } from '$lib/moderation/moderator'
import { refuse } from '$lib/registration/refusal'
import { byNetwork } from '../rate-limits/rate-limiter'
import { hashToken, parseToken, type Token } from '../crypto/tokens'
import type { Needing } from './context'
import { orThrow, refusalError } from './refusal-error'
import { changeSession, fromOf } from './session'
import * as t from './t'

const needed = t.needs(
  'moderatorAccounts',
  'moderatorInvitations',
  'moderatorLinks',
  'ownAccount',
  'limits',
  'matrixIds',
  'worker',
  'mailStandings',
  'knownDevices',
  'sessions',
)
const procedure = t.procedure.use(needed)
const managerProcedure = t.permittedProcedure('manage-moderators').use(needed)

const id = v.pipe(v.string(), v.maxLength(100))
const line = v.pipe(v.string(), v.maxLength(1000))
const role = v.picklist(ROLES)

function tokenOrThrow(typed: string): Token {
  const token = parseToken(typed)
  if (token === null) throw refusalError(refuse({ code: 'link_broken' }))
  return token
}

/** How often one link in an email to a moderator can be used, and per network invalid ones. */
const FOLLOWED = { count: 30, windowMs: 15 * 60_000 }

/**
 * Looks up a link before doing anything for it: a valid one has its own limit, whatever others try from the same
 * network.
 */
async function follow(
  ctx: Needing<'moderatorLinks' | 'limits'>,
  typed: string,
  purpose: 'invitation' | 'address',
): Promise<Token> {
  const { moderatorLinks, limits } = ctx.services
  const token = tokenOrThrow(typed)
  const known = await moderatorLinks.isKnown(token, purpose)
  const taken = await limits.takeAll(
    known
      ? [{ kind: 'moderator-link', subject: hashToken(token), limit: FOLLOWED }]
      : byNetwork('unknown-moderator-link', ctx.clientAddress, FOLLOWED),
  )
  if (taken.ok && known) return token
  if (taken.ok) throw refusalError(refuse({ code: 'link_broken' }))
  const minutes = Math.max(1, Math.ceil(taken.retryAfterMs / 60_000))
  throw refusalError(refuse({ code: 'too_many_sign_ins', minutes }))
}

/** Moderators' accounts, for those who manage them; and what moderators do through emailed links. */
export const moderatorsRouter = t.router({
  /** `mail`: the status of the email with an invitation. */
  list: managerProcedure.query(async ({ ctx: { services } }) => {
    const people = await services.moderatorAccounts.list()
    const invitations = await services.moderatorInvitations.list()
    const standings = invitations.map(({ id: link, email }) =>
      services.mailStandings.ofLink(link ?? '', email ?? ''),
    )
    const mails = await Promise.all(standings)
    return { people, invitations: invitations.map((one, at) => ({ ...one, mail: mails[at] ?? null })) }
  }),

  /** Returns the IDs of the invitation and of its email. */
  invite: managerProcedure
    .input(v.parser(v.object({ email: line, role })))
    .mutation(async ({ ctx, input }) => {
      const wish = { ...input, language: ctx.language }
      const invited = orThrow(await ctx.services.moderatorInvitations.invite(wish, ctx.moderator.id))
      ctx.services.worker.nudge()
      return invited
    }),

  withdraw: managerProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.moderatorInvitations.withdraw(input.id, ctx.moderator.id))
  }),

  setRole: managerProcedure.input(v.parser(v.object({ id, role }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.moderatorAccounts.setRole(input.id, input.role, t.actorOf(ctx)))
  }),

  setDisabled: managerProcedure
    .input(v.parser(v.object({ id, disabled: v.boolean() })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.moderatorAccounts.setDisabled(input.id, input.disabled, t.actorOf(ctx)))
    }),

  /** Ends every session of a moderator. */
  signOut: managerProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.moderatorAccounts.signOut(input.id, t.actorOf(ctx)))
  }),

  /** Whoever has the Matrix ID of a moderator decides nothing in the moderators' room any more. */
  unlinkMatrixId: managerProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.matrixIds.unlink(input.id, t.actorOf(ctx)))
  }),

  /** What an invitation is for; viewing it changes nothing. */
  invitation: procedure.input(v.parser(v.object({ token: line }))).query(async ({ ctx, input }) => {
    return orThrow(
      await ctx.services.moderatorInvitations.invitation(await follow(ctx, input.token, 'invitation')),
    )
  }),

  /** Makes the invited person a moderator, and signs them in; it ends the browser's previous session. */
  join: procedure
    .input(v.parser(v.object({ token: line, username: line, password: line })))
    .mutation(async ({ ctx, input: { token, ...wish } }) => {
      const { moderatorInvitations } = ctx.services
      const invitation = await follow(ctx, token, 'invitation')
      await changeSession(ctx, orThrow(await moderatorInvitations.join(invitation, wish, fromOf(ctx))))
    }),

  /** The email address that a link confirms; viewing it changes nothing. */
  address: procedure.input(v.parser(v.object({ token: line }))).query(async ({ ctx, input }) => {
    return orThrow(await ctx.services.ownAccount.address(await follow(ctx, input.token, 'address')))
  }),

  confirmAddress: procedure.input(v.parser(v.object({ token: line }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.ownAccount.confirmAddress(await follow(ctx, input.token, 'address')))
  }),
})
