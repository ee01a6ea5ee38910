import { getLocale } from '$lib/paraglide/runtime'

/** A waiting time in the page's language: in minutes, or from two hours on in hours, rounded up. */
export function waitText(minutes: number): string {
  const [unit, count] =
    minutes < 120 ? (['minute', minutes] as const) : (['hour', Math.ceil(minutes / 60)] as const)
  return new Intl.NumberFormat(getLocale(), { style: 'unit', unit, unitDisplay: 'long' }).format(count)
}
