import * as v from 'valibot'
import { languageSchema } from './language'
import type { Username } from './username'

/**
 * What an attempt to register brought with it, besides a name and an address that nobody has proven: it belongs to the
 * link of its mail, and counts once that link is confirmed. `heldFor`: why to look closer.
 */
export const broughtSchema = v.object({
  language: languageSchema,
  clientAddress: v.string(),
  invitationId: v.nullable(v.string()),
  heldFor: v.array(v.string()),
})
export type BroughtAlong = v.InferOutput<typeof broughtSchema>

/** The same with the name that its link confirms. */
export type Wish = BroughtAlong & { username: Username }

/** What a link brought, as it was kept; null where it is of a time before that was kept, and its registration tells. */
export function readBrought(kept: unknown): BroughtAlong | null {
  const read = v.safeParse(broughtSchema, kept)
  return read.success ? read.output : null
}
