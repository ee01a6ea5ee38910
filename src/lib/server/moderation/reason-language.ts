import { detectAll } from 'tinyld/light'

/** Shorter texts fit any language. */
const LETTERS = 15
/** Below this the library is guessing. */
const SURE = 0.5

/** The detected language of a reason (ISO 639-1), or null if that would be a guess. */
export function languageOf(reason: string): string | null {
  if ((reason.match(/\p{L}/gu) ?? []).length < LETTERS) return null
  const [likeliest] = detectAll(reason.slice(0, 1000))
  return likeliest !== undefined && likeliest.accuracy >= SURE ? likeliest.lang : null
}
