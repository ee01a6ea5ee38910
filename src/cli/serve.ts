import cluster from 'node:cluster'
import { Server, type IncomingMessage, type RequestListener } from 'node:http'
import * as v from 'valibot'
import { runConfigOrExit, type RunConfig } from '$lib/server/config/run-config'
import { compressed } from '$lib/server/http/compressed'
import { securityHeaders } from '$lib/server/http/request-guard'
import { endUnreadable } from '$lib/server/http/unreadable-file'
import { createLog } from '$lib/server/logging/log'
import { REQUEST_ID_HEADER, requestIdOf } from '$lib/server/logging/request-id'
import { fillInListening, findNoListening, findNoMetrics, noListening, type NoListening } from './listening'
import { countWorkers, findNoSharing, runWorkers } from './workers'

/** The largest form that a person can send, with a margin: a message of 4,000 family emoji, form-encoded. */
const BODY_SIZE_LIMIT = '320K'

const builtSchema = v.object({ server: v.object({ server: v.instance(Server) }) })

/** Starts the built site, in as many processes as `workers` in config.yaml says. */
export async function serve(): Promise<void> {
  const config = runConfigOrExit()
  if (cluster.isWorker) return answer(config)
  ignoreHeaderSettings()
  fillInListening(process.env)
  const count = countWorkers(config.workers)
  // Checked first, because the background jobs start with the server.
  const problem =
    (count > 1 ? findNoSharing(process.env) : null) ??
    (await findNoListening(process.env)) ??
    (await findNoMetrics(config.metrics, process.env))
  if (problem !== null) endWith(problem)
  return count > 1 ? runWorkers(count, createLog(config), config.metrics) : answer(config)
}

/** Answers requests in this process. The server reads the environment on import, so the environment is set first. */
async function answer(config: RunConfig): Promise<void> {
  const { site } = config
  const log = createLog(config)
  if (cluster.isWorker) {
    // systemd passed its socket to the process that started this one, and shares it.
    if (process.env.LISTEN_PID) process.env.LISTEN_PID = String(process.pid)
    process.once('sveltekit:shutdown', () => cluster.worker?.disconnect())
  }
  process.env.ORIGIN = site.url
  process.env.BODY_SIZE_LIMIT ??= BODY_SIZE_LIMIT
  process.env.SHUTDOWN_TIMEOUT ??= '20'
  const built: unknown = await import(/* @vite-ignore */ new URL('../index.js', import.meta.url).href).catch(
    // It reports what it could not read in the environment once the background jobs have started.
    (error: unknown) => endWith({ words: error instanceof Error ? error.message : String(error), code: 1 }),
  )
  const { server } = v.parse(builtSchema, built)
  server.server.on('error', (error) => endWith(noListening(error, process.env)))
  const headers = Object.entries(securityHeaders(site.url))
  const answers = server.server.listeners('request') as RequestListener[]
  const answerCompressed = compressed((request, response) => {
    for (const listener of answers) listener.call(server.server, request, response)
  })
  server.server.removeAllListeners('request')
  server.server.on('request', (request, response) => {
    // Static files and the server's own refusals do not pass through the hooks.
    for (const [name, value] of headers) response.setHeader(name, value)
    const id = requestIdOf(request.headers[REQUEST_ID_HEADER])
    request.headers[REQUEST_ID_HEADER] = id
    response.setHeader(REQUEST_ID_HEADER, id)
    response.once('finish', () => discardUnread(request))
    endUnreadable(response, (err) =>
      log.error(
        { err },
        'A file of the site cannot be read: if it was built anew while this program runs, restart it',
      ),
    )
    answerCompressed(request, response)
  })
}

/**
 * Reads the rest of a form that was answered before all of it was read, such as one of another site. SvelteKit leaves
 * it, and the next request on the connection, which behind a proxy is somebody else's, would wait for it in vain.
 */
function discardUnread(request: IncomingMessage): void {
  if (request.complete) return
  request.removeAllListeners('data')
  request.resume()
}

function endWith({ words, code }: NoListening): never {
  process.stderr.write(`${words}\n`)
  process.exit(code)
}

/** The adapter would trust these headers from anybody; only `trust_proxy` decides which to trust. */
function ignoreHeaderSettings(): void {
  for (const name of ['ADDRESS_HEADER', 'XFF_DEPTH', 'PROTOCOL_HEADER', 'HOST_HEADER', 'PORT_HEADER']) {
    if (process.env[name] === undefined) continue
    Reflect.deleteProperty(process.env, name)
    process.stderr.write(
      `${name} in the environment is ignored: set trust_proxy in config.yaml for X-Forwarded-For, and site.url for the address of the site\n`,
    )
  }
}
