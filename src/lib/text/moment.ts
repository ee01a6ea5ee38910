import type { Language } from '$lib/registration/language'

/** A moment (milliseconds since 1970) in words: in the reader's time zone, or in UTC, marked as such. */
export function momentText(at: number, language: Language, zone: 'local' | 'UTC'): string {
  return new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(zone === 'UTC' ? { timeZone: 'UTC', timeZoneName: 'short' } : {}),
  }).format(at)
}

/** The day of a moment in words, in the same zone. */
export function dayText(at: number, language: Language, zone: 'local' | 'UTC'): string {
  const day = { day: 'numeric', month: 'long', year: 'numeric' } as const
  return new Intl.DateTimeFormat(language, { ...day, ...(zone === 'UTC' ? { timeZone: 'UTC' } : {}) }).format(
    at,
  )
}

/** Its time of day; in UTC marked as such. */
export function timeText(at: number, language: Language, zone: 'local' | 'UTC'): string {
  return new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    ...(zone === 'UTC' ? { timeZone: 'UTC', timeZoneName: 'short' } : {}),
  }).format(at)
}
