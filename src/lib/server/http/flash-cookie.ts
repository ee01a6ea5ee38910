import * as v from 'valibot'
import { createSeal } from '../crypto/sealed'

/** Whoever has not been redirected to the page by then will not get there any more. */
export const FLASH_MS = 5 * 60_000

const keptSchema = v.pipe(v.string(), v.parseJson(), v.object({ text: v.string(), until: v.number() }))

/**
 * Something a page shows once, after its form's redirect: carried by the browser in a cookie that nobody else can
 * read or create, and that works for no other moderator. The database is not involved.
 */
export function createFlashCookie({ secretKey, clock }: { secretKey: string; clock: () => number }) {
  const seal = createSeal(secretKey, 'shown once')

  return {
    keep: (text: string, whose: string): string =>
      seal.seal(JSON.stringify({ text, until: clock() + FLASH_MS }), whose),

    /** Null if it is somebody else's, or too old, or not ours. */
    open(kept: string | undefined, whose: string): string | null {
      const read = v.safeParse(keptSchema, kept === undefined ? null : seal.open(kept, whose))
      return read.success && clock() < read.output.until ? read.output.text : null
    },
  }
}
