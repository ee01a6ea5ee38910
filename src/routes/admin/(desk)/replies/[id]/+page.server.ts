import { error, fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { REPLY_PURPOSES } from '$lib/moderation/reply'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

const purposeOf = (typed: string | null) => REPLY_PURPOSES.find((one) => one === typed) ?? 'approve'

/** A canned reply, or an empty one to add (`new`). */
export const load: PageServerLoad = async ({ params: { id }, url, locals: { api } }) => {
  const purpose = purposeOf(url.searchParams.get('purpose'))
  if (id === 'new') return { isNew: true, reply: { purpose, title: '', en: '', de: '' } }
  const found = (await api.replies.list()).find((one) => one.id === id)
  if (found === undefined) error(404, refusalText({ code: 'reply_gone' }))
  const { title, texts } = found
  return {
    isNew: false,
    reply: { purpose: found.purpose, title, en: texts.en ?? '', de: texts.de ?? '' },
  }
}

export const actions: Actions = {
  save: async ({ params: { id }, request, locals: { api } }) => {
    const form = await request.formData()
    const purpose = purposeOf(textOf(form, 'purpose'))
    const typed = { purpose, title: textOf(form, 'title'), en: textOf(form, 'en'), de: textOf(form, 'de') }
    const { title, en, de } = typed
    const target = id === 'new' ? {} : { id }
    const answer = await attempt(() => api.replies.save({ ...target, purpose, title, texts: { en, de } }))
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
