import * as v from 'valibot'
import { FLASH_MS } from '$lib/server/http/flash-cookie'
import type { Context } from '$lib/server/trpc/context'

const COOKIE = 'fresh-code'

const freshSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ id: v.string(), code: v.string(), link: v.string() }),
)
/** A code that was just created, and its link. */
export type FreshCode = v.InferOutput<typeof freshSchema>

/** Lets the next page show the code, to its creator and in this browser only. */
export function keepFresh({ services, cookies, moderator }: Context, fresh: FreshCode): void {
  if (moderator === null) return
  const kept = services.flashCookie.keep(JSON.stringify(fresh), moderator.id)
  cookies.set(COOKIE, kept, FLASH_MS / 1000)
}

/** The code with that ID, the only time it is shown; null before and after. */
export function takeFresh({ services, cookies, moderator }: Context, id: string): FreshCode | null {
  const kept = cookies.get(COOKIE)
  if (kept === undefined || moderator === null) return null
  const fresh = v.safeParse(freshSchema, services.flashCookie.open(kept, moderator.id))
  if (!fresh.success || fresh.output.id !== id) return null
  cookies.delete(COOKIE)
  return fresh.output
}
