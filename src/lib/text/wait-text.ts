import { getLocale } from '$lib/paraglide/runtime'

/** How long to wait, in the language of the page: in minutes, from two hours on in hours, rounded up. */
export function waitText(minutes: number): string {
  const [unit, count] =
    minutes < 120 ? (['minute', minutes] as const) : (['hour', Math.ceil(minutes / 60)] as const)
  return new Intl.NumberFormat(getLocale(), { style: 'unit', unit, unitDisplay: 'long' }).format(count)
}
