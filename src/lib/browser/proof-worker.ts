import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'

/** Solves a form's proof of work beside the page; returns the value to submit. */
addEventListener('message', ({ data }: MessageEvent<string>) => {
  void work(data).then(postMessage)
})

/** Null if this browser cannot do it. */
async function work(carried: string): Promise<string | null> {
  try {
    const { challenge } = JSON.parse(carried)
    const solution = await solveChallenge({ challenge, deriveKey })
    return solution === null ? null : JSON.stringify({ challenge, solution })
  } catch (error) {
    console.warn('The proof of work could not be made', error)
    return null
  }
}
