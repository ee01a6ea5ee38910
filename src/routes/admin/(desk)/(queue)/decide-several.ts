import { trpc } from '$lib/trpc'
import type { QueueFilter } from '$lib/moderation/queue-filter'
import type { Refusal } from '$lib/registration/refusal'

/** The result of one decision in a bulk decision. */
export interface Outcome {
  decision: 'approve' | 'deny'
  results: { id: string; username: string | null; refusal: Refusal | null }[]
  /** The connection broke halfway: requests that are not in the results were not decided. */
  broken: boolean
  /** It can be undone for a while. */
  undoable: boolean
}

/** How many are sent at once, so that progress shows, and a broken connection leaves few results unknown. */
const AT_ONCE = 10

/** A request as the moderator saw it, or as the list had it at that time. */
export interface Chosen {
  id: string
  version: number
  username: string | null
}

/** Everything that a list contains now, on every page, without deciding anything. Later requests are not included. */
export async function everythingIn(filter: QueueFilter, tell: (found: number) => void): Promise<Chosen[]> {
  const chosen: Chosen[] = []
  let after: string | undefined
  for (;;) {
    const page = await trpc.moderation.queue.query({ ...filter, after })
    chosen.push(...page.items.map(({ id, version, username }) => ({ id, version, username })))
    tell(chosen.length)
    if (page.next === null) return chosen
    after = page.next
  }
}

/** Decides as the form says, a few at a time. Returns every result, even if the connection breaks halfway. */
export async function decideSeveral(
  chosen: Chosen[],
  decision: Outcome['decision'],
  form: FormData,
  tell: (done: number) => void,
): Promise<Outcome> {
  const outcome: Outcome = { decision, results: [], broken: false, undoable: true }
  const verdict = {
    decision,
    message: String(form.get('several_message') ?? ''),
    silent: form.get('several_silent') !== null,
    category: String(form.get('several_category') ?? '') || null,
  } as const
  const names = new Map(chosen.map(({ id, username }) => [id, username]))
  try {
    for (let at = 0; at < chosen.length; at += AT_ONCE) {
      tell(at)
      const items = chosen.slice(at, at + AT_ONCE).map(({ id, version }) => ({ id, version }))
      for (const { id, refusal } of await trpc.moderation.decideMany.mutate({ items, ...verdict }))
        outcome.results.push({ id, refusal, username: names.get(id) ?? null })
    }
    return outcome
  } catch {
    // Shown to the moderator: what was decided until then is in the list, and stays.
    return { ...outcome, broken: true }
  }
}

/** The values of ticked boxes: `VERSION.ID`. Values that no page here creates are ignored. */
export function readItems(values: string[]): { id: string; version: number }[] {
  return values.flatMap((value) => {
    const [, version, id] = /^(\d{1,9})\.([\w-]{1,100})$/.exec(value) ?? []
    return version === undefined || id === undefined ? [] : [{ id, version: Number(version) }]
  })
}
