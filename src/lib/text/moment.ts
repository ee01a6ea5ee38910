import type { Language } from '$lib/registration/language'

const formats = new Map<string, Intl.DateTimeFormat>()

/** As `Intl` formats it. Each format is made once, which takes longer than all that is done with it. */
function format(
  at: number,
  language: Language,
  zone: 'local' | 'UTC',
  options: Intl.DateTimeFormatOptions,
): string {
  const zoned = zone === 'UTC' ? { ...options, timeZone: 'UTC' } : options
  const key = JSON.stringify([language, zoned])
  const known = formats.get(key)
  if (known !== undefined) return known.format(at)
  const made = new Intl.DateTimeFormat(language, zoned)
  formats.set(key, made)
  return made.format(at)
}

/**
 * A moment (milliseconds since 1970) in words: in the reader's time zone, or in UTC, marked as such. `now`: what a
 * reader knows anyway is left out: the year, if it is this one, and the day, if it is today.
 */
export function momentText(at: number, language: Language, zone: 'local' | 'UTC', now?: number): string {
  const part = (moment: number, options: Intl.DateTimeFormatOptions) =>
    format(moment, language, zone, options)
  const isSame = (options: Intl.DateTimeFormatOptions) =>
    now !== undefined && part(at, options) === part(now, options)
  const day: Intl.DateTimeFormatOptions = isSame({ dateStyle: 'short' })
    ? {}
    : { day: 'numeric', month: 'long', ...(isSame({ year: 'numeric' }) ? {} : { year: 'numeric' }) }
  const text = part(at, { ...day, hour: 'numeric', minute: '2-digit' })
  return zone === 'UTC' ? `${text} UTC` : text
}

/** The day of a moment in words, in the same zone. */
export const dayText = (at: number, language: Language, zone: 'local' | 'UTC'): string =>
  format(at, language, zone, { day: 'numeric', month: 'long', year: 'numeric' })

/** Its time of day; in UTC marked as such. */
export const timeText = (at: number, language: Language, zone: 'local' | 'UTC'): string =>
  format(at, language, zone, {
    hour: '2-digit',
    minute: '2-digit',
    ...(zone === 'UTC' ? { timeZoneName: 'short' } : {}),
  })
