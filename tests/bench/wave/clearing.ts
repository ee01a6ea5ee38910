import { knownOf, type Known, type Row } from './desk-page'
import type { Effort, Moderator } from './moderator'

/** So many words in a row are a sentence that two people do not write by chance. */
const PHRASE = 6
/** A sentence that so many of one page share is a wave's. */
const SHARED = 3
/** So many others of one domain, or with the same words, are worth a look at all of them. */
const MANY = 5
/** That share of what a rule hits has to be of one kind. */
const MOST = 0.8
const LONGEST_ROUNDS = 2_000

const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1)
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []

function phrasesOf(text: string): Set<string> {
  const words = wordsOf(text)
  return new Set(words.slice(PHRASE - 1).map((_, at) => words.slice(at, at + PHRASE).join(' ')))
}

function shares(one: string, other: string): boolean {
  const phrases = phrasesOf(one)
  return [...phrasesOf(other)].some((phrase) => phrases.has(phrase))
}

/** The sentence that most rows share, and these; null where none is shared by enough. */
function mostShared(rows: Row[], except: Set<string>): { phrase: string; group: Row[] } | null {
  const groups = new Map<string, Row[]>()
  for (const row of rows)
    for (const phrase of phrasesOf(row.reason))
      if (!except.has(phrase)) groups.set(phrase, [...(groups.get(phrase) ?? []), row])
  const [most] = [...groups].sort(([, a], [, b]) => b.length - a.length)
  return most !== undefined && most[1].length >= SHARED ? { phrase: most[0], group: most[1] } : null
}

/** Of one that stands alone: a program filled it in, or its words or name were denied before. */
function isSuspect({ tags }: Known): boolean {
  const marked = (tag: string) => tags.includes(tag)
  return (
    marked('hidden field filled in') ||
    marked('written before') ||
    marked('looks alike') ||
    (marked('sent very fast') && marked('mostly denied'))
  )
}

/**
 * Clears the queue by what its pages show, and nothing else. The strategy: tick what filled in the hidden field, where that
 * is most of a page; else take the sentence that most rows of it share, open one that has it, and deny its kind by the
 * largest lever that there is: the domain, where most of these rows have it, nobody of it was approved and no mail service
 * is warned of; else the same words; else a search for the sentence; each after a look at the first page of what it finds.
 * What is left is opened one by one.
 */
export async function clear(moderator: Moderator): Promise<Effort & { seconds: number }> {
  const begun = performance.now()
  const useless = new Set<string>()

  /** Denies all that a list finds where each of its first page is of that kind, else those that are; answers whether any was. */
  async function denyAll(filter: Record<string, string>, isKind: (row: Row) => boolean): Promise<boolean> {
    const rows = await moderator.list(`?${new URLSearchParams(filter)}`)
    const kind = rows.filter(isKind)
    if (kind.length === 0) return false
    if (kind.length === rows.length) return (await moderator.everything(filter, 'deny')) > 0
    await moderator.tick(kind, 'deny')
    return true
  }

  async function denyDomain({ id, email, reason }: Row): Promise<boolean> {
    const domain = domainOf(email)
    const reach = await moderator.lookAtDomain(id)
    const alike = reach.hit.filter((one) => shares(one.reason, reason))
    if (reach.warns || alike.length < MOST * reach.hit.length) return false
    await moderator.block(
      id,
      domain,
      alike.map(({ box }) => box),
    )
    if (reach.waiting > reach.hit.length) await denyAll({ domain }, (row) => shares(row.reason, reason))
    return true
  }

  async function denyKind(phrase: string, one: Row, group: Row[]): Promise<boolean> {
    const known = knownOf((await moderator.open(`/admin/registrations/${one.id}`)).body)
    const { waiting, approved } = known.domain
    const ofDomain = group.filter(({ email }) => domainOf(email) === domainOf(one.email))
    const isDomains = ofDomain.length > group.length / 2 && waiting >= MANY && approved === 0
    if (isDomains && (await denyDomain(one))) return true
    if (known.sameWords >= MANY && (await denyAll({ like: one.id }, (row) => shares(row.reason, one.reason))))
      return true
    return denyAll({ q: phrase }, (row) => phrasesOf(row.reason).has(phrase))
  }

  async function oneByOne(rows: Row[]): Promise<void> {
    let page = await moderator.open(`/admin/registrations/${rows[0]?.id ?? ''}`)
    for (let count = 0; count < rows.length && page.body.includes('name="decision"'); count++)
      page = await moderator.decide(page, isSuspect(knownOf(page.body)) ? 'deny' : 'approve')
  }

  for (let round = 0; round < LONGEST_ROUNDS; round++) {
    const rows = await moderator.list()
    if (rows.length === 0) return { ...moderator.effort, seconds: (performance.now() - begun) / 1000 }
    const trapped = rows.filter(({ tags }) => tags.includes('hidden field filled in'))
    const shared = mostShared(rows, useless)
    const [first] = shared?.group ?? []
    if (trapped.length > (shared?.group.length ?? 0)) await moderator.tick(trapped, 'deny')
    else if (shared === null || first === undefined) await oneByOne(rows)
    else if (!(await denyKind(shared.phrase, first, shared.group))) useless.add(shared.phrase)
  }
  throw new Error('The queue does not get empty')
}
