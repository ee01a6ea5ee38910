import { error, fail, redirect } from '@sveltejs/kit'
import { m } from '$lib/paraglide/messages'
import { refusalText } from '$lib/text/refusal-text'
import { queueQuery, readQueueFilter } from '$lib/moderation/queue-filter'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { deskPath } from '../../../../login/desk-path'
import { pathOf } from './path-of'
import { talkActions } from './talk-actions'
import { loadTalk } from './talk-load'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params: { id }, locals: { api }, url }) => {
  // Read before the rest, so that no change since is missed: the list may have been loaded earlier.
  const revision = await api.moderation.revision()
  const answer = await attempt(() => api.moderation.registration({ id }))
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  const filter = readQueueFilter(url.searchParams)
  const [neighbours, facts, talk] = await Promise.all([
    api.moderation.neighbours({ id, filter }),
    api.signals.about({ id }),
    loadTalk(api, id, url),
  ])
  return {
    revision,
    registration: answer.value,
    neighbours,
    facts,
    ...talk,
    undone: url.searchParams.get('undone'),
    now: Date.now(),
  }
}

const DECISIONS = ['approve', 'probation'] as const

export const actions = {
  ...talkActions,
  decide: async ({ params: { id }, request, locals: { api }, url }) => {
    const form = await request.formData()
    const message = textOf(form, 'message')
    const silent = textOf(form, 'silent') !== ''
    const category = textOf(form, 'category') || null
    const over = textOf(form, 'over') !== ''
    const filter = readQueueFilter(url.searchParams)
    // Queried first: a decided request is no longer part of most lists.
    const { after } = await api.moderation.neighbours({ id, filter })
    const answer = await attempt(() =>
      api.moderation.decide({
        id,
        version: Number(textOf(form, 'version')),
        decision: DECISIONS.find((one) => one === textOf(form, 'decision')) ?? 'deny',
        message,
        silent,
        category,
        over,
      }),
    )
    // The input is kept: it may be worth an email, or another try.
    if (!answer.ok) {
      const claimed = answer.refusal.code === 'claimed' ? answer.refusal.by : null
      const problem = claimed === null ? refusalText(answer.refusal) : m.desk_decide_claimed({ by: claimed })
      return fail(answer.status, { message, silent, category, problem, claimed })
    }
    const next = after ?? (await api.moderation.queue({ ...filter, after: undefined, limit: 1 })).items[0]?.id
    const query = queueQuery(filter)
    const path = next === undefined || next === id ? '/admin' : `/admin/registrations/${next}`
    redirect(303, `${path}${query === '' ? '?' : `${query}&`}done=${id}`)
  },
  undo: async ({ params: { id }, request, locals: { api }, url }) => {
    const back = textOf(await request.formData(), 'back')
    const answer = await attempt(() => api.moderation.undo({ id }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    const path = back === '' ? pathOf(id, url) : deskPath(back)
    redirect(303, `${path}${path.includes('?') ? '&' : '?'}undone=${answer.value.state}`)
  },
  probation: async ({ params: { id }, request, locals: { api }, url }) => {
    const version = Number(textOf(await request.formData(), 'version'))
    const answer = await attempt(() => api.moderation.endProbation({ id, version }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, pathOf(id, url))
  },
  retry: async ({ params: { id }, request, locals: { api }, url }) => {
    const job = textOf(await request.formData(), 'job')
    const answer = await attempt(() => api.moderation.retryJob({ job }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, pathOf(id, url))
  },
  dismiss: async ({ params: { id }, request, locals: { api }, url }) => {
    const job = textOf(await request.formData(), 'job')
    const answer = await attempt(() => api.moderation.dismissJob({ job }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, pathOf(id, url))
  },
} satisfies Actions
