import * as v from 'valibot'
import type { HomeserverError } from './homeserver'
import { createRequest, type Answer, type Request } from './request'
import { USER_AGENT } from '../version'
import { pathPattern } from './path-pattern'
import * as errors from './synapse-errors'

/**
 * Synapse's answer to a call: yes, or no with its code, Synapse's words (`said`), and the error for callers who need
 * a yes.
 */
export type Reply =
  | { granted: true; status: number; body: unknown }
  | { granted: false; status: number; errcode: string; said: string; error: HomeserverError }

/** One call of the homeserver: how long it took in milliseconds, and with which status; null: without an answer. */
export interface CallTaken {
  method: string
  /** Without names, addresses and rooms: `/_synapse/admin/v2/users/[id]`. */
  path: string
  status: number | null
  ms: number
}

export type SynapseCall = ReturnType<typeof createSynapseCall>

type Method = Request['method']
type Schema = v.GenericSchema

/**
 * The only way to call Synapse. `task` completes "Could not …" in error messages. Every function throws
 * `HomeserverError` for anything that is neither yes nor no: no answer, a proxy's, a rejected token, a rate limit.
 */
export function createSynapseCall(options: {
  url: string
  token: string
  verifyCert: boolean | string
  timeout: number
  /** Told of every call that was answered or failed, without anything personal. */
  onCall?: ((call: CallTaken) => void) | undefined
}) {
  const request = createRequest(options)
  const { origin } = new URL(options.url)
  const authorization = `Bearer ${options.token}`

  async function send(sent: Request, task: string): Promise<Answer> {
    let answer: Answer
    const startedAt = performance.now()
    const note = (status: number | null) =>
      options.onCall?.({
        method: sent.method,
        path: pathPattern(sent.path),
        status,
        ms: performance.now() - startedAt,
      })
    try {
      answer = await request({ ...sent, headers: { 'user-agent': USER_AGENT, ...sent.headers } })
      note(answer.status)
    } catch (error) {
      note(null)
      throw errors.noAnswer(error, task, origin, options.timeout)
    }
    const { status } = answer
    // Anything quoted in a message later must not reveal the token.
    if (status >= 400) answer = { ...answer, body: answer.body.replaceAll(options.token, '…') }
    if (status === 429) throw errors.limited(task, answer)
    if (status >= 500) throw errors.serverError(task, origin, answer)
    if (status >= 300 && status < 400) throw errors.redirected(task, origin, answer)
    return answer
  }

  /** Returns Synapse's yes or no. */
  async function call(method: Method, path: string, task: string, content?: object): Promise<Reply> {
    const body = content === undefined ? undefined : JSON.stringify(content)
    const headers: Request['headers'] = { authorization, accept: 'application/json' }
    if (body !== undefined) {
      headers['content-type'] = 'application/json'
      headers['content-length'] = Buffer.byteLength(body)
    }
    const answer = await send({ method, path, headers, body }, task)
    const { status } = answer
    const parsed = errors.parseJson(answer.body)
    if (status >= 200 && status < 300 && parsed !== undefined) return { granted: true, status, body: parsed }
    const problem = status < 400 ? null : errors.readProblem(parsed)
    if (problem === null) throw errors.notSynapse(task, origin, answer)
    const { errcode, said } = problem
    if (status === 401) throw errors.badToken(task, said)
    return { granted: false, status, errcode, said, error: refusal(status, errcode, path, task, said) }
  }

  /** Returns a yes of the expected shape; any other shape is not Synapse's. */
  function parse<T extends Schema>(schema: T, body: unknown, task: string): v.InferOutput<T> {
    const parsed = v.safeParse(schema, body)
    if (parsed.success) return parsed.output
    throw errors.unreachable(task, `${origin} sent an answer that is not from Synapse; check synapse.server`)
  }

  /** Returns Synapse's parsed yes, and throws its no. */
  async function grant<T extends Schema>(
    schema: T,
    method: Method,
    path: string,
    task: string,
    content?: object,
  ): Promise<v.InferOutput<T>> {
    const reply = await call(method, path, task, content)
    if (!reply.granted) throw reply.error
    return parse(schema, reply.body, task)
  }

  return { send, call, parse, grant }
}

/** The admin API answers 403 to anybody but server administrators; elsewhere it is about rooms. */
function refusal(status: number, errcode: string, path: string, task: string, said: string): HomeserverError {
  if (status === 403 && path.startsWith('/_synapse/admin/')) return errors.badToken(task, said)
  if (status === 404 && errcode !== 'M_UNRECOGNIZED') return errors.missing(task, `it is not there (${said})`)
  return errors.refused(task, `the homeserver refuses it (${status} ${said})`)
}
