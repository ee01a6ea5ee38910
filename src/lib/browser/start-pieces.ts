/** Starts pieces of script that do without each other: one that fails is reported, and takes none of the others along. */
export function startPieces(pieces: Record<string, () => void>): void {
  for (const [name, start] of Object.entries(pieces))
    try {
      start()
    } catch (error) {
      console.error(`This page does without "${name}"`, error)
    }
}
