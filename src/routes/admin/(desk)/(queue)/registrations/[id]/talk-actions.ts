import { fail, redirect, type ActionFailure, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt, type Attempt } from '$lib/server/trpc/attempt'
import { pathOf } from './path-of'

type Event = RequestEvent<{ id: string }>
export type TalkPlace = 'ask' | 'note' | 'claim' | 'reopen'

/** A refusal at its form, with the input kept; on success, the page is reloaded there. */
function answered(
  answer: Attempt<unknown>,
  place: TalkPlace,
  text: string,
  { url, params: { id } }: Event,
): ActionFailure<{ place: TalkPlace; text: string; problem: string }> {
  if (!answer.ok) return fail(answer.status, { place, text, problem: refusalText(answer.refusal) })
  redirect(303, `${pathOf(id, url)}#${place}`)
}

const PREVIEWS = ['approve', 'probation', 'deny', 'reopen', 'ask'] as const
const previewed = (typed: string) => PREVIEWS.find((one) => one === typed) ?? 'approve'

/** What moderators do about a request besides deciding on it. */
export const talkActions = {
  ask: async (event: Event) => {
    const text = textOf(await event.request.formData(), 'text')
    const { id } = event.params
    return answered(await attempt(() => event.locals.api.conversation.ask({ id, text })), 'ask', text, event)
  },
  note: async (event: Event) => {
    const text = textOf(await event.request.formData(), 'text')
    const { id } = event.params
    return answered(
      await attempt(() => event.locals.api.conversation.note({ id, text })),
      'note',
      text,
      event,
    )
  },
  take: async (event: Event) => {
    const over = textOf(await event.request.formData(), 'over') !== ''
    const { id } = event.params
    return answered(await attempt(() => event.locals.api.conversation.take({ id, over })), 'claim', '', event)
  },
  release: async (event: Event) => {
    const { id } = event.params
    return answered(await attempt(() => event.locals.api.conversation.release({ id })), 'claim', '', event)
  },
  reopen: async (event: Event) => {
    const form = await event.request.formData()
    const message = textOf(form, 'message')
    const version = Number(textOf(form, 'version'))
    const { id } = event.params
    const answer = await attempt(() => event.locals.api.conversation.reopen({ id, version, message }))
    return answered(answer, 'reopen', message, event)
  },
  /** Previews the email that a form would send; the input is kept. */
  preview: async ({ params: { id }, request, locals }: Event) => {
    const form = await request.formData()
    const action = previewed(textOf(form, 'preview'))
    const text = action === 'ask' ? textOf(form, 'text') : textOf(form, 'message')
    const silent = textOf(form, 'silent') !== ''
    const category = textOf(form, 'category')
    const answer = await attempt(() => locals.api.replies.preview({ id, action, text, silent }))
    const typed = { text, message: action === 'ask' ? '' : text, silent, category }
    const place = action === 'ask' || action === 'reopen' ? action : null
    if (!answer.ok) return fail(answer.status, { ...typed, place, problem: refusalText(answer.refusal) })
    return { ...typed, place, preview: { action, mail: answer.value } }
  },
}
