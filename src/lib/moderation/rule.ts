import { domainOf, parseDomain, parseEmail, type EmailAddress } from '../registration/email'
import { readMatrixId } from '../registration/matrix-id'
import { accept, refuse, type Result } from '../registration/refusal'
import { trimInvisible } from '../registration/typed-text'
import { HOUR } from '../registration/time'
import { isBlank, plainLines, visibleLength } from '../registration/text-length'
import { usernameSchema, type Username } from '../registration/username'
import * as v from 'valibot'
import { parseNetwork } from '../network/ip'

/** What a rule looks at: the client's network, the email address or its domain, the username. */
export const RULE_SUBJECTS = ['network', 'email', 'domain', 'username'] as const
export type RuleSubject = (typeof RULE_SUBJECTS)[number]

/**
 * How it compares: `exact` the value itself (for an email address the inbox, for a domain also its subdomains),
 * `pattern` a regular expression for the whole value, `look` lookalike usernames. `RULE_KINDS` lists which apply
 * to a subject.
 */
export const RULE_FORMS = ['exact', 'pattern', 'look'] as const
export type RuleForm = (typeof RULE_FORMS)[number]

/** `block` refuses, `hold` flags the request, `allow` is an exception that wins. */
export const RULE_EFFECTS = ['block', 'hold', 'allow'] as const
export type RuleEffect = (typeof RULE_EFFECTS)[number]

/** The rule itself: what it compares with what. `value` is normalized by `readRuleValue` of `rule-value.ts`. */
export interface RuleCore {
  subject: RuleSubject
  form: RuleForm
  value: string
  effect: RuleEffect
}

/** Rules with the same key are the same rule. */
export const ruleKey = ({ subject, form, effect, value }: RuleCore): string =>
  `${subject} ${form} ${effect} ${value}`

/** Whether a rule is still active when the other one has expired; null never does. */
export const lastsLonger = (
  { expiresAt }: { expiresAt: number | null },
  other: { expiresAt: number | null },
): boolean => other.expiresAt !== null && (expiresAt === null || expiresAt > other.expiresAt)

/** Whether a rule prolongs one that is the same; by a few minutes, it is only a list that is imported a second time. */
export const prolongs = (
  { expiresAt }: { expiresAt: number | null },
  other: { expiresAt: number | null },
): boolean =>
  other.expiresAt !== null && (expiresAt === null || expiresAt - other.expiresAt >= PROLONGED_BY_MS)
const PROLONGED_BY_MS = HOUR

/** A longer one was not written by a person, and each pattern is compiled on every change. */
export const RULE_VALUE_MAXIMUM = 255
export const RULE_REASON_MAXIMUM = 500

/** What is known of an applicant at their step; rules about the rest do not match. */
export interface Candidate {
  clientAddress?: string
  email?: EmailAddress
  /** If only the domain is being checked. */
  domain?: string
  username?: Username
}

/** A candidate's domain, if any is known. */
export function domainOfCandidate({ email, domain }: Candidate): string | null {
  return email === undefined ? (domain ?? null) : domainOf(email)
}

/** A domain and its parents, the nearest first: the values that a rule on a domain can have for it. */
export function domainsAbove(domain: string): string[] {
  const labels = domain.split('.')
  return labels.map((_, index) => labels.slice(index).join('.'))
}

/** Everything that a text typed to try the rules may be. */
export function readCandidate(typed: string): Candidate {
  const text = trimInvisible(typed)
  const network = parseNetwork(text)
  const email = parseEmail(text)
  const name = v.safeParse(usernameSchema, readMatrixId(text).localpart)
  const domain = network === null && text.includes('.') ? parseDomain(text.replace(/^@/, '')) : null
  return {
    ...(network === null ? {} : { clientAddress: network.address }),
    ...(email === null ? {} : { email }),
    ...(domain === null || email !== null ? {} : { domain }),
    ...(name.success && network === null && email === null ? { username: name.output } : {}),
  }
}

/** Providers used by everybody: a rule on such a domain affects mostly others. */
const PROVIDERS = new Set(
  `gmail.com googlemail.com outlook.com outlook.de hotmail.com hotmail.de live.com msn.com yahoo.com yahoo.de yahoo.fr
  ymail.com aol.com icloud.com me.com mac.com gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de
  mailbox.org posteo.de posteo.net posteo.org proton.me protonmail.com pm.me tutanota.com tutanota.de tuta.io tuta.com
  fastmail.com zoho.com mail.com mail.de mail.ru yandex.ru yandex.com qq.com 163.com 126.com orange.fr wanadoo.fr free.fr
  laposte.net libero.it seznam.cz wp.pl o2.pl comcast.net verizon.net att.net bluewin.ch riseup.net disroot.org
  systemli.org`.split(/\s+/),
)

/**
 * What makes a rule affect more people than intended: a big email provider, a whole top-level domain, a wide network.
 */
export type Breadth = 'provider' | 'top_level' | 'wide_network' | null

/** IPv4 wider than a /16 and IPv6 wider than a /32 are more than one provider's range. */
export function breadthOf({ subject, form, value }: Omit<RuleCore, 'effect'>): Breadth {
  if (subject === 'domain')
    return PROVIDERS.has(value) ? 'provider' : value.includes('.') ? null : 'top_level'
  if (subject !== 'network' || form !== 'exact') return null
  const network = parseNetwork(value)
  return network !== null && network.prefix < (network.family === 4 ? 16 : 32) ? 'wide_network' : null
}

/** A reason for a rule in its stored form, null for none, or that it is too long. */
export function readRuleReason(typed: string): Result<string | null> {
  const text = plainLines(typed)
  if (visibleLength(text) > RULE_REASON_MAXIMUM)
    return refuse({ code: 'rule_reason_too_long', maximum: RULE_REASON_MAXIMUM })
  return accept(isBlank(text) ? null : text)
}
