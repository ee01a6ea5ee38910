import { fail, redirect } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/text/refusal-text'
import { queueQuery, readQueueFilter } from '$lib/moderation/queue-filter'
import { usernameSchema } from '$lib/registration/username'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'
import { NOTHING, outageIn, outcomeOf, readItems, type Decided } from './decide-several'
import type { Kept } from './kept'
import { endText } from './words'

export const load: PageServerLoad = async ({ locals: { api }, parent }) => {
  const { queue } = await parent()
  return {
    stuck: await api.moderation.stuck(),
    failures: await api.moderation.failures(),
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
  retryAlike: async ({ request, url, locals }) => {
    const job = textOf(await request.formData(), 'job')
    const answer = await attempt(() => locals.api.moderation.retryAlike({ job }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, `/admin${queueQuery(readQueueFilter(url.searchParams))}`)
  },
  dismiss: async ({ request, locals }) => {
    const job = textOf(await request.formData(), 'job')
    const answer = await attempt(() => locals.api.moderation.dismissJob({ job }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, '/admin')
  },
  checkDoubts: async ({ url, locals }) => {
    const answer = await attempt(() => locals.api.moderation.checkDoubts())
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal) })
    redirect(303, `/admin${queueQuery(readQueueFilter(url.searchParams))}`)
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
  several: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    const items = readItems(form.getAll('item').map(String))
    const decision = textOf(form, 'several')
    const message = textOf(form, 'several_message')
    const category = textOf(form, 'several_category') || null
    const silent = textOf(form, 'several_silent') !== ''
    // The input is kept: it may be worth another try.
    const kept: Kept = { items: items.map(({ id }) => id), message, category, silent }
    if (decision === NOTHING) return { kept }
    if (items.length === 0 || (decision !== 'approve' && decision !== 'deny'))
      return fail(400, { problem: refusalText({ code: 'unreadable' }), kept })
    const answer = await attempt(() =>
      api.moderation.decideMany({ items, decision, message, silent, category }),
    )
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), kept })
    const outcome = outcomeOf(decision, answer.value, await namesOfRefused(api, answer.value))
    return outcome.broken === null ? { outcome } : fail(503, { outcome, kept })
  },
  undoSeveral: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    const decided = form.getAll('id').map(String)
    const unconfirmed = form.getAll('unconfirmed').map(String)
    const ids = [...decided, ...unconfirmed]
    // Of those whose answer got lost, some may never have been decided.
    const counted = (results: Decided[]) =>
      results.filter((result) => !unconfirmed.includes(result.id) || isDecided(result))
    const results: Decided[] = []
    for (let at = 0; at < ids.length; at += 50) {
      const answer = await attempt(() => api.moderation.undoMany({ ids: ids.slice(at, at + 50) }))
      if (answer.ok) results.push(...answer.value)
      const refusal = answer.ok ? outageIn(answer.value) : answer.refusal
      if (refusal === null) continue
      // What is left can be undone by trying again.
      const done = results.filter(isDone).map(({ id }) => id)
      const isLeft = (id: string) => !done.includes(id)
      const decision = textOf(form, 'decision') === 'approve' ? 'approve' : 'deny'
      const left = decided.filter(isLeft).map((id) => ({ id, refusal: null }))
      const outcome = { ...outcomeOf(decision, left), unconfirmed: unconfirmed.filter(isLeft) }
      const status = answer.ok ? 503 : answer.status
      return fail(status, { problem: endText(refusal, counted(results).filter(isDone).length), outcome })
    }
    return { undone: counted(results).filter(isDone).length, asked: counted(results).length }
  },
}

/** The usernames of what was refused, of those that the moderator may see. */
async function namesOfRefused(
  api: Pick<App.Locals['api'], 'moderation'>,
  results: Decided[],
): Promise<Map<string, string>> {
  const refused = results.filter(({ refusal }) => refusal !== null && refusal !== outageIn(results))
  const found = await Promise.all(refused.map(({ id }) => attempt(() => api.moderation.registration({ id }))))
  return new Map(found.flatMap((one) => (one.ok ? [[one.value.id, one.value.username]] : [])))
}

/** Undone, or waiting again already: the answer to an earlier press got lost. */
const isDone = ({ refusal }: Decided): boolean =>
  refusal === null || (refusal.code === 'wrong_state' && refusal.state === 'requested')
/** Whether there was a decision of the moderator's to undo. */
const isDecided = ({ refusal }: Decided): boolean =>
  refusal?.code !== 'wrong_state' && refusal?.code !== 'already_decided'
