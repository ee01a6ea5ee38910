import { fail, redirect } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/components/refusal-text'
import { usernameSchema } from '$lib/registration/username'
import { textOf } from '$lib/server/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

const tabSchema = v.fallback(v.picklist(['waiting', 'trouble', 'decided', 'all']), 'waiting')

export const load: PageServerLoad = async ({ locals: { api }, url }) => {
  const tab = v.parse(tabSchema, url.searchParams.get('tab'))
  const after = url.searchParams.get('after')
  const queue = await api.moderation.queue({ tab, ...(after === null ? {} : { after }) })
  return {
    tab,
    queue,
    now: Date.now(),
    stuck: await api.moderation.stuck(),
    outages: await api.moderation.outages(),
    notices: await api.moderation.notices(),
    doubts: queue.counts.doubts > 0 ? await api.moderation.doubts() : [],
  }
}

export const actions: Actions = {
  retry: async ({ request, locals }) => {
    const job = textOf(await request.formData(), 'job')
    const answer = await attempt(() => locals.api.moderation.retryJob({ job }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, '/admin')
  },
  settle: async ({ request, locals }) => {
    const form = await request.formData()
    const username = v.safeParse(usernameSchema, textOf(form, 'username'))
    if (!username.success) return fail(400, { problem: refusalText({ code: 'not_found' }) })
    const verdict = textOf(form, 'verdict') === 'adopt' ? 'adopt' : 'leave'
    const answer = await attempt(() =>
      locals.api.moderation.settleDoubt({ username: username.output, verdict }),
    )
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, '/admin')
  },
}
