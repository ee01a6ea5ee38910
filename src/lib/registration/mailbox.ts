import type { EmailAddress } from './email'

// Which spellings of an address lead to one mailbox, according to each provider. All of them, and most others, accept
// a subaddress after `+` (RFC 5233).

/** Dots do not matter ("Dots don't matter in Gmail addresses"), and googlemail.com is the same. */
const GMAIL = ['gmail.com', 'googlemail.com']

/** One account has all three ("Set up an @icloud.com email address": older accounts keep me.com and mac.com). */
const APPLE = ['icloud.com', 'me.com', 'mac.com']

/**
 * Dots, dashes and underscores do not matter, and nobody else can get the name at another of the domains ("How to
 * change your username").
 */
const PROTON = ['proton.me', 'protonmail.com', 'protonmail.ch', 'pm.me']

/** A dot equals a dash, and one account has all domains ("Alternate email addresses": aliases on all domains). */
const YANDEX =
  /^(?:ya\.ru|yandex\.(?:ru|com|by|kz|ua|uz|az|ee|fr|lt|lv|md|tj|tm|com\.am|com\.ge|com\.tr|co\.il))$/

/**
 * `base-keyword@` is a disposable address of the owner of base; no other name contains a dash ("Yahoo: disposable
 * addresses").
 */
const YAHOO = /^(?:yahoo\.[a-z]{2,3}(?:\.[a-z]{2})?|ymail\.com|rocketmail\.com|myyahoo\.com)$/

/** `anything@user.host` belongs to user ("Fastmail: subdomain addressing"; the others create aliases this way). */
const BY_SUBDOMAIN = new Set(
  `fastmail.com fastmail.fm fastmail.cn fastmail.co.uk fastmail.com.au fastmail.de fastmail.es fastmail.in fastmail.jp
  fastmail.net fastmail.nl fastmail.org fastmail.se fastmail.to fastmail.tw fastmail.uk fastmail.us 123mail.org airpost.net
  eml.cc fmail.co.uk fmgirl.com fmguy.com mailbolt.com mailcan.com mailhaven.com mailmight.com ml1.net mm.st myfastmail.com
  proinbox.com promessage.com rushpost.com sent.as sent.at sent.com speedymail.org warpmail.net xsmail.com
  anonaddy.com anonaddy.me 33mail.com`.split(/\s+/),
)

/** A part of a local part, or all of it if nothing would be left. */
const before = (local: string, sign: string): string => local.split(sign)[0] || local

/**
 * The mailbox that an address most likely leads to, for recognizing a person: without the subaddress, and normalized
 * for providers that accept several spellings. Never send email to it.
 */
export function mailboxOf(email: EmailAddress): string {
  const at = email.lastIndexOf('@')
  const domain = email.slice(at + 1)
  const local = before(email.slice(0, at), '+')
  if (GMAIL.includes(domain)) return `${local.replaceAll('.', '') || local}@gmail.com`
  if (PROTON.includes(domain)) return `${local.replace(/[._-]/g, '') || local}@proton.me`
  if (APPLE.includes(domain)) return `${local}@icloud.com`
  if (YANDEX.test(domain)) return `${local.replaceAll('.', '-')}@yandex.ru`
  if (YAHOO.test(domain)) return `${before(local, '-')}@${domain}`
  const dot = domain.indexOf('.')
  const host = domain.slice(dot + 1)
  return BY_SUBDOMAIN.has(host) ? `${domain.slice(0, dot)}@${host}` : `${local}@${domain}`
}

/** The same by the earlier rule, which knew only Gmail: finds what was stored by it. */
export function formerMailboxOf(email: EmailAddress): string {
  const at = email.lastIndexOf('@')
  const domain = email.slice(at + 1)
  const [local = ''] = email.slice(0, at).split('+')
  return GMAIL.includes(domain) ? `${local.replaceAll('.', '')}@gmail.com` : `${local}@${domain}`
}

/** Every value under which one mailbox may be stored. */
export const mailboxKeys = (email: EmailAddress): string[] => [
  ...new Set([mailboxOf(email), formerMailboxOf(email)]),
]
