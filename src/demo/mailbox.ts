import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { isAllowedHost, LOOPBACK_HOSTS } from '$lib/network/hosts'

export interface Mailbox {
  /** SMTP, on 127.0.0.1. */
  smtpPort: number
  /** The web page to read them on. */
  url: string
  close(): Promise<void>
}

const SHOWN = 200

/** A mail server that delivers nothing, and a page that shows what it received, newest first. For the demo. */
export async function openMailbox(port: number): Promise<Mailbox> {
  const mails: ParsedMail[] = []
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      void simpleParser(stream).then((mail) => {
        mails.unshift(mail)
        mails.length = Math.min(mails.length, SHOWN)
        done()
      }, done)
    },
  })
  smtp.listen(0, '127.0.0.1')
  await once(smtp.server, 'listening')

  const web = createServer((request, response) => {
    if (!isAllowedHost(request.headers.host, LOOPBACK_HOSTS)) {
      response.writeHead(421, { 'content-type': 'text/plain; charset=utf-8' })
      response.end("The demo's inbox answers only at 127.0.0.1 and localhost.\n")
      return
    }
    const [, page, id] = /^\/(?:(mail|rules)(?:\/(\d+))?)?$/.exec(request.url ?? '') ?? []
    const mail = id === undefined ? undefined : mails[mails.length - 1 - Number(id)]
    const found = request.url === '/' || page === 'rules' || mail !== undefined
    const body = mail !== undefined ? mailPage(mail) : page === 'rules' ? RULES : listPage(mails)
    response.writeHead(found ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
    })
    response.end(body)
  })
  const webPort = await listen(web, port)
  const smtpAddress = smtp.server.address()
  if (smtpAddress === null || typeof smtpAddress === 'string') throw new Error('The mail server has no port')
  return {
    smtpPort: smtpAddress.port,
    url: `http://127.0.0.1:${webPort}`,
    async close() {
      web.closeAllConnections()
      await Promise.all([
        new Promise<void>((resolve) => web.close(() => resolve())),
        new Promise<void>((resolve) => smtp.close(() => resolve())),
      ])
    },
  }
}

/** Listens on the port, or on a free one if it is taken; returns the port. */
export async function listen(server: Server, port: number): Promise<number> {
  for (const wanted of [port, 0]) {
    server.listen(wanted, '127.0.0.1')
    // `once` rejects if an error comes first.
    const listens = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!listens) continue
    const address = server.address()
    if (address !== null && typeof address !== 'string') return address.port
  }
  throw new Error('No port is free on 127.0.0.1')
}

const escape = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const receivers = ({ to }: ParsedMail) =>
  [to ?? []]
    .flat()
    .map(({ text }) => text)
    .join(', ')

function listPage(mails: ParsedMail[]): string {
  const rows = mails.map((mail, index) => {
    const time = mail.date?.toISOString().slice(11, 16) ?? ''
    return `<li><a href="/mail/${mails.length - 1 - index}"><b>${escape(mail.subject ?? '')}</b><span>${escape(receivers(mail))}</span><time>${time}</time></a></li>`
  })
  const list = rows.length === 0 ? '<p>No email yet.</p>' : `<ul>${rows.join('')}</ul>`
  return document(
    'Mailbox',
    `<h1>Inbox</h1><p>Every email that the demo sends arrives here.</p>${list}`,
    '<meta http-equiv="refresh" content="5">',
  )
}

function mailPage(mail: ParsedMail): string {
  // The email is our own and sets no target: its links open in a new tab, outside the frame.
  const html = (mail.html || '').replaceAll('<a ', '<a target="_blank" rel="noopener" ')
  return document(
    mail.subject ?? 'Mail',
    `<p><a href="/">All emails</a></p><h1>${escape(mail.subject ?? '')}</h1><p>To ${escape(receivers(mail))}</p>
    <iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escape(html)}" title="The email"></iframe>
    <details><summary>As plain text</summary><pre>${escape(mail.text ?? '')}</pre></details>`,
  )
}

const RULES = document('House rules', '<h1>House rules</h1><p>Be kind. This is only a demo.</p>')

function document(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${head}<title>${escape(title)}</title><style>
:root { color-scheme: light dark }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1.25rem; font: 1.0625rem/1.6 ui-sans-serif, system-ui, sans-serif; background: light-dark(#fbfaf8, #16171a); color: light-dark(#1d1d1f, #ececee) }
h1 { font-size: 1.7rem; line-height: 1.2; letter-spacing: -0.02em; overflow-wrap: anywhere } a { color: light-dark(#007e56, #4fb98c) }
ul { list-style: none; padding: 0; border: 1px solid light-dark(#e4e1db, #303238); border-radius: 12px; overflow: hidden; background: light-dark(#fff, #1e2024) }
li + li { border-top: 1px solid light-dark(#e4e1db, #303238) } li a { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: .8rem 1.1rem; color: inherit; text-decoration: none }
li span, li time, p { color: light-dark(#5f5f5b, #a3a4a8) } li span { grid-row: 2; overflow-wrap: anywhere }
iframe { width: 100%; height: 44rem; border: 1px solid light-dark(#e4e1db, #303238); border-radius: 12px; background: #fff; color-scheme: light } pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style></head><body>${body}</body></html>`
}
