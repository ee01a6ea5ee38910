/** A piece of text: as it is, or a character that is invisible or deceptive, with its name. */
export type Piece = { text: string } | { code: string; kind: OddKind }

/** `invisible`: zero width; `direction`: changes the reading direction; `control`: a control character. */
export type OddKind = 'invisible' | 'direction' | 'control'

/** Changes the direction (UAX #9); it can make a username read as another. */
const DIRECTION = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u
/** Within emoji, joiners combine two into one, and variation selectors choose a form: both are legitimate there. */
const ODD = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0]/u
/** Most texts contain none. */
const HIDES = new RegExp(`(?![\\n\\t])${ODD.source}`, 'u')
const PICTURE = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F/u
/** Scripts with joined letters need the joiners (Arabic, and those of India and Persia). */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Kannada}\p{Script=Telugu}\p{Script=Gujarati}]/u

/**
 * Splits a text so that nothing in it stays hidden: each character without a visible shape becomes a piece with its
 * code point (`U+202E`). Line breaks and tabs stay text.
 */
export function piecesOf(text: string): Piece[] {
  if (!HIDES.test(text)) return text === '' ? [] : [{ text }]
  const characters = [...text]
  const pieces: Piece[] = []
  let plain = ''
  for (const [index, character] of characters.entries()) {
    if (!isOdd(character, characters[index - 1] ?? '', characters[index + 1] ?? '')) {
      plain += character
      continue
    }
    if (plain !== '') pieces.push({ text: plain })
    plain = ''
    pieces.push({ code: codeOf(character), kind: kindOf(character) })
  }
  if (plain !== '') pieces.push({ text: plain })
  return pieces
}

function isOdd(character: string, before: string, after: string): boolean {
  if (character === '\n' || character === '\t' || !ODD.test(character)) return false
  if (character !== '\u200D' && character !== '\u200C') return true
  if (character === '\u200D' && PICTURE.test(before) && PICTURE.test(after)) return false
  return !JOINING.test(before)
}

function kindOf(character: string): OddKind {
  if (DIRECTION.test(character)) return 'direction'
  return /\p{Cc}/u.test(character) ? 'control' : 'invisible'
}

const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** Alphabets whose letters are easily confused. */
const ALPHABETS = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
] as const
export type Alphabet = (typeof ALPHABETS)[number][0]

/** Words that mix letters of confusable alphabets (`раypal` with Cyrillic `ра`), with the alphabets; at most ten. */
export function mixedWords(text: string): { word: string; alphabets: Alphabet[] }[] {
  const found = new Map<string, Alphabet[]>()
  for (const [word] of text.matchAll(/[\p{L}\p{M}\p{N}_'’-]+/gu)) {
    const alphabets = ALPHABETS.filter(([, letters]) => letters.test(word)).map(([name]) => name)
    if (alphabets.length > 1) found.set(word.slice(0, 60), alphabets)
    if (found.size === 10) break
  }
  return [...found].map(([word, alphabets]) => ({ word, alphabets }))
}

/** Whether a domain is internationalized (`xn--…`); decoding it is not our job. */
export const isEncodedDomain = (domain: string): boolean => /(^|\.)xn--/.test(domain)

const DIRECTIONS = new RegExp(DIRECTION, 'gu')

/** A text that does not affect its surroundings, for where nothing can be shown beside it: a line of a message. */
export const withoutDirections = (text: string): string => text.replace(DIRECTIONS, '')

/**
 * A stranger's text for a terminal, in one line: what could move the cursor, change colors or turn the direction is
 * written as its code point (`[U+001B]`), line breaks and tabs as a space.
 */
export const printed = (text: string): string =>
  piecesOf(text)
    .map((piece) => ('text' in piece ? piece.text.replace(/[\n\t]+/g, ' ') : `[${piece.code}]`))
    .join('')
