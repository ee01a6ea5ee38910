import * as v from 'valibot'
import { PREVIEWS } from '$lib/moderation/preview'
import { REPLY_PURPOSES } from '$lib/moderation/reply'
import { typedTexts } from '$lib/registration/language'
import { parseText, QUESTION_MAXIMUM } from '$lib/registration/talk'
import { refuse } from '$lib/registration/refusal'
import type { Previewed } from '../moderation/mail-preview'
import { orThrow, refusalError } from './refusal-error'
import { messageOf } from './conversation'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('replies', 'registrar', 'previews'))

/** Longer than any sensible value; the domain then says what is wrong in words. */
const text = v.pipe(v.string(), v.maxLength(100_000))
const line = v.pipe(v.string(), v.maxLength(10_000))
const id = v.pipe(v.string(), v.maxLength(100))

const previewed = v.object({
  id,
  action: v.picklist(PREVIEWS),
  text,
  silent: v.boolean(),
})

/** Moderators' canned replies, and previews of emails with them. */
export const repliesRouter = t.router({
  list: moderatorProcedure.query(async ({ ctx }) => {
    const rows = await ctx.services.replies.list()
    return rows.map(({ id: reply, purpose, title, texts, moderator, changedAt }) => ({
      id: reply,
      purpose,
      title,
      texts,
      changedBy: moderator,
      changedAt,
    }))
  }),

  /** Adds a canned reply, or changes the one with that ID, as it was `seen`: the `changedAt` of the list. */
  save: moderatorProcedure
    .input(
      v.parser(
        v.object({
          id: v.optional(id),
          purpose: v.picklist(REPLY_PURPOSES),
          title: line,
          texts: typedTexts(text),
          seen: v.optional(v.number()),
        }),
      ),
    )
    .mutation(async ({ ctx, input: { id: reply, seen, ...typed } }) => {
      const actor = t.actorOf(ctx)
      orThrow(await ctx.services.replies.save(reply ?? null, typed, actor, seen))
    }),

  remove: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.replies.remove(input.id, t.actorOf(ctx)))
  }),

  /** Adds a few to start with, if there are none. */
  start: moderatorProcedure.mutation(({ ctx }) => ctx.services.replies.start(t.actorOf(ctx))),

  /** All of them, filled in for one registration. */
  offered: moderatorProcedure.input(v.parser(v.object({ id }))).query(async ({ ctx, input }) => {
    const registration = await ctx.services.registrar.find(input.id)
    if (registration === null) throw refusalError(refuse({ code: 'not_found' }))
    return ctx.services.replies.offered(registration)
  }),

  /** The very email that would be sent, except for its link; null if none would. */
  preview: moderatorProcedure
    .input(v.parser(previewed))
    .query(async ({ ctx, input }) =>
      orThrow(await ctx.services.previews.show(input.id, actionOf(input, ctx.moderator.id))),
    ),
})

function actionOf(input: v.InferOutput<typeof previewed>, moderator: string): Previewed {
  if (input.action === 'ask')
    return { type: 'ask', moderator, text: orThrow(parseText(input.text, QUESTION_MAXIMUM)) }
  const verdict = { moderator, message: orThrow(messageOf(input.text)), silent: input.silent }
  return input.action === 'reopen'
    ? { type: 'reopen', nameFree: true, removing: false, ...verdict }
    : input.action === 'deny'
      ? { type: 'deny', ...verdict }
      : { type: 'approve', ...verdict, probation: input.action === 'probation' }
}
