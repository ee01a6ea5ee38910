export type Dice = ReturnType<typeof createDice>

/** Throws that are the same at each run (mulberry32), so that two runs differ in what they measure alone. */
export function createDice(seed: number) {
  let state = seed >>> 0

  /** From 0 to below 1. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }

  return {
    next,
    /** A whole number, both ends included. */
    between: (low: number, high: number): number => low + Math.floor(next() * (high - low + 1)),
    pick<T>(many: readonly T[]): T {
      const [one] = many.slice(Math.floor(next() * many.length))
      if (one === undefined) throw new Error('There is nothing to pick from')
      return one
    },
  }
}
