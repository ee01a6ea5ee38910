import type { SMTPServerOptions } from 'smtp-server'
import { describe, expect, test } from 'vitest'
import {
  aDoctorWorld,
  aMailServer,
  SECRETS,
  withoutRemedy,
  wrong,
  type Tree,
} from '../../support/doctor-world'
import { email } from '../../support/registration'

describe('of the mail server', () => {
  const refuse = (code: number, words: string) => Object.assign(new Error(words), { responseCode: code })

  test.each<[string, SMTPServerOptions, Tree, { check: string; level: string; key: string }]>([
    [
      'a port where nobody answers',
      {},
      { port: 1 },
      { check: 'mail.connection', level: 'error', key: 'email.host' },
    ],
    [
      'a password that is wrong',
      {},
      { password: 'wrong' },
      { check: 'mail.connection', level: 'error', key: 'email.username' },
    ],
    [
      'encryption that is not offered',
      {},
      { tls: 'required' },
      { check: 'mail.connection', level: 'error', key: 'email.tls' },
    ],
    [
      'a sender that is rejected',
      { onMailFrom: (_, __, done) => done(refuse(553, '5.7.1 Sender address rejected: not owned')) },
      {},
      { check: 'mail.sender', level: 'error', key: 'email.from' },
    ],
    [
      'moderators who get no email',
      { onRcptTo: (_, __, done) => done(refuse(550, '5.1.1 No such user')) },
      {},
      { check: 'mail.receiver', level: 'error', key: 'admin.email' },
    ],
    [
      'a server that greylists',
      { onRcptTo: (_, __, done) => done(refuse(451, '4.7.1 Greylisted')) },
      {},
      { check: 'mail.receiver', level: 'warning', key: 'admin.email' },
    ],
    [
      'encryption that nobody checks',
      { disabledCommands: [] },
      { tls: 'if_offered' },
      { check: 'mail.encryption', level: 'warning', key: 'email.tls' },
    ],
    [
      'encryption that is offered and fails',
      // The certificate of the library is for RSA.
      { disabledCommands: [], maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      { tls: 'if_offered' },
      { check: 'mail.encryption', level: 'warning', key: 'email.tls' },
    ],
    [
      'a certificate that nobody knows',
      { disabledCommands: [] },
      { tls: 'required' },
      { check: 'mail.connection', level: 'error', key: 'email.host' },
    ],
    [
      'a certificate that is not checked',
      { disabledCommands: [] },
      { tls: 'required', verify_cert: false },
      { check: 'mail.encryption', level: 'warning', key: 'email.verify_cert' },
    ],
  ])(
    '%s is told by its key',
    async (_, options, change, finding) => {
      const { examine } = await aDoctorWorld({}, options)
      const base = {
        ssl: null,
        host: '127.0.0.1',
        username: 'desk@example.test',
        password: SECRETS.mailPassword,
        tls: 'never',
      }
      const port = await aMailServer(options)
      const findings = await examine({ email: { ...base, port, ...change } })
      expect(wrong(findings).filter(({ check }) => check !== 'config.settings')).toEqual([finding])
      expect(withoutRemedy(findings)).toEqual([])
    },
    15_000,
  )
})

test('a test email goes where it is asked for, in the site’s language', async () => {
  const mails: string[] = []
  const { examine } = await aDoctorWorld(
    {},
    {
      onData: (stream, _, done) => {
        let text = ''
        stream.on('data', (piece: Buffer) => (text += piece.toString()))
        stream.on('end', () => {
          mails.push(text)
          done()
        })
      },
    },
  )
  const findings = await examine({ site: { language: 'de' } }, { testMailTo: email('someone@example.test') })
  expect(findings.find(({ check }) => check === 'mail.test')).toMatchObject({ level: 'ok' })
  expect(mails).toHaveLength(1)
  expect(mails[0]).toMatch(/^To: someone@example\.test/m)
  expect(mails[0]).toContain('Test-E-Mail')
})

test('a test email that the server does not take is told', async () => {
  const refused = Object.assign(new Error('5.7.1 Rejected as spam'), { responseCode: 554 })
  const { examine } = await aDoctorWorld(
    {},
    {
      onData: (stream, _, done) => {
        stream.resume()
        stream.on('end', () => done(refused))
      },
    },
  )
  const findings = await examine({}, { testMailTo: email('someone@example.test') })
  expect(wrong(findings).map(({ check }) => check)).toEqual(['mail.test'])
  expect(withoutRemedy(findings)).toEqual([])
})
