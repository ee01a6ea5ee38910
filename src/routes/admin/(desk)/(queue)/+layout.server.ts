import { randomUUID } from 'node:crypto'
import { readQueueFilter } from '$lib/moderation/queue-filter'
import { attempt } from '$lib/server/trpc/attempt'
import type { LayoutServerLoad } from './$types'

/** The list is beside whatever is open, so every URL below carries its whole state; `done` is the latest decision. */
export const load: LayoutServerLoad = async ({ locals: { api }, url, params, isDataRequest, untrack }) => {
  const load = randomUUID()
  // Moving on to another request does not load the list again.
  const id = untrack(() => params.id)
  // A page that fetches its data has a connection, which says so. Nobody waits for this, and presence is not worth an
  // error: the page is what they came for.
  if (id !== undefined && !isDataRequest) void api.moderation.look({ id, page: load }).catch(() => {})
  const listRevision = await api.moderation.revision()
  const filter = readQueueFilter(url.searchParams)
  const done = url.searchParams.get('done')
  const decided = done === null ? null : await attempt(() => api.moderation.registration({ id: done }))
  return {
    filter,
    /** Read before the rest, so that no change since is missed. */
    listRevision,
    queue: await api.moderation.queue(filter),
    decided: decided?.ok === true ? decided.value : null,
    opening: await api.registration.opening(),
    outages: await api.moderation.outages(),
    notices: await api.moderation.notices(),
    setUp: await api.moderation.setUp(),
    crowds: await api.moderation.crowds(),
    guesses: await api.account.guesses(),
    choices: await api.moderation.choices(),
    now: Date.now(),
    /** This load of the page, by which its connection takes over its presence. */
    load,
  }
}
