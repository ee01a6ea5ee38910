import { createInterface } from 'node:readline'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { connectionSettings, type SmtpServer } from './smtp'

/** What the server said about each end of an email that was not sent. */
export interface EnvelopeAnswer {
  /** The reply to MAIL FROM, with its code (RFC 5321, 4.2). */
  sender: string
  /** The reply to RCPT TO; null if the sender was rejected. */
  receiver: string | null
  /** Whether the session was encrypted. */
  encrypted: boolean
}

/**
 * Asks a mail server whether it would take an email from one address to another, and takes the question back (RSET):
 * nothing is sent. Throws nodemailer's errors for what comes before that: connecting, encryption, signing in.
 */
export async function tryEnvelope(
  server: SmtpServer,
  { from, to }: { from: string; to: string },
): Promise<EnvelopeAnswer> {
  const { tls, username, password } = server
  const connection = new SMTPConnection(connectionSettings(server, tls))
  // What fails after a step is that step's own error.
  connection.on('error', () => undefined)
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once('error', reject)
      connection.connect((error) => (error ? reject(error) : resolve()))
    })
    if (username !== null && password !== null)
      await new Promise<void>((resolve, reject) => {
        connection.login({ credentials: { user: username, pass: password } }, (error) =>
          error ? reject(error) : resolve(),
        )
      })
    return await exchange(connection, { from, to })
  } finally {
    connection.close()
  }
}

/** The library signs in, and sends whole emails only: the three commands between are ours. */
async function exchange(
  connection: SMTPConnection,
  { from, to }: { from: string; to: string },
): Promise<EnvelopeAnswer> {
  const { _socket: open, secure: encrypted } = connection
  if (!open) throw new Error('The mail server closed the connection')
  const socket = open
  socket.removeAllListeners('data')
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()

  async function command(line: string): Promise<string> {
    const words: string[] = []
    socket.write(`${line}\r\n`)
    for (;;) {
      const next = await lines.next()
      if (next.done === true) throw new Error('The mail server closed the connection')
      words.push(next.value)
      if (!/^\d{3}-/.test(next.value)) return words.join(' ')
    }
  }

  const sender = await command(`MAIL FROM:<${from}>`)
  const receiver = sender.startsWith('2') ? await command(`RCPT TO:<${to}>`) : null
  await command('RSET')
  return { sender, receiver, encrypted }
}
