import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/components/refusal-text'
import { textOf } from '$lib/server/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ url, locals }) => {
  const over = url.searchParams.get('over') !== null
  const before = url.searchParams.get('before')?.slice(0, 100)
  const codes = await locals.api.invitations.list({ over, ...(before === undefined ? {} : { before }) })
  return { codes, over, made: url.searchParams.get('made') }
}

const EMPTY = { note: '', uses: '', days: '', skipReview: false }

export const actions: Actions = {
  make: async ({ request, locals, url }) => {
    const form = await request.formData()
    const typed = {
      note: textOf(form, 'note'),
      uses: textOf(form, 'uses'),
      days: textOf(form, 'days'),
      skipReview: form.has('skipReview'),
    }
    const answer = await attempt(() => locals.api.invitations.make(typed))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), typed })
    redirect(303, `${url.pathname}?made=${answer.value.id}`)
  },
  end: async ({ request, locals, url }) => {
    const id = textOf(await request.formData(), 'id')
    const answer = await attempt(() => locals.api.invitations.end({ id }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), typed: EMPTY })
    redirect(303, url.pathname)
  },
}
