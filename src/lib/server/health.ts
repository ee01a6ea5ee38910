import { sql } from 'drizzle-orm'
import type { Database } from './database/open'
import type { Homeserver } from './homeserver/homeserver'

/** Monitors ask often, and the homeserver need not hear of each. */
const REMEMBERED_MS = 5_000

/**
 * Answers `/healthz` (this process runs) and `/readyz` (database and homeserver, each with its own word; 503 when
 * one is missing); null for every other path.
 */
export function createHealth({ database, homeserver }: { database: Database; homeserver: Homeserver }) {
  let last: { at: number; answer: Promise<Record<string, string>> } | undefined

  async function word(task: () => Promise<unknown>): Promise<string> {
    try {
      await task()
      return 'ok'
    } catch (error) {
      return error instanceof Error ? error.message : 'failed'
    }
  }

  async function look(): Promise<Record<string, string>> {
    const [base, server] = await Promise.all([
      word(() => database.read((reader) => reader.get(sql`select 1`))),
      word(() => homeserver.identity()),
    ])
    return { database: base, homeserver: server }
  }

  return async (path: string): Promise<Response | null> => {
    if (path === '/healthz') return json(200, { status: 'ok' })
    if (path !== '/readyz') return null
    if (last === undefined || Date.now() - last.at > REMEMBERED_MS) last = { at: Date.now(), answer: look() }
    const answer = await last.answer
    return json(Object.values(answer).every((found) => found === 'ok') ? 200 : 503, answer)
  }
}

function json(status: number, body: Record<string, string>): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
