import { describe, expect, test } from 'vitest'
import { blameOf, type Stage } from './blame'
import { parseReply } from './smtp-reply'

const whose = (response: string, stage: Stage = 'receiver', alone = true) =>
  blameOf(stage, parseReply(response), alone)

describe('a refusal of a receiver is the receiver’s', () => {
  test.each([
    // RFC 3463, 3.2 and 3.3, and RFC 7505.
    '550 5.1.1 The mailbox does not exist',
    '450 4.1.1 <river@mail.test>: Recipient address rejected: unverified address',
    '550 5.1.2 <river@mail.test>: Recipient address rejected: Domain not found',
    '501 5.1.3 Bad recipient address syntax',
    '553 5.1.4 Ambiguous',
    '551 5.1.6 The mailbox has moved',
    '556 5.1.10 Recipient address has null MX',
    '556 Domain does not accept mail',
    '550 5.2.0 Mailbox trouble',
    '550 5.2.1 The email account that you tried to reach is disabled',
    '450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more',
    '552 5.2.2 Mailbox full',
    '452 4.2.2 The email account that you tried to reach is over quota',
    '550 5.2.4 List expansion failed',
    // As servers really say it.
    '550 5.1.1 <river@mail.test>: Recipient address rejected: User unknown in relay recipient table',
    '550 5.1.1 <sender@mail.test>: Recipient address rejected: User unknown in virtual mailbox table',
    '550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the address\n550 5.1.1 https://support.google.com/mail/?p=NoSuchUser - gsmtp',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    '550 5.4.1 Recipient address rejected: Access denied. [AM6EUR05FT004.eop-eur05.prod.protection.outlook.com]',
    '550 sorry, no mailbox here by that name (#5.1.1)',
    '550 #5.1.1 bad address river@mail.test',
    '501 Error: Bad recipient address syntax',
    '550 No such user',
    '550 No Such User Here',
    '550 <river@mail.test>... User unknown',
    '550 Unknown user',
    '550 Invalid recipient: <river@mail.test>',
    '550 mailbox not found',
    '550 Recipient does not exist',
  ])('%s', (response) => {
    expect(whose(response)).toBe('receiver')
  })

  test('after the mail as well, where it has one receiver', () => {
    const response = '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
    expect(whose(response, 'content')).toBe('receiver')
    expect(whose(response, 'content', false)).toBe('us')
  })
})

describe('everything else is ours', () => {
  test.each([
    '553 5.7.1 <desk@example.org>: Sender address rejected: not owned by user desk',
    '554 5.7.1 <river@mail.test>: Relay access denied',
    '550 5.4.5 Daily sending limit exceeded',
    '550 5.7.1 <river@mail.test>: Recipient address rejected: Access denied',
    '550 5.7.1 Unable to relay',
    '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain',
    '550 5.7.26 This mail has been blocked because the sender is unauthenticated',
    '550 5.1.0 <desk@example.org>: Sender address rejected: User unknown in local recipient table',
    '550 5.1.1 <desk@example.org>: Sender address rejected: undeliverable address',
    '553 5.1.7 Bad sender’s mailbox address syntax',
    '553 5.1.8 Domain of sender address does not exist',
    '550 5.1.0 Address rejected',
    '550 5.2.3 Message too long',
    '550 5.3.0 Rejected',
    '452 4.3.1 Insufficient system storage',
    '552 5.3.4 Message size exceeds fixed limit',
    '550 5.4.1 No answer from host',
    '550 5.4.4 Unable to route',
    '554 5.4.6 Mail loop detected',
    '554 5.5.1 Error: no valid recipients',
    '452 4.5.3 Too many recipients',
    '554 5.6.0 Invalid message content',
    '550 5.7.0 Authentication required',
    '451 4.7.1 Greylisting in action, please come back later',
    '550 5.7.13 User account disabled',
    // Codes without an enhanced status: where the words do not settle it, it waits.
    '550 Requested action not taken: mailbox unavailable',
    '550 relay not permitted',
    '550 relay not permitted, authentication required',
    '550 Relaying denied',
    '550 Administrative prohibition',
    '550 Sender verify failed: no such user',
    '550 User unknown; sender rejected',
    '550 Access denied',
    '550 Rejected by local policy: unknown user',
    '550 Daily quota of your account exceeded',
    '550 Too many invalid recipients',
    '550 Your account does not exist',
    '551 User not local; please try <river@mail.test>',
    '551 we do not relay',
    '552 Requested mail action aborted: exceeded storage allocation',
    '553 Requested action not taken: mailbox name not allowed',
    '553 sorry, that domain isn’t in my list of allowed rcpthosts (#5.7.1)',
    '554 Transaction failed',
    '554 No such user',
    '501 Error: Bad sender address syntax',
    '501 Syntax error in parameters',
    '521 Host does not accept mail',
    '451 Temporary local problem',
    '550',
    'nonsense',
    '',
  ])('%s', (response) => {
    expect(whose(response)).toBe('us')
  })

  test('whatever is said of the sender', () => {
    expect(whose('550 5.1.1 User unknown', 'sender')).toBe('us')
    expect(whose('550 No such user', 'sender')).toBe('us')
  })

  test('words of an address do not count as the server’s', () => {
    expect(whose('550 <relay-denied-sender@mail.test>: no such user')).toBe('receiver')
    expect(whose('550 user-unknown@mail.test is refused')).toBe('us')
  })
})

test('a reply is read with its code and its status, wherever servers put that', () => {
  expect(parseReply('550-5.1.1 one\r\n550 5.1.1 two')).toEqual({
    code: 550,
    status: { subject: 1, detail: 1 },
    words: '5.1.1 one 5.1.1 two',
  })
  expect(parseReply('556 5.1.10 null MX').status).toEqual({ subject: 1, detail: 10 })
  expect(parseReply('250 fine').status).toBeNull()
  // No status code, but the address of a server.
  expect(parseReply('550 5.1.1.9 is on a block list').status).not.toEqual({ subject: 1, detail: 1 })
})
