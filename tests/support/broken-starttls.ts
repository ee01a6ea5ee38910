import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What a server does when it is asked for the STARTTLS that it offers. */
export type Break = '454' | 'speaks no TLS' | 'hangs up' | 'resets' | 'says nothing' | 'goes silent'

const BREAKS: Record<Break, (client: Socket) => unknown> = {
  '454': (client) => client.write('454 4.7.0 TLS not available due to local problem\r\n'),
  'speaks no TLS': (client) => atHandshake(client, () => client.write('502 What?\r\n')),
  'hangs up': (client) => atHandshake(client, () => client.end()),
  resets: (client) => atHandshake(client, () => client.resetAndDestroy()),
  'says nothing': () => undefined,
  'goes silent': (client) => atHandshake(client, () => undefined),
}

function atHandshake(client: Socket, react: () => void): void {
  client.once('data', react)
  client.write('220 Ready to start TLS\r\n')
}

/** Stands before an SMTP server and breaks its STARTTLS, after some `sound` connections; everything else goes through. */
export async function breakStartTls(port: number, how: Break, sound = 0) {
  let connections = 0
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    connections += 1
    const isSound = connections <= sound
    const server = connect(port, '127.0.0.1')
    for (const socket of [client, server])
      sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)))
    server.pipe(client)
    client.once('close', () => server.destroy())
    server.once('close', () => client.end())
    client.on('data', function pass(chunk: Buffer) {
      if (isSound || !/^STARTTLS\r\n/i.test(chunk.toString('latin1'))) return server.write(chunk)
      if (how !== '454') {
        client.off('data', pass)
        server.unpipe(client)
      }
      BREAKS[how](client)
      return true
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return {
    port: address.port,
    connections: () => connections,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy()
        proxy.close(() => resolve())
      }),
  }
}
