import { fail, redirect } from '@sveltejs/kit'
import { can } from '$lib/moderation/permission'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { keepFresh, takeFresh } from './fresh-code'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ url, locals: { api, context, moderator } }) => {
  const over = url.searchParams.get('over') !== null
  const before = url.searchParams.get('before')?.slice(0, 100)
  const made = url.searchParams.get('made')
  return {
    codes: await api.invitations.list({ over, ...(before === undefined ? {} : { before }) }),
    over,
    made,
    fresh: made === null ? null : takeFresh(context, made),
    known:
      moderator !== null && can(moderator.role, 'revoke-known-codes') ? await api.invitations.known() : [],
  }
}

const EMPTY = { note: '', uses: '', days: '', skipReview: false }

export const actions: Actions = {
  make: async ({ request, locals: { api, context }, url }) => {
    const form = await request.formData()
    const typed = {
      note: textOf(form, 'note'),
      uses: textOf(form, 'uses'),
      days: textOf(form, 'days'),
      skipReview: form.has('skipReview'),
    }
    const answer = await attempt(() => api.invitations.make(typed))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), typed })
    keepFresh(context, answer.value)
    redirect(303, `${url.pathname}?made=${answer.value.id}`)
  },
  end: async ({ request, locals: { api }, url }) => {
    const id = textOf(await request.formData(), 'id')
    const answer = await attempt(() => api.invitations.end({ id }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), typed: EMPTY })
    redirect(303, url.pathname)
  },
  endKnown: async ({ request, locals: { api }, url }) => {
    const moderator = textOf(await request.formData(), 'id')
    const answer = await attempt(() => api.invitations.endKnown({ moderator }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), typed: EMPTY })
    redirect(303, url.pathname)
  },
}
