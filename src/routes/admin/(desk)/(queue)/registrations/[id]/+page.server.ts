import { error, fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/components/refusal-text'
import { textOf } from '$lib/server/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { talkActions } from './talk-actions'
import { loadTalk } from './talk-load'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params: { id }, url, locals }) => {
  const answer = await attempt(() => locals.api.moderation.registration({ id }))
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  return { registration: answer.value, now: Date.now(), ...(await loadTalk(locals, id, url)) }
}

export const actions = {
  ...talkActions,
  decide: async ({ params: { id }, request, locals }) => {
    const form = await request.formData()
    const message = textOf(form, 'message')
    const silent = textOf(form, 'silent') !== ''
    const category = textOf(form, 'category')
    const answer = await attempt(() =>
      locals.api.moderation.decide({
        id,
        version: Number(textOf(form, 'version')),
        decision: textOf(form, 'decision') === 'approve' ? 'approve' : 'deny',
        message,
        silent,
        category,
      }),
    )
    // What was typed is kept: it may be worth a letter, or another try.
    if (!answer.ok)
      return fail(answer.status, { message, silent, category, problem: refusalText(answer.refusal) })
    redirect(303, `/admin/registrations/${id}`)
  },
  retry: async ({ params: { id }, request, locals }) => {
    const job = textOf(await request.formData(), 'job')
    const answer = await attempt(() => locals.api.moderation.retryJob({ job }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, `/admin/registrations/${id}`)
  },
} satisfies Actions
