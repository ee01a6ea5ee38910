import { TRPCClientError } from '@trpc/client'
import { trpc } from '$lib/trpc'
import type { QueueFilter } from '$lib/moderation/queue-filter'
import type { Refusal } from '$lib/registration/refusal'
import type { Router } from '$lib/server/trpc/router'

/** What came of one; null: it was done. */
export interface Decided {
  id: string
  refusal: Refusal | null
}

/** The result of a bulk decision: of each request that was answered for. */
export interface Outcome {
  decision: 'approve' | 'deny'
  results: (Decided & { username: string | null })[]
  /**
   * It ended early, by this refusal, or (null) because no answer arrived: requests that are neither in the results nor
   * `unconfirmed` are undecided.
   */
  broken: { refusal: Refusal | null } | null
  /** They were sent, and may be decided: the answer was lost. */
  unconfirmed: string[]
  /** It can be undone for a while. */
  undoable: boolean
}

/** What the form of the list sends in place of a decision where none was pressed. */
export const NOTHING = 'nothing'

/** How many are sent at once, so that progress shows, and a broken connection leaves few results unknown. */
const AT_ONCE = 10

/** A request as the moderator saw it, or as the list had it at that time. */
export interface Chosen {
  id: string
  version: number
  /** Null if the list had it no more. */
  username: string | null
}

/** The ticked ones of a list, by the values of their boxes. */
export function chosenOf(values: string[], listed: { id: string; username: string }[]): Chosen[] {
  const names = new Map(listed.map(({ id, username }) => [id, username]))
  return readItems(values).map((item) => ({ ...item, username: names.get(item.id) ?? null }))
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

/** Decides as the form says, a few at a time. Returns every result, even if it ends halfway. */
export async function decideSeveral(
  chosen: Chosen[],
  decision: Outcome['decision'],
  form: FormData,
  tell: (done: number) => void,
): Promise<Outcome> {
  const verdict = {
    decision,
    message: String(form.get('several_message') ?? ''),
    silent: form.get('several_silent') !== null,
    category: String(form.get('several_category') ?? '') || null,
  } as const
  const names = new Map(chosen.map(({ id, username }) => [id, username]))
  const results: Decided[] = []
  for (let at = 0; at < chosen.length; at += AT_ONCE) {
    tell(at)
    const items = chosen.slice(at, at + AT_ONCE).map(({ id, version }) => ({ id, version }))
    try {
      results.push(...(await trpc.moderation.decideMany.mutate({ items, ...verdict })))
    } catch (error) {
      // Shown to the moderator: what was decided until then is in the list, and stays.
      const refusal = refusalIn(error)
      const unconfirmed = refusal === null ? items.map(({ id }) => id) : []
      return { ...outcomeOf(decision, results, names), unconfirmed, broken: { refusal } }
    }
    if (outageIn(results) !== null) break
  }
  return outcomeOf(decision, results, names)
}

/** What came of a bulk decision. What an outage met is undecided, like all that would have followed it. */
export function outcomeOf(
  decision: Outcome['decision'],
  results: Decided[],
  names: ReadonlyMap<string, string | null> = new Map(),
): Outcome {
  const outage = outageIn(results)
  return {
    decision,
    results: results
      .filter(({ refusal }) => refusal === null || refusal !== outage)
      .map(({ id, refusal }) => ({ id, refusal, username: names.get(id) ?? null })),
    broken: outage === null ? null : { refusal: outage },
    unconfirmed: [],
    undoable: true,
  }
}

/** The outage that ended a series of decisions early, or null. */
export const outageIn = (results: Decided[]): Refusal | null =>
  results.find(({ refusal }) => refusal?.code === 'database_unavailable')?.refusal ?? null

/** The refusal that the server answered with: then nothing was done. Null if it is unknown what was. */
export function refusalIn(error: unknown): Refusal | null {
  const data = error instanceof TRPCClientError ? (error as TRPCClientError<Router>).data : null
  return data && 'refusal' in data ? data.refusal : null
}

/** The values of ticked boxes: `VERSION.ID`. Values that no page here creates are ignored. */
export function readItems(values: string[]): { id: string; version: number }[] {
  return values.flatMap((value) => {
    const [, version, id] = /^(\d{1,9})\.([\w-]{1,100})$/.exec(value) ?? []
    return version === undefined || id === undefined ? [] : [{ id, version: Number(version) }]
  })
}
