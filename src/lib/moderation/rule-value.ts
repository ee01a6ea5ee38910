import * as v from 'valibot'
import { deskNetwork } from '../network/client-networks'
import { networkText, parseNetwork, wider, type Network } from '../network/ip'
import { mailboxOf, parseDomain, parseEmail } from '../registration/email'
import { mailboxKeys } from '../registration/mailbox'
import { readMatrixId } from '../registration/matrix-id'
import { accept, refuse, type Result } from '../registration/refusal'
import { beforeInvisible, trimInvisible } from '../registration/typed-text'
import { lookOf, usernameSchema } from '../registration/username'
import {
  domainOfCandidate,
  domainsAbove,
  RULE_VALUE_MAXIMUM,
  type Candidate,
  type RuleForm,
  type RuleSubject,
} from './rule'
import { findKind, type RuleKind } from './rule-kind'

/** The sizes of networks that there are rules about. */
export type NetworkSize = Pick<Network, 'family' | 'prefix'>

/** What a kind of rule does with values. */
interface Values {
  /** A typed value in its normal form, so that `Spam.Example.` and `@spam.example` make one rule; null: it is none. */
  read(text: string): string | null
  /** The values that a rule of this kind matches a candidate by; for patterns, the texts that they are tried for. */
  of(candidate: Candidate, sizes: readonly NetworkSize[]): string[]
  /** The value of a rule made from a request. */
  from(request: { email: string; username: string; clientAddress: string }): string
}

const nameIn = (text: string) => {
  const name = v.safeParse(usernameSchema, readMatrixId(text).localpart)
  return name.success ? name.output : null
}
const emailOf = ({ email }: Candidate) => (email === undefined ? [] : [email])
const usernameOf = ({ username }: Candidate) => (username === undefined ? [] : [username])
const asTyped = (text: string) => text

/** By kind; of rules with the same effect, those of the earlier kind decide. */
export const RULE_VALUES: Record<RuleKind, Values> = {
  network: {
    read(text) {
      const network = parseNetwork(text)
      return network === null ? null : networkText(network)
    },
    of({ clientAddress }, sizes) {
      const network = clientAddress === undefined ? null : parseNetwork(clientAddress)
      if (network === null) return []
      return sizes
        .filter(({ family, prefix }) => family === network.family && prefix <= network.prefix)
        .map(({ prefix }) => networkText(wider(network, prefix)))
    },
    from: ({ clientAddress }) => deskNetwork(clientAddress),
  },
  address: {
    read(text) {
      const email = parseEmail(text)
      return email === null ? null : mailboxOf(email)
    },
    of: ({ email }) => (email === undefined ? [] : mailboxKeys(email)),
    from: ({ email }) => email,
  },
  domain: {
    read: (text) => parseDomain(text.replace(/^(?:\*?\.|@)/, '')),
    of(candidate) {
      const domain = domainOfCandidate(candidate)
      return domain === null ? [] : domainsAbove(domain)
    },
    from: ({ email }) => email.slice(email.lastIndexOf('@') + 1),
  },
  name: { read: nameIn, of: usernameOf, from: ({ username }) => username },
  name_look: {
    read(text) {
      const name = nameIn(text)
      return name === null ? null : lookOf(name)
    },
    of: (candidate) => usernameOf(candidate).map(lookOf),
    from: ({ username }) => username,
  },
  // The engine checks patterns.
  address_pattern: { read: asTyped, of: emailOf, from: ({ email }) => email },
  name_pattern: { read: asTyped, of: usernameOf, from: ({ username }) => patternOf(username) },
}

/** Normalizes a typed rule value. Patterns stay as they are; the engine checks whether they are valid. */
export function readRuleValue(subject: RuleSubject, form: RuleForm, typed: string): Result<string> {
  const text = trimInvisible(typed)
  const kind = findKind({ subject, form })
  const no = refuse({ code: 'rule_value_invalid', subject })
  if (text.length > RULE_VALUE_MAXIMUM || kind === null) return no
  // No value contains a line break, and a list has one value per line.
  if (/[\t\n\v\f\r\u0085]/.test(text)) return no
  const after = beforeInvisible(text)
  if (after !== null) return refuse({ code: 'rule_value_invisible', after })
  const value = RULE_VALUES[kind].read(text)
  return value === null || value === '' ? no : accept(value)
}

/** A pattern for usernames like this one: the same, with any number in place of its number (RE2 syntax). */
export function patternOf(username: string): string {
  return username
    .split(/(\d+)/)
    .map((part, index) => (index % 2 === 1 ? '[0-9]+' : part.replace(/[.+*?()|[\]{}\\^$]/g, '\\$&')))
    .join('')
}
