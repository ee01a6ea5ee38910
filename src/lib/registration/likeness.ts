import { REASON_MAXIMUM } from './reason'

/** The share of shingles (of 1) that two reasons must have in common to be nearly the same. */
const NEAR = 0.8

/** Fewer words tell too little: such reasons are only compared as a whole. */
const FEW_WORDS = 6

/** MinHash in bands: two reasons with a similarity of 0.8 share one of eight bands of three in 997 of 1000 cases. */
const BANDS = 8
const ROWS = 3

/** Words, or single characters in scripts without spaces (and emoji). */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Extended_Pictographic}]|[\p{L}\p{M}\p{N}]+/gu

/** Beyond any orthography: sorting the marks on one letter takes the square of their number. */
const MARKS = /(\p{M}{8})\p{M}+/gu
/** How much of a reason counts, in UTF-16 code units: some characters become eighteen by normalization. */
const LONGEST = 2 * REASON_MAXIMUM

/** Normalizes a reason: case, width, digits, links, invisible characters and blanks do not count. */
function wordsOf(reason: string): string[] {
  const plain = reason
    .replace(MARKS, '$1')
    .normalize('NFKC')
    .slice(0, LONGEST)
    .toLowerCase()
    .replace(/\p{Cf}+/gu, '')
    .replace(/\bhttps?:\/\/\S+|\bwww\.\S+/g, ' url ')
    .replace(/\p{N}+/gu, '0')
  return plain.match(WORDS) ?? []
}

/** Three words at a time: order matters, and one different word changes three of them. */
function shinglesOf(words: readonly string[]): Set<string> {
  return new Set(words.slice(2).map((word, index) => `${words[index]} ${words[index + 1]} ${word}`))
}

/**
 * A reason's fingerprint. Equal reasons share the first part (`=`), nearly equal ones most likely one of the others;
 * `nearTo` tells for certain. Empty for a reason without words.
 */
export function printsOf(reason: string): { same: string; near: string[] } | null {
  const words = wordsOf(reason)
  if (words.length === 0) return null
  const text = words.join(' ')
  const same = `=${hex(hash(text, 1))}${hex(hash(text, 2))}`
  if (words.length < FEW_WORDS) return { same, near: [] }
  const least = new Uint32Array(BANDS * ROWS).fill(0xffffffff)
  for (const shingle of shinglesOf(words)) {
    const base = hash(shingle, 0)
    for (const [row, found] of least.entries()) least[row] = Math.min(found, mixed(base ^ seedOf(row)))
  }
  const near = Array.from({ length: BANDS }, (_, band) => {
    const rows = least.slice(band * ROWS, (band + 1) * ROWS)
    return `${band}${hex(hash(rows.join(' '), band))}`
  })
  return { same, near }
}

/**
 * Whether others are nearly the same as a reason, which is split once (Jaccard index of their shingles); short ones
 * only if they are equal.
 */
export function nearTo(reason: string): (other: string) => boolean {
  const mine = wordsOf(reason)
  const left = shinglesOf(mine)
  return (other) => {
    const theirs = mine.length === 0 ? [] : wordsOf(other)
    if (theirs.length === 0) return false
    if (Math.min(mine.length, theirs.length) < FEW_WORDS) return mine.join(' ') === theirs.join(' ')
    const right = shinglesOf(theirs)
    let shared = 0
    for (const shingle of left) if (right.has(shingle)) shared++
    return shared >= NEAR * (left.size + right.size - shared)
  }
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')
const seedOf = (row: number): number => Math.imul(row + 1, 0x9e3779b1)

/** FNV-1a, then mixed: similar texts must get very different numbers. */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return mixed(value)
}

/** The finalizer of MurmurHash3: each bit of the result depends on each bit of the value. */
function mixed(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
