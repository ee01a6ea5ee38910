import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { stringify } from 'yaml'
import { runSql } from '../../support/other-process'
import { freePort, MODERATOR, runCli, startMailServer } from '../../support/site'
import { CRASH_BUILD } from './build'
import type { SeenHomeserver } from '../homeserver-seen'

/** The lease of a killed worker lasts a minute, that of the process that reads the room two. */
const LEASE_MS = 121_000

export type Desk = Awaited<ReturnType<typeof openDesk>>

/**
 * The crash build with a database and a mail server of its own, which outlive it, however often it dies. `linked`: the
 * Matrix ID that its moderator has confirmed.
 */
export async function openDesk(
  homeserver: SeenHomeserver,
  settings: Record<string, unknown>,
  { linked }: { linked?: string | undefined } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'registration-'))
  const mail = await startMailServer()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const trace = join(folder, 'trace')
  const file = join(folder, 'registration.db')
  await writeFile(
    join(folder, 'config.yaml'),
    stringify({
      ...homeserver.config,
      hosts: ['127.0.0.1'],
      site: { name: 'Example Community', url },
      email: { host: '127.0.0.1', port: mail.port, from: 'desk@example.test' },
      admin: { email: 'moderators@example.test' },
      database: { path: file },
      rate_limit: { email_submission: 1000, everybody_per_minute: 100_000 },
      moderation: { undo_seconds: 0 },
      log: { level: 'warn', checks_at_start: false },
      ...settings,
    }),
  )
  const made = await runCli(
    folder,
    ['admin', 'create', '--username', MODERATOR.username, '--email', 'm@example.test', '--password-stdin'],
    MODERATOR.password,
  )
  if (made.code !== 0) throw new Error(made.err)
  if (linked !== undefined) await runSql(file, [`update moderators set matrix_id = '${linked}'`])

  let child: ChildProcess | undefined
  let lives = 0
  let log = ''
  let starting: Promise<void> | undefined
  let check: (() => Promise<void>) | null = null
  let crashAt: string | undefined

  const places = () => (existsSync(trace) ? readFileSync(trace, 'utf8').split('\n').filter(Boolean) : [])
  const isReached = () => crashAt === undefined || places().includes(crashAt)

  async function kill(): Promise<void> {
    if (child === undefined || isDead(child)) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async function start(place = crashAt): Promise<void> {
    crashAt = place
    const started = spawn(process.execPath, [join(CRASH_BUILD, 'index.js')], {
      cwd: folder,
      env: {
        ...process.env,
        CONFIG: join(folder, 'config.yaml'),
        HOST: '127.0.0.1',
        PORT: String(port),
        ORIGIN: url,
        CRASH_TRACE: trace,
        CRASH_CLOCK_AHEAD_MS: String(LEASE_MS * lives++),
        ...(isReached() ? {} : { CRASH_AT: crashAt }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    started.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    started.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const deadline = Date.now() + 30_000
    while (!(await answers(`${url}/healthz`))) {
      if (isDead(started)) return // It may be told to die at its start.
      if (Date.now() > deadline) throw new Error(`The desk did not start:\n${log}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  return {
    url,
    mail,
    start,
    /** What must hold from now on, before each start and whenever somebody looks; null: nothing any more. */
    watch(holds: (() => Promise<void>) | null): void {
      check = holds
    },
    look: async () => check?.(),
    /** Starts it again where it is dead; answers whether it was. */
    async revive(): Promise<boolean> {
      if (child !== undefined && !isDead(child)) return false
      await check?.()
      starting ??= start().finally(() => (starting = undefined))
      await starting
      return true
    },
    log: () => log,
    /** Starts it again where nothing is on its way: what waits for two minutes at most has been waited for then. */
    async restart(): Promise<void> {
      await kill()
      await start()
    },
    /** Whether it died where it was told to; a process that is just being killed is waited for. */
    async hasDied(): Promise<boolean> {
      const deadline = Date.now() + 5_000
      while (!isReached() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25))
      return isReached()
    },
    /** What time it is for the program. */
    now: () => Date.now() + LEASE_MS * (lives - 1),
    /** The places that were reached, in their order. */
    places,
    /** Rows of the database, as another process sees them. */
    async rows(query: string): Promise<Record<string, unknown>[]> {
      const client = createClient({ url: `file:${file}`, timeout: 2_000 })
      try {
        const { rows } = await client.execute(query)
        return rows.map((row) => ({ ...row }))
      } finally {
        client.close()
      }
    },
    async close(): Promise<void> {
      await kill()
      await mail.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const isDead = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
