import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Logger } from 'pino'
import { createShared } from '../concurrency/coalesce'

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Where metrics are read. */
export interface Listening {
  host: string
  port: number
}

/**
 * Answers `/metrics` on a port of its own, to whoever reaches that. `take`: the text; one call at a time, which all
 * who ask meanwhile share. Throws if it cannot listen.
 */
export async function listenForMetrics(
  { host, port }: Listening,
  take: () => Promise<string>,
  log: Pick<Logger, 'info' | 'error'>,
): Promise<{ close(): void }> {
  const shared = createShared(take)
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (path !== '/metrics') return void response.writeHead(404).end()
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    shared(undefined).then(
      (text) =>
        response.writeHead(200, { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' }).end(text),
      (error: unknown) => {
        log.error({ err: error }, 'The metrics could not be collected')
        response.writeHead(500).end()
      },
    )
  })
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  server.on('error', (error) => log.error({ err: error }, 'The port for metrics failed'))
  log.info({ host, port }, 'Metrics are at /metrics of this port')
  return { close: () => close(server) }
}

/** Prometheus keeps its connection open. */
function close(server: Server): void {
  server.close()
  server.closeAllConnections()
}
