import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { urlToHttpOptions } from 'node:url'

/** One call: `body` is sent as it is. */
export interface Request {
  method: 'GET' | 'PUT' | 'POST'
  /** Below the server's URL, each part percent-encoded. */
  path: string
  headers: Record<string, string | number>
  body?: string | undefined
  /** Ends the call; it then throws `ABORTED`. */
  signal?: AbortSignal | undefined
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: string
}

/**
 * Why there was no answer: an error code of Node's, `TIMEOUT`, `CUT`, `TOO_LARGE`, or `ABORTED` (by the caller's
 * signal). Contains nothing of the request.
 */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly code: string

  constructor(code: string, cause?: unknown) {
    super(code, { cause })
    this.code = code
  }
}

/** Unless told otherwise: most answers are below 100 kB; anything much longer is not one. */
const LONGEST_ANSWER_BYTES = 1_000_000
/** Shorter than what servers and proxies keep: a connection about to be closed by the other side must not be used. */
const IDLE_CONNECTION_MS = 4_000
/**
 * The maximum number of concurrent calls for everybody; others wait, and their time-out is running. Synapse answers
 * one after the other.
 */
export const MOST_AT_ONCE = 32

/**
 * Returns a function that calls one server over persistent connections. Redirects are not followed: they would carry
 * the token elsewhere. `timeout` (ms) spans a call from its start to the end of its answer. `verifyCert` is the path
 * of a PEM file with CA certificates, or such text itself, the only ones to trust; `false` trusts everything. The
 * function throws `NoAnswer` and nothing else.
 */
export function createRequest(options: {
  url: string
  verifyCert: boolean | string
  timeout: number
  longestAnswer?: number | undefined
}) {
  const base = new URL(options.url)
  const secure = base.protocol === 'https:'
  const { protocol, hostname, port } = urlToHttpOptions(base)
  const prefix = base.pathname.replace(/\/+$/, '')
  const pool = {
    keepAlive: true,
    timeout: IDLE_CONNECTION_MS,
    scheduling: 'lifo',
    maxSockets: MOST_AT_ONCE,
  } as const
  const agent = secure ? new https.Agent({ ...pool, ...trust(options.verifyCert) }) : new http.Agent(pool)
  const open = secure ? https.request : http.request
  const { longestAnswer = LONGEST_ANSWER_BYTES } = options

  function send({ method, path, headers, body, signal }: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new NoAnswer('ABORTED'))
        return
      }
      const sent = open({ protocol, hostname, port, agent, method, path: prefix + path, headers })
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const fail = (code: string, cause?: unknown) => {
        settle()
        reject(new NoAnswer(code, cause))
        sent.destroy()
      }
      const abort = () => fail('ABORTED')
      const timer = setTimeout(() => fail('TIMEOUT'), options.timeout)
      signal?.addEventListener('abort', abort)
      sent.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'CUT', error))
      sent.on('response', (answer) => {
        const chunks: Buffer[] = []
        let bytes = 0
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > longestAnswer) fail('TOO_LARGE')
          else chunks.push(chunk)
        })
        answer.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'CUT', error))
        answer.on('end', () => {
          settle()
          const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: whole.toString('utf8') })
        })
      })
      sent.end(body)
    })
  }

  return async (request: Request): Promise<Answer> => {
    try {
      return await send(request)
    } catch (error) {
      // Node throws at once for anything that cannot be sent: a token with a line break, for example.
      if (error instanceof NoAnswer) throw error
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'INVALID'
      throw new NoAnswer(code, error)
    }
  }
}

/** Throws at the start, for the operator, if the certificate file cannot be read. */
function trust(verifyCert: boolean | string): https.AgentOptions {
  if (typeof verifyCert === 'boolean') return { rejectUnauthorized: verifyCert }
  return { ca: verifyCert.includes('-----BEGIN') ? verifyCert : readFileSync(verifyCert, 'utf8') }
}
