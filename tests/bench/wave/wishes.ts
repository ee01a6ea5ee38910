import { createDice, type Dice } from './dice'
import { PEOPLE } from './people'
import { blunt, manyDomains, oneDomain } from './spam'

/**
 * Who comes: a program that posts forms and looks at nothing, one that does all that a browser does and has one domain,
 * one that does the same with many domains; or a person.
 */
export const KINDS = ['blunt', 'one_domain', 'many_domains', 'person'] as const
export type Kind = (typeof KINDS)[number]

/** Somebody who wants an account. */
export interface Wish {
  /** Milliseconds after the beginning of the wave. */
  at: number
  kind: Kind
  username: string
  email: string
  reason: string
  /** Where it comes from. */
  address: string
  /** Whether scripts run in their browser. */
  scripts: boolean
  /** A person in a network that programs use as well. */
  shared: boolean
  seed: number
}

/** Of five networks two are used by blunt programs, two by those with one domain, one by those with many. */
const USERS = ['blunt', 'blunt', 'one_domain', 'one_domain', 'many_domains'] as const
const DISGUISES = { blunt, one_domain: oneDomain, many_domains: manyDomains }
/** Of ten people two have no JavaScript, and of six one shares a network with programs, two in each of these. */
const WITHOUT_SCRIPTS = 5
const SHARING = 6

/** The addresses of the network number `index`, which is one IPv4 address or a /64 with some hosts. */
function addressIn(index: number, networks: number, host: number): string {
  const sixes = index - Math.floor(networks * 0.6)
  // Rented by the machine: ten in one /24. The others are homes, one in each /24.
  if (index < networks * 0.2) return `198.18.${Math.floor(index / 10)}.${1 + (index % 10)}`
  if (sixes < 0) return `198.19.${index % 256}.${1 + ((index * 37) % 254)}`
  const rest = `${(sixes + 1).toString(16)}::${(host + 1).toString(16)}`
  // Half of them are one machine's /48.
  return sixes % 2 === 0 ? `2001:db8:666:${rest}` : `2001:db8:${(0x1000 + sixes).toString(16)}:${rest}`
}

/** So many wishes within so many milliseconds, one in a hundred of a person, in the order of their coming. */
export function wishesOf(count: number, lastMs: number, seed = 1): Wish[] {
  const dice = createDice(seed)
  const people = Math.round(count / 100)
  const networks = Math.max(10, Math.round(count / 10))
  const programs = Array.from({ length: count - people }, (_, index) => {
    const network = index % networks
    const kind = USERS[network % USERS.length] ?? 'blunt'
    const disguise = DISGUISES[kind](index, dice)
    const address = addressIn(network, networks, dice.between(0, 3))
    return {
      ...disguise,
      kind,
      address,
      scripts: kind !== 'blunt',
      shared: false,
      at: dice.next() * lastMs,
      seed: index,
    }
  })
  const persons = PEOPLE.slice(0, people).map(({ username, domain, reason }, index) => {
    const shared = index % SHARING === 3
    // The first of the homes, which stand behind the rented machines.
    const network = Math.floor(networks * 0.2) + Math.floor(index / (2 * SHARING))
    return {
      kind: 'person' as const,
      username,
      email: `${username}@${domain}`,
      reason,
      address: shared ? addressIn(network, networks, 0) : ownAddress(index, dice),
      scripts: index % WITHOUT_SCRIPTS !== 2,
      shared,
      at: ((index * 29) % people) * (lastMs / people) + dice.next() * (lastMs / people),
      seed: 1_000_000 + index,
    }
  })
  return [...programs, ...persons].sort((a, b) => a.at - b.at)
}

const ownAddress = (index: number, dice: Dice): string =>
  index % 2 === 0
    ? `203.0.113.${index + 1}`
    : `2001:db8:${(0x4000 + index).toString(16)}::${dice.between(1, 9999).toString(16)}`
