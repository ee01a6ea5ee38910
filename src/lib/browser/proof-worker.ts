import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'

/** Does the work that a form asks for beside the page; answers what the form is to carry then. */
addEventListener('message', ({ data }: MessageEvent<string>) => {
  void work(data).then(postMessage)
})

/** Null where this browser cannot do it. */
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
