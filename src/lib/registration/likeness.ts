/** How many of 1 the shingles of two reasons must share to be called nearly the same. */
const NEAR = 0.8

/** Fewer words than this tell too little: such reasons are only compared whole. */
const FEW_WORDS = 6

/** MinHash in bands: two reasons at 0.8 share one of eight bands of three in 997 of 1000 cases. */
const BANDS = 8
const ROWS = 3

/** Words, and where a script writes none (or a picture stands for one), single characters. */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Extended_Pictographic}]|[\p{L}\p{M}\p{N}]+/gu

/** What a reason says whatever it is dressed in: case, width, digits, links, invisible characters and blanks do not count. */
function wordsOf(reason: string): string[] {
  const plain = reason
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}+/gu, '')
    .replace(/\bhttps?:\/\/\S+|\bwww\.\S+/g, ' url ')
    .replace(/\p{N}+/gu, '0')
  return plain.match(WORDS) ?? []
}

/** Three words at a time: their order counts, and one word that differs changes three of them. */
function shinglesOf(words: readonly string[]): Set<string> {
  return new Set(words.slice(2).map((word, index) => `${words[index]} ${words[index + 1]} ${word}`))
}

/**
 * Parts of a reason's fingerprint. Reasons that say the same share the first (`=`), those that say nearly the same
 * most likely one of the others; whether they do, `isNear` tells. None for a reason without words.
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

/** Whether two reasons say nearly the same (Jaccard of their shingles); short ones only when they say just the same. */
export function isNear(one: string, other: string): boolean {
  const mine = wordsOf(one)
  const theirs = wordsOf(other)
  if (mine.length === 0 || theirs.length === 0) return false
  if (Math.min(mine.length, theirs.length) < FEW_WORDS) return mine.join(' ') === theirs.join(' ')
  const left = shinglesOf(mine)
  const right = shinglesOf(theirs)
  let shared = 0
  for (const shingle of left) if (right.has(shingle)) shared++
  return shared >= NEAR * (left.size + right.size - shared)
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')
const seedOf = (row: number): number => Math.imul(row + 1, 0x9e3779b1)

/** FNV-1a, then mixed: near texts must get far numbers. */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return mixed(value)
}

/** The last step of MurmurHash3: each bit of the result depends on each of the value. */
function mixed(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
