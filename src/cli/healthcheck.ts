import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fillInListening, type Environment } from './listening'

const PATH = '/healthz'
const TIMEOUT_MS = 5_000
const PAUSE_MS = 100
/** What a server that is still starting looks like. */
const NOT_YET = ['ECONNREFUSED', 'ENOENT']

/**
 * Asks the running server whether it answers, where HOST, PORT or SOCKET_PATH say that it listens: for supervisors, and
 * images without curl. Rejects with a sentence unless `/healthz` is answered with 200 in five seconds (`withinMs`), in
 * which it waits for a server that has just been started.
 */
export async function healthcheck({ withinMs = TIMEOUT_MS }: { withinMs?: number } = {}): Promise<void> {
  const { words, ...where } = findListening(process.env)
  const status = await askUntilStarted(where, withinMs).catch((error: unknown) => {
    throw new Error(`No answer from ${words}: ${error instanceof Error ? error.message : String(error)}`)
  })
  if (status !== 200) throw new Error(`${words} answered ${PATH} with ${status}, not 200: another program?`)
  process.stdout.write(`${words} answers\n`)
}

/** Where a server with this environment can be reached from the same machine, and the same in words. */
export function findListening(
  given: Environment,
): ({ socketPath: string } | { host: string; port: number }) & { words: string } {
  const env = { ...given }
  fillInListening(env)
  const { HOST = '', PORT = '', SOCKET_PATH: socketPath } = env
  if (socketPath) return { socketPath, words: socketPath }
  const host = SAME_MACHINE[HOST] ?? HOST
  return { host, port: Number(PORT), words: `${host.includes(':') ? `[${host}]` : host}:${PORT}` }
}

/** "All addresses" can be listened on, but not asked. */
const SAME_MACHINE: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

type Where = { socketPath: string } | { host: string; port: number }

async function askUntilStarted(where: Where, withinMs: number): Promise<number> {
  const timeout = AbortSignal.timeout(withinMs)
  for (;;) {
    try {
      return await askStatus(where, timeout)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (!NOT_YET.includes(code)) throw error
      await sleep(PAUSE_MS)
      if (timeout.aborted) throw error
    }
  }
}

function askStatus(where: Where, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, path: PATH, agent: false, signal }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}
