import { distance } from 'fastest-levenshtein'

/** The most likely intended candidate, or null if none is close: within two letters, or a third of them. */
export function nearest(typed: string, candidates: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-\s]/g, '_')
  let best: { candidate: string; distance: number } | null = null
  for (const candidate of candidates) {
    const away = distance(plain(typed), plain(candidate))
    if (best === null || away < best.distance) best = { candidate, distance: away }
  }
  const longest = Math.max(typed.length, best?.candidate.length ?? 0)
  return best !== null && best.distance <= Math.max(longest >= 4 ? 2 : 1, Math.floor(longest / 3))
    ? best.candidate
    : null
}

/**
 * The setting that an unknown key most likely means: one of its own group with a similar name, else one anywhere with
 * the same name, else one with a similar path. All are dotted paths.
 */
export function suggestSetting(unknown: string, settings: readonly string[]): string | null {
  const name = lastPart(unknown)
  const group = unknown.slice(0, unknown.length - name.length)
  const siblings = settings.filter((path) => path === group + lastPart(path))
  const sibling = nearest(name, siblings.map(lastPart))
  if (sibling !== null) return group + sibling
  const others = settings.filter((path) => !siblings.includes(path))
  return others.find((path) => lastPart(path) === name) ?? nearest(unknown, others)
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
