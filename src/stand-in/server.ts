import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isAllowedHost, LOOPBACK_HOSTS } from '../lib/network/hosts'

/** A request as a fault sees it: the path is decoded and has no query. */
export interface SeenRequest {
  method: string
  path: string
  body: string
}

/**
 * What goes wrong: this answer instead, the connection `cut`, no answer ever (`hang`), or everything done and only
 * the answer `lost`.
 */
export type Fault =
  { status: number; body?: string | object; headers?: Record<string, string> } | 'cut' | 'hang' | 'lost'

/** `null`: no body at all. */
interface Answer {
  status: number
  body: string | object | null
  headers?: Record<string, string>
}

/**
 * Listens on 127.0.0.1 for a stand-in, for this machine only, and breaks what `faultFor` says. `port`: 0 picks a free
 * one. `textType`: the content type of a body that is text.
 */
export async function listen({
  port,
  answer,
  faultFor,
  elsewhere,
  textType,
}: {
  port: number
  answer: (request: IncomingMessage, url: URL, text: string) => Answer | Promise<Answer>
  faultFor: (request: SeenRequest) => Fault | undefined
  /** To whom another host is named. */
  elsewhere: Answer
  textType: string
}): Promise<{ url: string; close: () => Promise<void> }> {
  function write(response: ServerResponse, { status, body, headers = {} }: Answer): void {
    if (body === null) {
      response.writeHead(status, headers).end()
      return
    }
    const isText = typeof body === 'string'
    response.writeHead(status, { 'content-type': isText ? textType : 'application/json', ...headers })
    response.end(isText ? body : JSON.stringify(body))
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isAllowedHost(request.headers.host, LOOPBACK_HOSTS)) return write(response, elsewhere)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const text = Buffer.concat(chunks).toString('utf8')
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const seen = { method: request.method ?? 'GET', path: decodeURIComponent(url.pathname), body: text }
    const fault = faultFor(seen)
    if (fault === 'hang') return
    if (fault === 'cut') {
      request.socket.destroy()
      return
    }
    const given =
      fault === undefined || fault === 'lost' ? await answer(request, url, text) : { body: '', ...fault }
    if (fault === 'lost') request.socket.destroy()
    else write(response, given)
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
