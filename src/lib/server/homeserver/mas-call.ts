import * as v from 'valibot'
import { keptToken } from './access-token'
import * as errors from './answer-errors'
import { HomeserverError } from './homeserver'
import { createMasResources } from './mas-resources'
import { createReading } from './reading'
import { createServerCall, type Method, type ServerOptions } from './server-call'

const ADMIN_API = '/api/admin/v1'
/** Of every call that has to wait for the token. */
const TOKEN_TASK = 'get an access token from MAS'
const SCOPE = 'urn:mas:admin'
/** A token is renewed so long before its end that no call which takes it can outlast it. */
const BEFORE_END_MS = 30_000

export interface MasOptions extends ServerOptions {
  clientId: string
  clientSecret: string
  /** Milliseconds since 1970. */
  clock?: () => number
}

/** MAS's answer to a call of its admin API: yes, or no with the error for callers who need a yes. */
export type MasReply = { date: number | null } & (
  | { granted: true; status: number; body: unknown }
  | { granted: false; status: number; error: HomeserverError }
)

export type MasCall = ReturnType<typeof createMasCall>

const problemSchema = v.object({ errors: v.array(v.object({ title: v.string() })) })
/** RFC 6749, 5.2. */
const oauthProblemSchema = v.object({ error: v.string(), error_description: v.optional(v.string()) })
const tokenSchema = v.object({ access_token: v.string(), expires_in: v.number() })

const quoted = (text: string) => text.replace(/\s+/g, ' ').trim().slice(0, errors.LONGEST_QUOTE)

/** MAS's own words: it has no codes for errors (1.22). */
function saidBy(body: unknown): string | null {
  const problem = v.safeParse(problemSchema, body)
  if (problem.success) return quoted(problem.output.errors.map(({ title }) => title).join(': '))
  const oauth = v.safeParse(oauthProblemSchema, body)
  if (!oauth.success) return null
  const { error, error_description: more } = oauth.output
  return quoted(more === undefined ? error : `${error}: ${more}`)
}

/**
 * The only way to call MAS (matrix-authentication-service 1.22): its admin API, with a token for this program's client
 * (OAuth 2.0 client credentials, RFC 6749, 4.4) that is fetched when it is needed. `task` completes "Could not …" in
 * error messages. Every function throws `HomeserverError` for anything that is neither yes nor no.
 */
export function createMasCall({ clientId, clientSecret, clock = Date.now, ...options }: MasOptions) {
  const { server, send, sendWith } = createServerCall(options, { name: 'MAS', key: 'mas.server', saidBy })
  const { absent } = createMasResources({ server, send, saidBy })

  // MAS compares them as they are, not form-encoded as in RFC 6749, 2.3.1.
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`

  async function fetchToken(): Promise<{ token: string; until: number }> {
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE }).toString()
    const headers = {
      authorization: basic,
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    }
    const askedAt = clock()
    const answer = await send({ method: 'POST', path: '/oauth2/token', headers, body }, TOKEN_TASK, [
      clientSecret,
    ])
    const read = errors.parseJson(answer.body)
    const token = v.safeParse(tokenSchema, read)
    if (answer.status === 200 && token.success) {
      const { access_token: text, expires_in: seconds } = token.output
      return { token: text, until: askedAt + seconds * 1000 - BEFORE_END_MS }
    }
    const said = answer.status < 400 ? null : saidBy(read)
    if (said === null) throw await absent('oauth', TOKEN_TASK, answer)
    const why =
      answer.status === 401
        ? `MAS does not accept mas.client_id and mas.client_secret (${said}). Set them to those of a client in the clients of MAS's config.yaml`
        : `MAS gives the client of mas.client_id no right to its admin API (${said}). Add mas.client_id to policy.data.admin_clients in MAS's config.yaml`
    throw new HomeserverError('token', `Could not ${TOKEN_TASK}: ${why}.`, {
      permanent: true,
      outage: true,
      why,
    })
  }

  const token = keptToken({
    obtain: fetchToken,
    clock,
    isNeededByAll: true,
    error: (task, said) =>
      errors.badToken(
        task,
        said,
        "Check mas.client_id and mas.client_secret, and policy.data.admin_clients in MAS's config.yaml.",
      ),
    owner: 'the client of mas.client_id',
  })

  /** Returns MAS's yes or no. `path` is below the admin API. */
  async function call(method: Method, path: string, task: string, content?: object): Promise<MasReply> {
    const answer = await sendWith(token, { method, path: `${ADMIN_API}${path}`, content }, task)
    const { status } = answer
    const date = Date.parse(answer.headers.date ?? '')
    const reply = { status, date: Number.isNaN(date) ? null : date }
    if (status === 204) return { ...reply, granted: true, body: null }
    const read = errors.parseJson(answer.body)
    if (status >= 200 && status < 300 && read !== undefined) return { ...reply, granted: true, body: read }
    const said = status < 400 ? null : saidBy(read)
    if (said === null) throw await absent('adminapi', task, answer, `${ADMIN_API}${path}`)
    const error =
      status === 404
        ? errors.missing(task, `MAS does not have it (${said})`)
        : errors.refused(task, `MAS refuses it (${status} ${said})`)
    return { ...reply, granted: false, error }
  }

  return {
    server,
    send,
    call,
    absent,
    ...createReading(server, call),

    /** Gets a token if there is none. Throws `HomeserverError` (`token`) if MAS gives none. */
    async authenticate(): Promise<void> {
      await token.current()
    },
  }
}
