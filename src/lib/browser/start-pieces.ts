/** Starts independent pieces of script: one that fails is reported and does not stop the others. */
export function startPieces(pieces: Record<string, () => void>): void {
  for (const [name, start] of Object.entries(pieces))
    try {
      start()
    } catch (error) {
      console.error(`This page does without "${name}"`, error)
    }
}
