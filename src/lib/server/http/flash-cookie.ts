import * as v from 'valibot'
import { createSeal } from '../crypto/sealed'

/** Whoever is not led on to the page by then does not get there any more. */
export const SHOWN_ONCE_MS = 5 * 60_000

const keptSchema = v.pipe(v.string(), v.parseJson(), v.object({ text: v.string(), until: v.number() }))

export type ShownOnce = ReturnType<typeof createShownOnce>

/**
 * What a page shows once, after the redirect that follows its form: the browser carries it there in a cookie, which
 * nobody else can read or make, and which opens for no other moderator. The database has no part in it.
 */
export function createShownOnce({ secretKey, clock }: { secretKey: string; clock: () => number }) {
  const seal = createSeal(secretKey, 'shown once')

  return {
    keep: (text: string, whose: string): string =>
      seal.seal(JSON.stringify({ text, until: clock() + SHOWN_ONCE_MS }), whose),

    /** Null where it is somebody else's, or too old, or none of ours. */
    open(kept: string | undefined, whose: string): string | null {
      const read = v.safeParse(keptSchema, kept === undefined ? null : seal.open(kept, whose))
      return read.success && clock() < read.output.until ? read.output.text : null
    },
  }
}
