import { trpc } from '$lib/trpc'
import type { QueueFilter } from '$lib/moderation/queue-filter'
import type { Refusal } from '$lib/registration/refusal'

/** What came of one decision on several requests. */
export interface Outcome {
  decision: 'approve' | 'deny'
  results: { id: string; username: string | null; refusal: Refusal | null }[]
  /** The connection broke half-way: what is not in the results was not decided. */
  broken: boolean
  /** It can be taken back for a while. */
  undoable: boolean
}

/** So many go out at once, so that one sees how far it is, and a broken connection leaves few in doubt. */
const AT_ONCE = 10

/**
 * Decides, a few at a time, what a form has ticked, or with `filter` everything that it finds. Answers what came of
 * each, also where the connection breaks half-way.
 */
export async function decideSeveral(
  form: FormData,
  filter: QueueFilter | null,
  tell: (done: number, of: number) => void,
): Promise<Outcome> {
  const decision = form.get('several') === 'approve' ? 'approve' : 'deny'
  const outcome: Outcome = { decision, results: [], broken: false, undoable: true }
  const verdict = {
    decision,
    message: String(form.get('several_message') ?? ''),
    silent: form.get('several_silent') !== null,
    category: String(form.get('several_category') ?? '') || null,
  } as const
  const names = new Map<string, string>()

  async function decide(items: { id: string; version: number }[]): Promise<void> {
    const results = await trpc.moderation.decideMany.mutate({ items, ...verdict })
    for (const { id, refusal } of results)
      outcome.results.push({ id, refusal, username: names.get(id) ?? null })
  }

  try {
    if (filter === null) {
      const items = readItems(form.getAll('item').map(String))
      for (let at = 0; at < items.length; at += AT_ONCE) {
        tell(at, items.length)
        await decide(items.slice(at, at + AT_ONCE))
      }
      return outcome
    }
    let after: string | undefined
    for (;;) {
      const page = await trpc.moderation.queue.query({ ...filter, after, limit: AT_ONCE })
      for (const { id, username } of page.items) names.set(id, username)
      tell(
        outcome.results.length,
        Math.max(page.counts[filter.tab], outcome.results.length + page.items.length),
      )
      await decide(page.items.map(({ id, version }) => ({ id, version })))
      if (page.next === null) return outcome
      after = page.next
    }
  } catch {
    // Said to the person: what was decided until then is in the list, and stands.
    return { ...outcome, broken: true }
  }
}

/** The values of ticked boxes: `VERSION.ID`. What no page here makes is left out. */
export function readItems(values: string[]): { id: string; version: number }[] {
  return values.flatMap((value) => {
    const [, version, id] = /^(\d{1,9})\.([\w-]{1,100})$/.exec(value) ?? []
    return version === undefined || id === undefined ? [] : [{ id, version: Number(version) }]
  })
}
