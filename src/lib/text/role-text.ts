import type { Role } from '$lib/moderation/moderator'
import { m } from '$lib/paraglide/messages'

const ROLE_WORDS: Record<Role, () => string> = {
  moderator: m.people_moderator,
  administrator: m.people_administrator,
}

/** A role in words. */
export const roleText = (role: Role): string => ROLE_WORDS[role]()
