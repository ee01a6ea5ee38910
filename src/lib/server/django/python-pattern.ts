/** What of a pattern of Python's `re` comes out otherwise in RE2 with case ignored. */
export interface PatternTraits {
  /** It has capitals besides those in classes: small letters match them here. */
  hasCapitals: boolean
  /**
   * It has a class with capitals but not their small letters (`[A-Z]`, `[^A-Z]`, `[.-a]`): with case ignored, it would
   * be another class.
   */
  hasCapitalClass: boolean
  /** Sentences: why it cannot be taken at all. */
  problem: string | null
}

const SMALL_LETTERS = [...'abcdefghijklmnopqrstuvwxyz'].map(codeOf)
/** Besides the capital, what is the same letter with case ignored: long s and the sign for kelvin. */
const ALSO = new Map([
  [codeOf('s'), 0x17f],
  [codeOf('k'), 0x212a],
])
const isCapital = (code: number): boolean => code >= codeOf('A') && code <= codeOf('Z')
const LETTERS: Range[] = [
  [codeOf('A'), codeOf('Z')],
  [codeOf('a'), codeOf('z')],
]

/** The first and last code of some characters. */
type Range = [number, number]

/** Reads a pattern of Python's `re`. */
export function readPythonPattern(pattern: string): PatternTraits {
  const traits: PatternTraits = { hasCapitals: false, hasCapitalClass: false, problem: null }
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at)
    // The names of groups are no text.
    const group = /^\(\?(?:P?<\w+>|[a-zA-Z-]*[:)])/.exec(rest)?.[0]
    if (group !== undefined) at += group.length
    else if (rest.startsWith('[')) at += readClass(rest, traits)
    else if (/^\{,\d*\}/.test(rest)) {
      traits.problem ??= '{,n} is no repetition here; write {0,n}'
      at += 1
    } else {
      const { length, code } = readCharacter(rest, traits, { isInClass: false })
      if (code !== null && isCapital(code)) traits.hasCapitals = true
      at += length
    }
  }
  return traits
}

/** Returns the length of the class that a text begins with. */
function readClass(text: string, traits: PatternTraits): number {
  const ranges: Range[] = []
  let at = text.startsWith('[^') ? 2 : 1
  for (let isFirst = true; at < text.length && (isFirst || text[at] !== ']'); isFirst = false) {
    if (/^\[:\^?\w*:\]/.test(text.slice(at))) traits.problem ??= 'Python reads [:…:] in another way'
    const from = readCharacter(text.slice(at), traits, { isInClass: true })
    at += from.length
    if (from.code === null) {
      ranges.push(...from.ranges)
      continue
    }
    const isRange = text[at] === '-' && at + 1 < text.length && text[at + 1] !== ']'
    const to = isRange ? readCharacter(text.slice(at + 1), traits, { isInClass: true }) : null
    if (to !== null) at += 1 + to.length
    ranges.push([from.code, to?.code ?? from.code])
  }
  const has = (code: number | undefined) =>
    code !== undefined && ranges.some(([first, last]) => first <= code && code <= last)
  if (SMALL_LETTERS.some((code) => !has(code) && (has(code - 32) || has(ALSO.get(code)))))
    traits.hasCapitalClass = true
  return at + 1
}

/** A character, or an escape: its length, and its code or, for one of several characters, their letters. */
function readCharacter(
  text: string,
  traits: PatternTraits,
  { isInClass }: { isInClass: boolean },
): { length: number; code: number; ranges?: never } | { length: number; code: null; ranges: Range[] } {
  if (!text.startsWith('\\')) {
    const [character = ''] = text
    return { length: character.length, code: codeOf(character) }
  }
  const [octal = ''] = (isInClass ? /^\\[0-7]{1,3}/ : /^\\(?:0[0-7]{0,2}|[0-7]{3})/).exec(text) ?? []
  if (octal !== '') return { length: octal.length, code: Number.parseInt(octal.slice(1), 8) }
  const [, hex] = /^\\x([\da-f]{2})/i.exec(text) ?? []
  if (hex !== undefined) return { length: 4, code: Number.parseInt(hex, 16) }
  const letter = text[1] ?? ''
  // RE2 knows them, and Python fails: a rule on usernames without an end date was never tried there.
  if (/[pPQECz]/.test(letter))
    traits.problem ??= `\\${letter} does not exist in Python: it never worked there`
  if (/[wDS]/.test(letter)) return { length: 2, code: null, ranges: LETTERS }
  if (/[a-zA-Z\d]/.test(letter)) return { length: 2, code: null, ranges: [] }
  return { length: 1 + letter.length, code: codeOf(letter) }
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}
