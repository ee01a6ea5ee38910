import type { Language } from '$lib/registration/language'

/**
 * A moment (milliseconds since 1970) in words: in the reader's time zone, or in UTC, marked as such. `now`: what a
 * reader knows anyway is left out: the year, if it is this one, and the day, if it is today.
 */
export function momentText(at: number, language: Language, zone: 'local' | 'UTC', now?: number): string {
  const zoned = zone === 'UTC' ? { timeZone: 'UTC' } : {}
  const part = (moment: number, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language, { ...options, ...zoned }).format(moment)
  const isSame = (options: Intl.DateTimeFormatOptions) =>
    now !== undefined && part(at, options) === part(now, options)
  const day: Intl.DateTimeFormatOptions = isSame({ dateStyle: 'short' })
    ? {}
    : { day: 'numeric', month: 'long', ...(isSame({ year: 'numeric' }) ? {} : { year: 'numeric' }) }
  const text = part(at, { ...day, hour: 'numeric', minute: '2-digit' })
  return zone === 'UTC' ? `${text} UTC` : text
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
