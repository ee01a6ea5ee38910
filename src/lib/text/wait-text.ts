import { getLocale } from '$lib/paraglide/runtime'
import type { Language } from '$lib/registration/language'

/** A waiting time, in the page's language if no other is given: in minutes, or from two hours on in hours, rounded up. */
export function waitText(minutes: number, language: Language = getLocale()): string {
  const [unit, count] =
    minutes < 120 ? (['minute', minutes] as const) : (['hour', Math.ceil(minutes / 60)] as const)
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count)
}
