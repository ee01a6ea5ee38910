import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient, type ResultSet } from '@libsql/client'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import * as v from 'valibot'
import { stringify } from 'yaml'
import { startStandIn } from '../../src/stand-in/homeserver'

const ROOT = join(import.meta.dirname, '../..')
/** Longer than the program gives itself (`SHUTDOWN_TIMEOUT`). */
const LONGEST_STOP_MS = 25_000
export const MODERATOR = { username: 'moderator', password: 'a moderators password' }

/** A hundred for each process, below those that the system gives away by itself (32768 on). */
const FIRST_PORT = 11_000 + (process.pid % 200) * 100
let ports = 0

/** A port of this machine that nothing listens on now, and that nobody is given until it is used. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST_PORT + (ports++ % 100)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
  throw new Error(`No port is free from ${FIRST_PORT} on`)
}

/** A real SMTP server that keeps what it gets. */
export async function startMailServer() {
  const mails: ParsedMail[] = []
  const byReceiver = new Map<string, ParsedMail[]>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      void simpleParser(stream).then((mail) => {
        mails.push(mail)
        for (const { value } of [mail.to ?? []].flat())
          for (const { address = '' } of value) {
            byReceiver.set(address, [...(byReceiver.get(address) ?? []), mail])
            arrivals.emit(address)
          }
        done()
      }, done)
    },
  })
  // A program that is killed in the middle of a mail is its own business.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return {
    port: address.port,
    mails,
    /** The next mail to an address that is not among the first `seen`, waited for. */
    async next(receiver: string, seen = 0, timeoutMs = 15_000): Promise<ParsedMail> {
      const found = () => byReceiver.get(receiver)?.[seen]
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const mail = found()
        if (mail !== undefined) return mail
        if (Date.now() > deadline) throw new Error(`No mail number ${seen + 1} to ${receiver}`)
        await Promise.race([once(arrivals, receiver), new Promise((resolve) => setTimeout(resolve, 500))])
      }
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** The first link of a mail whose path begins so. */
export function linkIn(mail: ParsedMail, path: string): string {
  const links = (mail.text ?? '').match(/https?:\/\/[^\s<>"]+/g) ?? []
  const link = links.find((found) => new URL(found).pathname.startsWith(path))
  if (link === undefined) throw new Error(`No link to ${path} in: ${mail.text ?? ''}`)
  return link
}

/** Runs a statement on the database of a site that runs: what no page tells, or what only time would bring about. */
export async function askDatabase(
  { folder }: { folder: string },
  sql: string,
  args: (string | number)[] = [],
): Promise<ResultSet> {
  const client = createClient({ url: `file:${join(folder, 'registration.db')}`, timeout: 60_000 })
  try {
    return await client.execute({ sql, args })
  } finally {
    client.close()
  }
}

/** Runs a command of the built program, and ends it when it has not ended after a minute. */
export async function runCli(
  folder: string,
  args: string[],
  input = '',
  env: Record<string, string> = {},
  root = ROOT,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, 'build/cli/index.js'), ...args], {
    cwd: folder,
    env: { ...process.env, CONFIG: join(folder, 'config.yaml'), ...env },
    timeout: 60_000,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

export type Site = Awaited<ReturnType<typeof startSite>>

/**
 * The built program as an operator runs it, with its own database, a mail server and a stand-in for the homeserver
 * (or the real one that `homeserver` names), on free ports. Where it does not start, nothing of it is left.
 */
export async function startSite({
  config = {},
  homeserver,
  env = {},
  nodeArgs = [],
  moderator = true,
  isNew = false,
  hostname = '127.0.0.1',
  root = ROOT,
}: {
  config?: Record<string, unknown>
  homeserver?: { server: string; domain: string; admin_token: string }
  env?: Record<string, string>
  /** For Node itself, such as `--cpu-prof`. */
  nodeArgs?: string[]
  /** False: its database has one. */
  moderator?: boolean
  /** Nobody has looked yet at whether everything is set up. */
  isNew?: boolean
  /** What browsers call it; `localhost`, where they want a name. */
  hostname?: '127.0.0.1' | 'localhost'
  /** The checkout whose build it is. */
  root?: string
} = {}) {
  /** What takes each part away again, the newest first. */
  const cleanUps: (() => Promise<unknown>)[] = []
  async function cleanUp(): Promise<void> {
    for (const step of cleanUps.splice(0).reverse()) await step()
  }

  async function start() {
    const folder = await mkdtemp(join(tmpdir(), 'registration-'))
    cleanUps.push(() => rm(folder, { recursive: true, force: true }))
    const mail = await startMailServer()
    cleanUps.push(mail.close)
    const standIn =
      homeserver === undefined
        ? await startStandIn({ domain: 'example.test', token: 'stand-in-token' })
        : null
    cleanUps.push(async () => standIn?.close())
    const port = await freePort()
    const url = `http://${hostname}:${port}`
    const synapse = homeserver ?? {
      server: standIn?.url ?? '',
      domain: 'example.test',
      admin_token: 'stand-in-token',
    }
    const settings = {
      synapse,
      hosts: ['127.0.0.1', hostname],
      email: { host: '127.0.0.1', port: mail.port, from: 'desk@example.test' },
      admin: { email: 'moderators@example.test' },
      database: { path: join(folder, 'registration.db') },
      rate_limit: { email_submission: 1000, everybody_per_minute: 100_000 },
      moderation: { undo_seconds: 0 },
      ...config,
      site: { name: 'Example Community', url, ...(config.site ?? {}) },
      // Tests count what is asked of the servers, and break it.
      log: { checks_at_start: false, ...(config.log ?? {}) },
      // Whoever measures or attacks sends more than a community gets.
      registration: { max_waiting: 0, max_per_day: 0, ...(config.registration ?? {}) },
    }
    await writeFile(join(folder, 'config.yaml'), stringify(settings))
    if (moderator) await makeModerator(folder, root)
    // Else the first sign-in of an administrator leads elsewhere.
    if (moderator && !isNew) await seeSetUp(settings.database)
    const child = spawn(process.execPath, [...nodeArgs, join(root, 'build/cli/index.js'), 'serve'], {
      cwd: folder,
      env: {
        ...process.env,
        CONFIG: join(folder, 'config.yaml'),
        PORT: String(port),
        HOST: '127.0.0.1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    cleanUps.push(() => endChild(child))
    let log = ''
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const deadline = Date.now() + 30_000
    while (!(await answers(`${url}/healthz`))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`The site did not start:\n${log}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return { url, folder, mail, standIn, process: child, domain: synapse.domain, log: () => log }
  }

  try {
    const site = await start()
    return {
      ...site,
      cli: (args: string[], input?: string) => runCli(site.folder, args, input, {}, root),
      /** Ends it as a supervisor would; answers its exit code. */
      async stop(): Promise<number | null> {
        await cleanUp()
        return site.process.exitCode
      },
    }
  } catch (error) {
    await cleanUp()
    throw error
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const limit = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP_MS)
  await ended
  clearTimeout(limit)
}

const databaseSchema = v.object({ path: v.optional(v.string()), url: v.optional(v.string()) })

const SET_UP_SEEN = `
  import { createClient } from '@libsql/client'
  const client = createClient({ url: process.argv[1], timeout: 60_000 })
  await client.execute("insert into settings (key, value, changed_at) values ('set_up_seen', 'true', 1)")
  client.close()`

/** Somebody has looked at whether everything is set up. In a process of its own: the driver of this one closes late. */
async function seeSetUp(database: unknown): Promise<void> {
  const { path, url = `file:${path ?? ''}` } = v.parse(databaseSchema, database)
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SET_UP_SEEN, url], { cwd: ROOT })
}

async function makeModerator(folder: string, root: string): Promise<void> {
  const { username, password } = MODERATOR
  const args = ['admin', 'create', '--username', username, '--email', 'm@example.test', '--password-stdin']
  const made = await runCli(folder, args, password, {}, root)
  if (made.code !== 0) throw new Error(`The moderator could not be made:\n${made.err}`)
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
