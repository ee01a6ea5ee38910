import { sql } from 'drizzle-orm'
import type { Database } from '../database/open'
import { problemOf } from '../database/problem'
import { isWrongSetUp } from '../homeserver/set-up'
import type { CircuitBreakers } from '../outages/circuit-breaker'
import { createShared } from '../concurrency/coalesce'

/** Monitoring polls often, and the homeserver need not be asked each time. */
const REMEMBERED_MS = 5_000

/**
 * Answers `/healthz` (this process is running) and `/readyz` (database, homeserver and mail, each `ok`, `out`, or
 * `misconfigured` if an operator must fix the setup; 503 unless all are ok); null for any other path. It is public:
 * the reasons are in the log and in the queue.
 */
export function createHealth({
  database,
  outages,
  log,
}: {
  database: Database
  outages: Pick<CircuitBreakers, 'findSetUpProblem' | 'current'>
  log: Record<'warn' | 'info', (details: object, words: string) => void>
}) {
  let told = ''

  /** `at`: when it was determined. */
  let last: { at: number; answer: Record<string, string> } | undefined
  const ask = createShared(async (): Promise<Record<string, string>> => {
    const answer = await look()
    last = { at: Date.now(), answer }
    return answer
  })

  /** Why a part is not ok, for the log. */
  type Why = Record<string, string>

  async function wordOf(part: string, why: Why, task: () => Promise<string>): Promise<string> {
    try {
      return await task()
    } catch (error) {
      why[part] = problemOf('database', error).message
      return 'out'
    }
  }

  /** Once per change, however often it is polled. */
  function tell(words: Record<string, string>, why: Why): void {
    const now = JSON.stringify(words)
    if (now === told) return
    if (isReady(words)) {
      if (told !== '') log.info(words, 'Ready again')
    } else log.warn({ ...words, why }, 'Not ready')
    told = now
  }

  async function look(): Promise<Record<string, string>> {
    const why: Why = {}
    const [base, homeserver, mail] = await Promise.all([
      wordOf('database', why, async () => {
        await database.read((reader) => reader.get(sql`select 1`))
        return 'ok'
      }),
      wordOf('homeserver', why, async () => {
        const problem = await outages.findSetUpProblem()
        if (problem === null) return 'ok'
        why.homeserver = problem.why
        return isWrongSetUp(problem) ? 'misconfigured' : 'out'
      }),
      wordOf('mail', why, async () => {
        const outage = (await outages.current()).find(({ server }) => server === 'mail')
        if (outage === undefined) return 'ok'
        why.mail = outage.reason
        return 'out'
      }),
    ])
    const words = { database: base, homeserver, mail }
    tell(words, why)
    return words
  }

  return async (path: string): Promise<Response | null> => {
    if (path === '/healthz') return json(200, { status: 'ok' })
    if (path !== '/readyz') return null
    const isFresh = last !== undefined && Math.abs(Date.now() - last.at) <= REMEMBERED_MS
    const answer = last !== undefined && isFresh ? last.answer : await ask(undefined)
    return json(isReady(answer) ? 200 : 503, answer)
  }
}

const isReady = (words: Record<string, string>): boolean =>
  Object.values(words).every((word) => word === 'ok')

function json(status: number, body: Record<string, string>): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
