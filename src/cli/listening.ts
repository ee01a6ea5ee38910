import { once } from 'node:events'
import { existsSync, lstatSync, type Stats } from 'node:fs'
import { connect, createServer, type ListenOptions } from 'node:net'
import { dirname } from 'node:path'
import { WRONG_USE } from '$lib/server/config/exit-code'

/** The variables of a process. */
export type Environment = Record<string, string | undefined>

/** Why the server cannot listen, in one sentence with the remedy, and the exit code for it. */
export interface NoListening {
  words: string
  code: 1 | typeof WRONG_USE
}

const LOOPBACK = '127.0.0.1'
const FAILED = 1
/** unix(7) allows 108 bytes including the final one, and macOS four fewer. */
const LONGEST_SOCKET_PATH = 103

/**
 * Fills in where to listen before the server reads the environment: on this machine only if HOST is not set, because
 * anybody who reaches the port without the proxy could forge X-Forwarded-For. SOCKET_PATH replaces PORT. Empty variables
 * count as not set.
 */
export function fillInListening(env: Environment): void {
  env['HOST'] ||= LOOPBACK
  if (env['SOCKET_PATH']) {
    delete env['PORT']
    return
  }
  delete env['SOCKET_PATH']
  env['PORT'] ||= '3000'
}

/**
 * Tries to listen where the environment says (`HOST`, `PORT`, or `SOCKET_PATH`), and closes again. Null: it works, or
 * systemd passes the socket. Nothing else has been started at this point.
 */
export async function findNoListening(env: Environment): Promise<NoListening | null> {
  const { LISTEN_PID, LISTEN_FDS, SOCKET_PATH, HOST, PORT } = env
  if (LISTEN_PID) {
    if (Number(LISTEN_PID) === process.pid && Number(LISTEN_FDS) === 1) return null
    return {
      words:
        'LISTEN_PID and LISTEN_FDS in the environment must pass one socket to this very process: let systemd start it directly, not through npm.',
      code: WRONG_USE,
    }
  }
  if (SOCKET_PATH) {
    // libuv truncates a path that is too long, and reports a missing folder as a missing permission.
    if (Buffer.byteLength(SOCKET_PATH) > LONGEST_SOCKET_PATH)
      return { words: socketWords('ENAMETOOLONG', SOCKET_PATH), code: WRONG_USE }
    if (!existsSync(dirname(SOCKET_PATH)))
      return { words: socketWords('ENOENT', SOCKET_PATH), code: WRONG_USE }
    const there = await whatIsAt(SOCKET_PATH)
    if (there === 'stale') return null
    if (there !== null) return there
  }
  const where = SOCKET_PATH ? { path: SOCKET_PATH } : { host: HOST, port: Number(PORT) }
  const error = await tryToListen(where)
  return error === null ? null : noListening(error, env)
}

/**
 * The same for the port of the metrics (`metrics` in config.yaml), which cannot be that of the site. `port`: null if
 * there is none.
 */
export async function findNoMetrics(
  { host, port }: { host: string; port: number | null },
  env: Environment,
): Promise<NoListening | null> {
  if (port === null) return null
  if (String(port) === env['PORT'])
    return {
      words: `metrics.port in config.yaml is ${port}, which is the port of the site: set another one.`,
      code: WRONG_USE,
    }
  const error = await tryToListen({ host, port })
  if (error === null) return null
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return {
        words: `metrics.port in config.yaml: ${where} is already in use, perhaps by this program: stop that, or set another port.`,
        code: FAILED,
      }
    case 'EACCES':
    case 'EPERM':
      return {
        words: `metrics.port in config.yaml: this user may not listen on ${where}, as ports below 1024 are reserved for root: set a higher one.`,
        code: WRONG_USE,
      }
    default:
      return {
        words: `metrics.host in config.yaml (${host}) is not an address of this machine: leave it out for 127.0.0.1, or set it to 0.0.0.0 or "::" for all addresses.`,
        code: WRONG_USE,
      }
  }
}

/** What an error from listening means, in words. */
export function noListening(error: unknown, { HOST, PORT, SOCKET_PATH }: Environment): NoListening {
  const code = codeOf(error)
  if (SOCKET_PATH)
    return { words: socketWords(code, SOCKET_PATH), code: code === 'EADDRINUSE' ? FAILED : WRONG_USE }
  const where = `${HOST?.includes(':') ? `[${HOST}]` : HOST}:${PORT}`
  switch (code) {
    case 'EADDRINUSE':
      return {
        words: `${where} is already in use, perhaps by this program: stop that, or set PORT in the environment to another port.`,
        code: FAILED,
      }
    case 'EACCES':
    case 'EPERM':
      return {
        words: `This user may not listen on ${where}: ports below 1024 are reserved for root. Set PORT in the environment to a higher one, and let your reverse proxy use that one.`,
        code: WRONG_USE,
      }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return {
        words: `HOST in the environment (${HOST}) is not an address of this machine: leave it out for 127.0.0.1, or set it to 0.0.0.0 or :: for all addresses.`,
        code: WRONG_USE,
      }
    default:
      return {
        words: `Cannot listen on ${where} (${code || String(error)}): check HOST and PORT.`,
        code: FAILED,
      }
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

function socketWords(code: string, path: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `The socket ${path} is already in use, perhaps by this program: stop that, or name another in SOCKET_PATH.`
    case 'ENOENT':
    case 'ENOTDIR':
      return `SOCKET_PATH in the environment (${path}) is in a folder that does not exist: create it, or name another.`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `This user may not create the socket ${path}: set SOCKET_PATH to one in a folder it may write to.`
    default:
      return `SOCKET_PATH in the environment (${path}) cannot be a socket (${code}): use a short path in a folder of this program.`
  }
}

/** A stale socket is removed by the server itself; anything else at that path is left as it is. */
async function whatIsAt(path: string): Promise<NoListening | 'stale' | null> {
  const found = look(path)
  if (found === null) return null
  if (!found.isSocket())
    return {
      words: `SOCKET_PATH in the environment (${path}) exists and is not a socket: name another.`,
      code: WRONG_USE,
    }
  const socket = connect({ path })
  const answered = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return answered ? { words: socketWords('EADDRINUSE', path), code: FAILED } : 'stale'
}

function look(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch {
    // If it cannot be inspected, listening on it will report why.
    return null
  }
}

async function tryToListen(where: ListenOptions): Promise<unknown> {
  const server = createServer()
  try {
    server.listen({ ...where, exclusive: true })
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return null
  } catch (error) {
    return error
  }
}
