import { disposableEmailBlocklist } from 'disposable-email-domains-js'
import { RE2JS, RE2JSException } from 're2js'
import { networkText, parseNetwork } from '$lib/network/ip'
import {
  RULE_EFFECTS,
  type Candidate,
  type RuleCore,
  type RuleEffect,
  type RuleForm,
  type RuleSubject,
} from '$lib/moderation/rule'
import { findKind, readRuleKind, RULE_KINDS, type RuleKind } from '$lib/moderation/rule-kind'
import { readRuleValue, RULE_VALUES, type NetworkSize } from '$lib/moderation/rule-value'
import { parseDomain } from '$lib/registration/email'
import { readMatrixId } from '$lib/registration/matrix-id'
import type { DisposableMode } from '../config/modes'

/** An active rule. One from the configuration has no ID. */
export interface Rule extends RuleCore {
  id: string | null
  /** In milliseconds since 1970; null: permanent. */
  expiresAt: number | null
  /** It is on the list of disposable email services. */
  disposable?: true
}

/** Finds the rules that match a candidate at a time, in order of precedence. */
export type Matcher = (candidate: Candidate, now: number) => Rule[]

/**
 * The configuration's restrictions as rules: usernames, patterns (RE2 syntax, ignoring case), networks
 * (`203.0.113.0/24`, `2001:db8::/32`, or one address), and the domains of disposable email services.
 */
export function rulesOfConfiguration(configured: {
  reservedUsernames: readonly string[]
  blockedUsernames: readonly string[]
  blockedEmails: readonly string[]
  blockedNetworks: readonly string[]
  disposableEmails: DisposableMode
}): Rule[] {
  const block = (subject: RuleSubject, form: RuleForm) => (value: string) => ({
    id: null,
    subject,
    form,
    value,
    effect: 'block' as const,
    expiresAt: null,
  })
  const network = (typed: string) => {
    const value = readRuleValue('network', 'exact', typed)
    if (!value.ok) throw new Error(`registration.blocked_networks: ${typed} is not a network`)
    return value.value
  }
  return [
    ...configured.blockedNetworks.map(network).map(block('network', 'exact')),
    ...configured.blockedEmails.map(block('email', 'pattern')),
    ...configured.reservedUsernames
      .map((name) => readMatrixId(name).localpart)
      .map(block('username', 'exact')),
    ...configured.blockedUsernames.map(block('username', 'pattern')),
    ...disposableDomains(configured.disposableEmails),
  ]
}

function disposableDomains(effect: DisposableMode): Rule[] {
  if (effect === 'off') return []
  return disposableEmailBlocklist()
    .map(parseDomain)
    .filter((domain) => domain !== null)
    .map((value) => ({
      id: null,
      subject: 'domain',
      form: 'exact',
      value,
      effect,
      expiresAt: null,
      disposable: true,
    }))
}

/** Steps of a compiled pattern: the cost of matching grows with them and with the value. */
const PATTERN_STEPS = 1_000

/** Whether the engine accepts a pattern, and runs it quickly; matching takes linear time. */
export function isPattern(value: string): boolean {
  try {
    return RE2JS.compile(value, RE2JS.CASE_INSENSITIVE).programSize() <= PATTERN_STEPS
  } catch (error) {
    if (error instanceof RE2JSException) return false
    throw error
  }
}

/** Kinds in order of precedence. */
const ORDERED = Object.keys(RULE_VALUES).flatMap((name) => readRuleKind(name) ?? [])
const EXACT = ORDERED.filter((kind) => RULE_KINDS[kind].form !== 'pattern')

/**
 * Indexes rules, so that a candidate is looked up instead of compared with each of them; only patterns are tried one
 * by one, for the whole value, ignoring case. Throws for invalid patterns. A rule of a kind that this version does not
 * know matches nothing.
 */
export function createMatcher(rules: readonly Rule[]): Matcher {
  const exact = new Map<string, Rule[]>()
  const sizes = new Map<string, NetworkSize>()
  const patterns: { rule: Rule; kind: RuleKind; matches: (value: string) => boolean }[] = []
  for (const rule of rules) {
    const kind = findKind(rule)
    if (kind === null) continue
    if (rule.form === 'pattern') {
      const compiled = RE2JS.compile(rule.value, RE2JS.CASE_INSENSITIVE)
      patterns.push({ rule, kind, matches: (value) => compiled.matches(value) })
      continue
    }
    const network = rule.subject === 'network' ? parseNetwork(rule.value) : null
    if (network !== null) sizes.set(`${network.family} ${network.prefix}`, network)
    const key = keyOf(kind, network === null ? rule.value : networkText(network))
    const others = exact.get(key)
    if (others === undefined) exact.set(key, [rule])
    else others.push(rule)
  }
  const allSizes = [...sizes.values()]

  return (candidate, now) => {
    const valuesOf = (kind: RuleKind) => RULE_VALUES[kind].of(candidate, allSizes)
    const keys = EXACT.flatMap((kind) => valuesOf(kind).map((value) => keyOf(kind, value)))
    const found = keys.flatMap((key) => exact.get(key) ?? [])
    for (const { rule, kind, matches } of patterns) if (valuesOf(kind).some(matches)) found.push(rule)
    return found.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).sort(byWeight)
  }
}

const keyOf = (kind: RuleKind, value: string): string => `${kind} ${value}`

const WEIGHTS: readonly RuleEffect[] = [
  'allow',
  'block',
  'hold',
] satisfies readonly (typeof RULE_EFFECTS)[number][]
const byWeight = (one: Rule, other: Rule): number =>
  WEIGHTS.indexOf(one.effect) - WEIGHTS.indexOf(other.effect)

/** A candidate in two halves: an exception for one says nothing of the other, because anybody can type any username. */
const isAboutName = ({ subject }: Pick<RuleCore, 'subject'>): boolean => subject === 'username'

/**
 * What happens, and by which rule: of the rules about the person (network, email, domain) and about the username, an
 * exception wins in its half, and between the halves the stricter one. Null: nothing.
 */
export function judge(matches: readonly Rule[]): Rule | null {
  const halves = [matches.find((rule) => !isAboutName(rule)), matches.find(isAboutName)]
  const hard = halves.filter((rule) => rule !== undefined && rule.effect !== 'allow')
  return hard.find((rule) => rule?.effect === 'block') ?? hard[0] ?? null
}
