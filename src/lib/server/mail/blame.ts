import type { Blame } from '$lib/registration/job'
import type { SmtpReply } from './smtp-reply'

/** What the server was asked when it refused: the sender (MAIL FROM), the receiver (RCPT TO), or the mail (DATA). */
export type Stage = 'sender' | 'receiver' | 'content'

/**
 * What an enhanced status code gives to the receiver's mailbox or domain. Everything else is ours: RFC 3463 and the
 * registry of RFC 5248 give it to the sender's address (1.7, 1.8), the mail system (3), the way there (4), the protocol
 * (5), the content (6) or a policy on who may send what (7). Left out though the subject is the receiver: 1.0 and 1.5
 * (say nothing against the mailbox), 1.9 (about a server on the way), 2.3 (our mail is too large).
 */
const RECEIVERS = new Set([
  '1.1', // Bad destination mailbox address: the mailbox does not exist.
  '1.2', // Bad destination system address: what stands right of the "@" does not exist or accepts no mail.
  '1.3', // Bad destination mailbox address syntax.
  '1.4', // Destination mailbox address ambiguous.
  '1.6', // Destination mailbox has moved, no forwarding address.
  '1.10', // Recipient address has null MX (RFC 7505, 4.2).
  '2.0', // The mailbox exists, but something about it has caused this.
  '2.1', // Mailbox disabled, not accepting messages.
  '2.2', // Mailbox full.
  '2.4', // Mailing list expansion problem.
])

/** RFC 7504, 4: the domain of the receiver takes no mail at all. */
const DOMAIN_TAKES_NO_MAIL = 556

/** Servers that check the sender only when they hear of the receiver use the same codes; their words tell. */
const NAMES_US =
  /\bsender\b|\breturn.path\b|\breverse.path\b|\bmail from\b|\brelay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited)|\b(?:not|no|cannot|unable to) (?:permitted to )?relay\b|\bauthenticat/i

/**
 * What Postfix, Exim, qmail, Exchange, OpenSMTPD, sendmail and their like say of a mailbox that does not exist, where
 * they give no enhanced status code.
 */
const UNKNOWN_MAILBOX = [
  /\b(?:user|recipient|mailbox|account|addressee|local.part) (?:is )?(?:unknown|not found|not known|does ?n[o']t exist)\b/i,
  /\b(?:unknown|invalid|non.?existent|no such) (?:local )?(?:user|recipient|mailbox|account|addressee|local.part)\b/i,
  /\bno mailbox (?:here )?by that name\b/i,
  /\bRecipNotFound\b/,
]
/** The same as 5.1.3, in the words of Postfix and smtp-server. */
const BAD_ADDRESS = /\b(?:bad|invalid) (?:recipient|destination)(?: mailbox)? address syntax\b/i
const NOT_ABOUT_A_MAILBOX =
  /\b(?:polic|spam|block|black|deny.?list|dns[bw]l|spf|dkim|dmarc|reputation|limit|quota|rate|too many|client|helo|ehlo|grey|gray|access denied|your)/i

/** Exchange Online says so of addresses that its directory does not have, against the meaning of 5.4.1. */
const EXCHANGE_UNKNOWN = /^(?:\d\.4\.1 )?Recipient address rejected: Access denied\b/i

/**
 * Whose matter a refusal (4yz or 5yz) is. `alone`: one receiver, so that what is said of the mail can be about that one.
 * What cannot be told is ours: then the mail waits, and nobody is told that their address does not exist.
 */
export function blameOf(stage: Stage, { code, status, words }: SmtpReply, alone: boolean): Blame {
  if (stage === 'sender' || (stage === 'content' && !alone) || NAMES_US.test(words)) return 'us'
  if (status !== null) {
    const { subject, detail } = status
    if (RECEIVERS.has(`${subject}.${detail}`)) return 'receiver'
    return subject === 4 && detail === 1 && EXCHANGE_UNKNOWN.test(words) ? 'receiver' : 'us'
  }
  if (stage === 'receiver' && code === DOMAIN_TAKES_NO_MAIL) return 'receiver'
  if (stage === 'receiver' && code === 501 && BAD_ADDRESS.test(words)) return 'receiver'
  if (code !== 550 || NOT_ABOUT_A_MAILBOX.test(words)) return 'us'
  return UNKNOWN_MAILBOX.some((said) => said.test(words)) ? 'receiver' : 'us'
}
