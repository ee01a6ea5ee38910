import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { afterSignIn } from '../desk-path'
import { enterByPasskey } from '../enter-by-passkey'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals: { api, moderator } }) => {
  if (moderator !== null) redirect(303, '/admin')
  if (!(await api.session.isHalfWay())) redirect(303, '/admin/login')
}

export const actions = {
  passkey: enterByPasskey,
  code: async ({ request, locals: { api }, url }) => {
    const code = textOf(await request.formData(), 'code')
    const answer = await attempt(() => api.session.enterCode({ code }))
    if (answer.ok) redirect(303, afterSignIn(url))
    if (answer.refusal.code === 'not_signed_in') redirect(303, '/admin/login')
    return fail(answer.status, { problem: refusalText(answer.refusal) })
  },
} satisfies Actions
