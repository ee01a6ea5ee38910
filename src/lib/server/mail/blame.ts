import type { Blame } from '$lib/registration/job'
import type { SmtpReply } from './smtp-reply'

/** The command that the server rejected: the sender (MAIL FROM), the recipient (RCPT TO), or the message (DATA). */
export type Stage = 'sender' | 'receiver' | 'content'

/**
 * Enhanced status codes that blame the recipient's mailbox or domain. Everything else is ours: RFC 3463 and the
 * registry of RFC 5248 assign it to the sender's address (1.7, 1.8), the mail system (3), the route (4), the protocol
 * (5), the content (6) or a policy on who may send what (7). Left out although the subject is the recipient: 1.0 and
 * 1.5 (say nothing against the mailbox), 1.9 (about a server on the route), 2.3 (our email is too large).
 */
const RECEIVERS = new Set([
  '1.1', // Bad destination mailbox address: the mailbox does not exist.
  '1.2', // Bad destination system address: the part after the "@" does not exist or accepts no mail.
  '1.3', // Bad destination mailbox address syntax.
  '1.4', // Destination mailbox address ambiguous.
  '1.6', // Destination mailbox has moved, no forwarding address.
  '1.10', // Recipient address has null MX (RFC 7505, 4.2).
  '2.0', // The mailbox exists, but something about it has caused this.
  '2.1', // Mailbox disabled, not accepting messages.
  '2.2', // Mailbox full.
  '2.4', // Mailing list expansion problem.
])

/** RFC 7504, 4: the recipient's domain accepts no mail at all. */
const DOMAIN_TAKES_NO_MAIL = 556

/** Servers that check the sender only at the recipient's command use the same codes; the text distinguishes them. */
const NAMES_US =
  /\bsender\b|\breturn.path\b|\breverse.path\b|\bmail from\b|\brelay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited)|\b(?:not|no|cannot|unable to) (?:permitted to )?relay\b|\bauthenticat/i

/**
 * How Postfix, Exim, qmail, Exchange, OpenSMTPD, sendmail and others describe a mailbox that does not exist, if they
 * give no enhanced status code.
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

/** Exchange Online's answer for addresses missing from its directory, contrary to the meaning of 5.4.1. */
const EXCHANGE_UNKNOWN = /^(?:\d\.4\.1 )?Recipient address rejected: Access denied\b/i

/**
 * Who must act on a rejection (4yz or 5yz). `alone`: there is one recipient, so what is said of the message can be
 * about them. If it cannot be determined, it is ours: then the email waits, and nobody is told that their address
 * does not exist.
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
