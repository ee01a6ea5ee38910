import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals: { api } }) => ({ replies: await api.replies.list() })

export const actions: Actions = {
  start: async ({ locals: { api } }) => {
    const answer = await attempt(() => api.replies.start())
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, '/admin/replies')
  },
}
