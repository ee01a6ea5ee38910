import { error, fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { REPLY_PURPOSES } from '$lib/moderation/reply'
import { inEachLanguage } from '$lib/registration/language'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

const purposeOf = (typed: string | null) => REPLY_PURPOSES.find((one) => one === typed) ?? 'approve'

/** A canned reply, or an empty one to add (`new`). */
export const load: PageServerLoad = async ({ params: { id }, url, locals: { api } }) => {
  const purpose = purposeOf(url.searchParams.get('purpose'))
  if (id === 'new') return { isNew: true, changedAt: null, reply: { purpose, title: '', texts: {} } }
  const found = (await api.replies.list()).find((one) => one.id === id)
  if (found === undefined) error(404, refusalText({ code: 'reply_gone' }))
  const { title, texts, changedAt } = found
  return {
    isNew: false,
    changedAt,
    reply: { purpose: found.purpose, title, texts },
  }
}

export const actions: Actions = {
  save: async ({ params: { id }, request, locals: { api } }) => {
    const form = await request.formData()
    const purpose = purposeOf(textOf(form, 'purpose'))
    const texts = inEachLanguage((language) => textOf(form, language))
    const typed = { purpose, title: textOf(form, 'title'), texts }
    const seen = form.has('seen') ? Number(textOf(form, 'seen')) : undefined
    const target = id === 'new' ? {} : { id, seen }
    const answer = await attempt(() => api.replies.save({ ...target, ...typed }))
    if (!answer.ok)
      return fail(answer.status, { typed, code: answer.refusal.code, problem: refusalText(answer.refusal) })
    redirect(303, '/admin/replies')
  },
  remove: async ({ params: { id }, locals: { api } }) => {
    const answer = await attempt(() => api.replies.remove({ id }))
    if (!answer.ok)
      return fail(answer.status, { code: answer.refusal.code, problem: refusalText(answer.refusal) })
    redirect(303, '/admin/replies')
  },
}
