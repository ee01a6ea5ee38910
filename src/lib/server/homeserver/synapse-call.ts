import type { AccessToken } from './access-token'
import * as errors from './answer-errors'
import type { HomeserverError } from './homeserver'
import { createReading } from './reading'
import { createServerCall, type Method, type ServerOptions } from './server-call'

/**
 * Synapse's answer to a call: yes, or no with its code, Synapse's words (`said`), and the error for callers who need
 * a yes.
 */
export type Reply =
  | { granted: true; status: number; body: unknown }
  | { granted: false; status: number; errcode: string; said: string; error: HomeserverError }

export type SynapseCall = ReturnType<typeof createSynapseCall>

/**
 * The only way to call Synapse. `task` completes "Could not …" in error messages. Every function throws
 * `HomeserverError` for anything that is neither yes nor no: no answer, a proxy's, a rejected token, a rate limit.
 */
export function createSynapseCall({ token, ...options }: ServerOptions & { token: AccessToken }) {
  const saidBy = (body: unknown) => errors.readProblem(body)?.said ?? null
  const { server, send, sendWith } = createServerCall(options, {
    name: 'Synapse',
    key: 'synapse.server',
    saidBy,
  })

  /** Returns Synapse's yes or no. `signal` ends the call; it then throws, and it is no outage. */
  async function call(
    method: Method,
    path: string,
    task: string,
    content?: object,
    signal?: AbortSignal,
  ): Promise<Reply> {
    const answer = await sendWith(token, { method, path, content, signal }, task)
    const { status } = answer
    const parsed = errors.parseJson(answer.body)
    if (status >= 200 && status < 300 && parsed !== undefined) return { granted: true, status, body: parsed }
    const problem = status < 400 ? null : errors.readProblem(parsed)
    if (problem === null) throw errors.notFromIt(task, server, answer)
    const { errcode, said } = problem
    return { granted: false, status, errcode, said, error: refusal(status, errcode, path, task, said) }
  }

  /** The admin API answers 403 to anybody but server administrators; elsewhere it is about rooms. */
  function refusal(status: number, errcode: string, path: string, task: string, said: string) {
    if (status === 403 && path.startsWith('/_synapse/admin/')) return token.error(task, said)
    if (status === 404 && errcode !== 'M_UNRECOGNIZED')
      return errors.missing(task, `it is not there (${said})`)
    return errors.refused(task, `the homeserver refuses it (${status} ${said})`)
  }

  return { server, send, call, ...createReading(server, call) }
}
