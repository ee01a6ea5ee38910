import type { AccessToken } from './access-token'
import * as errors from './answer-errors'
import { pathPattern } from './path-pattern'
import { createRequest, type Answer, type Request } from './request'
import { USER_AGENT } from '../version'

/** One call of a server: how long it took in milliseconds, and with which status; null: without an answer. */
export interface CallTaken {
  method: string
  /** Without names, addresses and rooms: `/_synapse/admin/v2/users/[id]`. */
  path: string
  status: number | null
  ms: number
}

/** How a server is reached. */
export interface ServerOptions {
  /** Its URL; a path in it is kept. */
  url: string
  /** `true`: verify certificates; `false`: do not; else a PEM file's path, or its text: the only CAs to trust. */
  verifyCert: boolean | string
  /** Milliseconds for one call, from its start to the end of its answer. */
  timeout: number
  /** The most bytes that an answer can have; 1 MB, unless told otherwise. */
  longestAnswer?: number | undefined
  /** Told of every call that was answered or failed, without anything personal. */
  onCall?: ((call: CallTaken) => void) | undefined
}

export type Method = Request['method']

/**
 * The only way to call Synapse or MAS. `task` completes "Could not …" in error messages. Both functions throw
 * `HomeserverError` for anything that is neither yes nor no: no answer, a proxy's, a rate limit, a server error.
 * `saidBy` reads the server's own words from the JSON of an error; null if they are somebody else's.
 */
export function createServerCall(
  { url, verifyCert, timeout, longestAnswer, onCall }: ServerOptions,
  {
    name,
    key,
    saidBy,
  }: Pick<errors.CalledServer, 'name' | 'key'> & { saidBy: (body: unknown) => string | null },
) {
  const request = createRequest({ url, verifyCert, timeout, longestAnswer })
  const server: errors.CalledServer = { name, key, origin: new URL(url).origin }

  /** `secrets`: what no error message may reveal, if the answer repeats it. */
  async function send(sent: Request, task: string, secrets: readonly string[] = []): Promise<Answer> {
    let answer: Answer
    const startedAt = performance.now()
    const note = (status: number | null) =>
      onCall?.({
        method: sent.method,
        path: pathPattern(sent.path),
        status,
        ms: performance.now() - startedAt,
      })
    try {
      answer = await request({ ...sent, headers: { 'user-agent': USER_AGENT, ...sent.headers } })
      note(answer.status)
    } catch (error) {
      // Whoever ended it wants no answer any more: that says nothing about the server.
      if (sent.signal?.aborted !== true) note(null)
      throw errors.noAnswer(error, task, server, timeout)
    }
    const { status } = answer
    if (status >= 400)
      answer = {
        ...answer,
        body: secrets.reduce((body, secret) => body.replaceAll(secret, '…'), answer.body),
      }
    if (status === 429) throw errors.limited(task, server, answer)
    if (status >= 500) throw errors.serverError(task, server, answer, saidBy(errors.parseJson(answer.body)))
    if (status >= 300 && status < 400) throw errors.redirected(task, server, answer)
    return answer
  }

  return {
    server,
    send,

    /**
     * A call with an access token. One that is refused for its token did nothing: it is made again, once, if the token
     * can be renewed. Throws `HomeserverError` (`token`) if none is accepted.
     */
    async sendWith(
      token: AccessToken,
      {
        method,
        path,
        content,
        signal,
      }: { method: Method; path: string; content?: object | undefined; signal?: AbortSignal | undefined },
      task: string,
    ): Promise<Answer> {
      const body = content === undefined ? undefined : JSON.stringify(content)
      const ask = (text: string) => {
        const headers: Request['headers'] = { authorization: `Bearer ${text}`, accept: 'application/json' }
        if (body !== undefined) {
          headers['content-type'] = 'application/json'
          headers['content-length'] = Buffer.byteLength(body)
        }
        return send({ method, path, headers, body, signal }, task, [text])
      }
      const first = await token.current()
      if (!isSendable(first)) throw token.error(task, 'it contains characters that no token has')
      const answer = await ask(first)
      if (answer.status !== 401) return answer
      const renewed = await token.renew(first)
      const again = renewed === null ? answer : await ask(renewed)
      if (again.status !== 401) return again
      const said = saidBy(errors.parseJson(again.body))
      if (said === null) throw errors.notFromIt(task, server, again)
      throw token.error(task, said)
    },
  }
}

/** RFC 9110, 5.5: what a header can carry; Node refuses the rest. */
const isSendable = (token: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(token)
