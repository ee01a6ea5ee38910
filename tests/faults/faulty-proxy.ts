import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'

/** A call as it passes by: the path is decoded and has no query. */
export interface Passing {
  method: string
  path: string
  body: string
}

/**
 * What goes wrong between this program and a homeserver. `refused`: nobody listens. `cut`: the connection ends before
 * the call arrives; `lost`: after it took effect; `half`: in the middle of the answer to it; `slow`: it takes effect, and
 * the answer does not come in time; `garbled`: it takes effect, and the answer is half a JSON text. An answer: instead of
 * the homeserver's, to which nothing is said.
 */
export type Fault =
  | 'refused'
  | 'cut'
  | 'lost'
  | 'half'
  | 'slow'
  | 'garbled'
  | { status: number; headers?: Record<string, string>; body: string }

export type FaultyProxy = Awaited<ReturnType<typeof startFaultyProxy>>

/** Stands before a homeserver, and breaks what `break` names. */
export async function startFaultyProxy(target: string) {
  const { hostname, port } = new URL(target)
  let broken: { fault: Fault; which: (call: Passing) => boolean } | null = null
  let hits = 0
  const held = new Set<ServerResponse>()

  async function pass(
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ answer: IncomingMessage; text: Buffer }> {
    const { method, url: path, headers } = incoming
    const sent = request({
      hostname,
      port,
      method,
      path,
      headers: { ...headers, host: `${hostname}:${port}` },
    })
    sent.end(body)
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(Buffer.from(chunk))
    return { answer, text: Buffer.concat(chunks) }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks)
    const path = decodeURIComponent(new URL(incoming.url ?? '/', target).pathname)
    const call = { method: incoming.method ?? 'GET', path, body: body.toString('utf8') }
    const fault = broken !== null && broken.which(call) ? broken.fault : null
    if (fault !== null) hits++
    if (fault === 'cut' || fault === 'refused') return void incoming.socket.destroy()
    if (typeof fault === 'object' && fault !== null) {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
      return void response.end(fault.body)
    }
    const { answer, text } = await pass(incoming, body)
    if (fault === 'lost') return void incoming.socket.destroy()
    if (fault === 'slow') return void held.add(response)
    const headers = { ...answer.headers }
    delete headers['transfer-encoding']
    if (fault === 'garbled') {
      delete headers['content-length']
      response.writeHead(answer.statusCode ?? 0, headers)
      return void response.end(text.subarray(0, Math.floor(text.length / 2)))
    }
    response.writeHead(answer.statusCode ?? 0, { ...headers, 'content-length': text.length })
    if (fault !== 'half') return void response.end(text)
    response.write(text.subarray(0, 1))
    setImmediate(() => incoming.socket.destroy())
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  const own = address.port

  async function shut(): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  return {
    url: `http://127.0.0.1:${own}`,
    /** How many calls were broken since the last `break`. */
    hits: () => hits,
    async break(fault: Fault, which: (call: Passing) => boolean): Promise<void> {
      hits = 0
      broken = { fault, which }
      if (fault === 'refused') await shut()
    },
    async mend(): Promise<void> {
      for (const response of held) response.destroy()
      held.clear()
      broken = null
      if (server.listening) return
      server.listen(own, '127.0.0.1')
      await once(server, 'listening')
    },
    async close(): Promise<void> {
      for (const response of held) response.destroy()
      if (server.listening) await shut()
    },
  }
}
