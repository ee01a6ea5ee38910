import { m } from '$lib/paraglide/messages'

/** A duration in minutes, hours or days. */
export function durationText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 1) return m.facts_at_once()
  if (minutes < 60) return m.desk_age_minutes({ count: minutes })
  if (minutes < 48 * 60) return m.desk_age_hours({ count: Math.floor(minutes / 60) })
  return m.desk_age_days({ count: Math.floor(minutes / 60 / 24) })
}
