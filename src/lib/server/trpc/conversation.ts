import * as v from 'valibot'
import { parseText, QUESTION_MAXIMUM } from '$lib/registration/talk'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { orThrow } from './refusal-error'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('conversation', 'worker'))

/** Longer than any sensible value; the domain then says what is wrong in words. */
const text = v.pipe(v.string(), v.maxLength(100_000))
const id = v.pipe(v.string(), v.maxLength(100))
const one = v.parser(v.object({ id }))
const written = v.parser(v.object({ id, text }))

/** A moderator's message with a decision, which may be empty. */
export function messageOf(typed: string): Result<string | null> {
  const message = parseText(typed, QUESTION_MAXIMUM)
  if (message.ok) return message
  if (message.refusal.code === 'text_missing') return accept(null)
  return refuse({ code: 'message_too_long', maximum: QUESTION_MAXIMUM })
}

/** What moderators write about a request: to its applicant, and to each other. */
export const conversationRouter = t.router({
  /** Questions and answers, comments, and assignment. */
  thread: moderatorProcedure
    .input(one)
    .query(async ({ ctx, input }) =>
      orThrow(await ctx.services.conversation.view(input.id, ctx.moderator.id)),
    ),

  ask: moderatorProcedure.input(written).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.conversation.ask(input.id, ctx.moderator.id, input.text))
    ctx.services.worker.nudge()
  }),

  note: moderatorProcedure.input(written).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.conversation.note(input.id, ctx.moderator.id, input.text))
  }),

  /** Refused if it is assigned to a colleague, unless taken over. */
  take: moderatorProcedure
    .input(v.parser(v.object({ id, over: v.boolean() })))
    .mutation(async ({ ctx, input }) => {
      orThrow(await ctx.services.conversation.take(input.id, ctx.moderator.id, input.over))
    }),

  release: moderatorProcedure.input(one).mutation(async ({ ctx, input }) => {
    orThrow(await ctx.services.conversation.release(input.id, ctx.moderator.id))
  }),

  /** Approves what was denied; an email asks for the password. */
  reopen: moderatorProcedure
    .input(v.parser(v.object({ id, version: v.pipe(v.number(), v.integer()), message: text })))
    .mutation(async ({ ctx, input }) => {
      const message = orThrow(messageOf(input.message))
      const verdict = { moderator: ctx.moderator.id, message, silent: false }
      orThrow(await ctx.services.conversation.reopen(input.id, verdict, input.version))
      ctx.services.worker.nudge()
    }),
})
