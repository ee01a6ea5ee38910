import { expect, it } from 'vitest'
import { badToken, noAnswer, serverError, unreachable } from '../homeserver/answer-errors'
import { HomeserverError } from '../homeserver/homeserver'
import { NoAnswer } from '../homeserver/request'
import { smtpError } from '../mail/smtp-error'
import { cleanReason, reasonOf } from './outage-reason'

const TO = 'anna.winter@post.test'
const refusal = (response: string) =>
  smtpError(
    { code: 'EENVELOPE', command: 'RCPT TO', responseCode: Number(response.slice(0, 3)), response },
    { host: 'mail.example.test', port: 25, begun: false },
  )

it.each([
  `554 5.7.1 <${TO}>: Relay access denied`,
  `554 5.7.1 ${TO}: Relay access denied`,
  `554 5.7.1 "${TO}" relay access denied`,
  `554 5.7.1 '${TO}' relay access denied`,
  `554 5.7.1 [${TO}] relay access denied`,
  `554 5.7.1 TO:<${TO.toUpperCase()}> relay access denied`,
  `554 5.7.1 rcpt=${TO}; relay access denied`,
  '554 5.7.1 bounce+anna.winter=post.test@relay.test: relay access denied',
  '554 5.7.1 relaying to post.test denied for anna.winter',
  '554 5.7.1 No relay to user=anna.winter domain=post.test.',
  '554 5.7.1 No relay to "Anna.Winter" at (POST.TEST)',
  `554 5.7.1 ${'relay access denied '.repeat(9)}<${TO}>`,
])('names nobody whom the mail server named: %s', (response) => {
  const reason = reasonOf(refusal(response), [TO])
  expect(reason).toMatch(/^mail\.example\.test does not relay our email: check email\.from.* \(554 5\.7\.1/)
  expect(reason).not.toMatch(/anna|winter|post\.test/i)
})

it('leaves the name of our own mail server, which may be that of the address', () => {
  const error = smtpError(
    { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 554, response: '554 5.7.1 no relay to post.test' },
    { host: 'post.test', port: 25, begun: false },
  )
  expect(reasonOf(error, [TO])).toMatch(
    /^post\.test does not relay .* \(554 5\.7\.1 no relay to \[address\]\)$/,
  )
})

const synapse = { name: 'Synapse', origin: 'https://matrix.example.test', key: 'synapse.server' } as const
const gone = { status: 502, headers: {}, body: '' }
it.each([
  'check whether the username www.evil.test is available',
  'unlock @www.evil.test:example.test',
  'open a direct chat with @river/evil.test:example.test',
  'find out whose river@evil.test is',
])('says of a homeserver why, and not for whom: could not %s', (task) => {
  for (const error of [
    unreachable(task, `${synapse.origin} did not answer`),
    noAnswer(new NoAnswer('ECONNREFUSED'), task, synapse, 1000),
    serverError(task, synapse, gone, null),
    badToken(
      task,
      'M_UNKNOWN_TOKEN: Invalid token of @www.evil.test:example.test',
      'Set synapse.admin_token.',
    ),
    badToken(task, 'M_UNKNOWN_TOKEN: Invalid token of @www.evil.test', 'Set synapse.admin_token.'),
    new HomeserverError('set_up', `Could not ${task}: synapse.domain is wrong.`, { permanent: true }),
  ]) {
    for (const reason of [reasonOf(error), cleanReason(error.message)]) {
      expect(reason).not.toMatch(/evil|river|Could not/)
      expect(reason).toMatch(/^(?:https:|The homeserver|synapse\.)/)
    }
  }
})

it('says the same of what it has cleaned', () => {
  for (const error of [
    refusal(`554 5.7.1 <${TO}>: no relay`),
    serverError('unlock it', synapse, gone, null),
  ]) {
    const reason = reasonOf(error, [TO])
    expect(cleanReason(reason)).toBe(reason)
  }
})
