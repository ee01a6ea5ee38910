import { createTransport } from 'nodemailer'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openMailbox, type Mailbox } from './mailbox'

let mailbox: Mailbox
beforeEach(async () => {
  mailbox = await openMailbox(0)
})
afterEach(() => mailbox.close())

const read = async (path: string) => (await fetch(mailbox.url + path)).text()

it('shows a mail with its links into a new tab, and as plain text below', async () => {
  const transport = createTransport({ host: '127.0.0.1', port: mailbox.smtpPort, ignoreTLS: true })
  await transport.sendMail({
    from: 'desk@example.org',
    to: 'river@mail.example',
    subject: 'Is <this> you?',
    html: '<html><head></head><body><a href="https://example.org/verify">Confirm</a></body></html>',
    text: 'Confirm: https://example.org/verify',
  })
  transport.close()
  expect(await read('/')).toContain('Is &#60;this&#62; you?')
  const page = await read('/mail/0')
  const [, sandbox = '', mail = ''] = /<iframe sandbox="([^"]*)" srcdoc="([^"]*)"/.exec(page) ?? []
  // Without the second word the tab would be as locked up as the frame: no scripts, no cookies.
  expect(sandbox).toBe('allow-popups allow-popups-to-escape-sandbox')
  const shown = mail.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
  expect(shown).toContain('<a target="_blank" rel="noopener" href="https://example.org/verify">')
  expect(page).toContain('<pre>Confirm: https://example.org/verify')
})
