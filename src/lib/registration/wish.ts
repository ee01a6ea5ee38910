import * as v from 'valibot'
import { languageSchema } from './language'
import type { Username } from './username'

/**
 * What an attempt to register brought, besides a username and an unverified email address: it belongs to the link in
 * its email, and applies once that link is confirmed. `heldFor`: why it is flagged.
 */
export const broughtSchema = v.object({
  language: languageSchema,
  clientAddress: v.string(),
  invitationId: v.nullable(v.string()),
  heldFor: v.array(v.string()),
})
export type BroughtAlong = v.InferOutput<typeof broughtSchema>

/** The same with the username that its link confirms. */
export type Wish = BroughtAlong & { username: Username }

/** The stored data of a link; null if it is from before that was stored, and its registration has it. */
export function readBrought(kept: unknown): BroughtAlong | null {
  const read = v.safeParse(broughtSchema, kept)
  return read.success ? read.output : null
}
