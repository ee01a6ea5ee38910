import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'

/** What a browser sends back that did the work a form asked for. */
export async function solved(carried: string): Promise<string> {
  const { challenge } = JSON.parse(carried)
  return JSON.stringify({ challenge, solution: await solveChallenge({ challenge, deriveKey }) })
}
