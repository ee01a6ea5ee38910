import { and, eq, sql, type Placeholder, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { EventKind } from '$lib/registration/registration'
import { events } from './schema'

/**
 * Events of a kind that belong to one registration. They are found among its own, which are few: by itself, SQLite goes
 * through all events of that kind, which can be a million.
 */
export const eventsOf = (
  registrationId: string | SQLWrapper | Placeholder,
  kind: EventKind | Placeholder,
): SQL | undefined => and(eq(events.registrationId, registrationId), eq(sql`+${events.kind}`, kind))
