import type { Journey } from './journey'
import type { Effort } from './moderator'
import { WORK_MS } from './program'
import { KINDS, type Kind, type Wish } from './wishes'

/** A wish, and how it ended (milliseconds after the beginning of the wave). */
export type Went = Wish & Journey & { endedAt: number }

/** A wave and its clearing. `before`, `after`: the registrations by name, before the moderator came and after. */
export interface Measured {
  went: Went[]
  seconds: number
  before: Map<string, { state: string; marked: boolean }>
  after: Map<string, { state: string; marked: boolean }>
  /** Whom each mail of the wave went to. */
  mails: { address?: string | undefined }[]
  cleared: Effort & { seconds: number }
}

/** A person's time for opening a page, sending a form, and reading a row of a list (seconds). */
const PERSON = { page: 5, form: 3, row: 0.5 }
const KIND_WORDS: Record<Kind, string> = {
  blunt: 'blunt programs',
  one_domain: 'programs of one domain',
  many_domains: 'programs of many domains',
  person: 'people',
}
const END_WORDS: Record<Journey['end'], string> = {
  requested: 'nothing',
  closed: 'closed',
  outdated: 'form outdated',
  mails: 'too many mails of their network',
  unproved: 'no JavaScript',
  tries: 'too many tries of all',
  busy: 'too busy',
  cut: 'connection cut',
  no_mail: 'no mail',
}

/** The figures of one run, each with its name. */
export function figuresOf({ went, seconds, before, after, mails, cleared }: Measured): [string, string][] {
  const isQueued = ({ username }: Went) => before.get(username)?.state === 'requested'
  const isMarked = ({ username }: Went) => before.get(username)?.marked === true
  const queued = went.filter(isQueued)
  const people = went.filter(({ kind }) => kind === 'person')
  const inQueue = people.filter(isQueued)
  const refused = people.filter((one) => !isQueued(one))
  const [closed] = went.filter(({ end }) => end === 'closed').sort((a, b) => a.endedAt - b.endedAt)
  const wrongly = (isPerson: boolean, denied: boolean) =>
    queued.filter(
      ({ kind, username }) =>
        (kind === 'person') === isPerson && (after.get(username)?.state === 'denied') === denied,
    ).length
  const toModerators = mails.filter(({ address = '' }) => address.endsWith('@example.test')).length
  const proofs = went.filter(({ kind }) => kind !== 'person').reduce((sum, one) => sum + one.proofs, 0)
  const hand = cleared.pages * PERSON.page + cleared.forms * PERSON.form + cleared.rows * PERSON.row

  return [
    ['the wave, s', seconds.toFixed(0)],
    ['wishes', String(went.length)],
    ['mails to applicants', String(mails.length - toModerators)],
    ['mails to moderators', String(toModerators)],
    ['work that programs did, min', ((proofs * WORK_MS) / 60_000).toFixed(1)],
    ['first told that it is closed, s', closed === undefined ? 'never' : (closed.endedAt / 1000).toFixed(0)],
    ['in the queue', String(queued.length)],
    ['  of them marked', String(queued.filter(isMarked).length)],
    ...KINDS.map((kind): [string, string] => [
      `  of ${KIND_WORDS[kind]}`,
      countsOf(
        queued.filter((one) => one.kind === kind),
        isMarked,
      ),
    ]),
    ['people in the queue, unmarked', String(inQueue.filter((one) => !isMarked(one)).length)],
    ['  of them at the first try', String(inQueue.filter((one) => !isMarked(one) && isSmooth(one)).length)],
    ['people in the queue, marked', String(inQueue.filter(isMarked).length)],
    [
      'people’s way to the queue, s (median)',
      secondsAt(
        0.5,
        inQueue.map(({ at, endedAt }) => endedAt - at),
      ),
    ],
    [
      '  of that waiting for the mail',
      secondsAt(
        0.5,
        inQueue.flatMap(({ mailMs }) => mailMs ?? []),
      ),
    ],
    [
      '  a page, s (median, 95 of 100)',
      [0.5, 0.95]
        .map((share) =>
          secondsAt(
            share,
            people.flatMap(({ pagesMs }) => pagesMs),
          ),
        )
        .join(', '),
    ],
    ['people not in the queue', String(refused.length)],
    ...[...new Set(refused.map(({ end }) => end))].map((end): [string, string] => [
      `  refused: ${END_WORDS[end]}`,
      String(refused.filter((one) => one.end === end).length),
    ]),
    [
      'people hindered in any way',
      String(people.filter((one) => !isQueued(one) || isMarked(one) || !isSmooth(one)).length),
    ],
    ['  a form sent once more', String(people.filter(({ repeated }) => repeated > 0).length)],
    ['  came again after a minute', String(people.filter(({ waited }) => waited > 0).length)],
    ['moderator: pages opened', String(cleared.pages)],
    ['  forms sent', String(cleared.forms)],
    ['  rows read', String(cleared.rows)],
    ['  the program, s', cleared.seconds.toFixed(0)],
    ['  a person, min', ((hand + cleared.seconds) / 60).toFixed(0)],
    ['mistakes: people denied', String(wrongly(true, true))],
    ['  programs approved', String(wrongly(false, false))],
  ]
}

/** What that share of them is below, in seconds. */
function secondsAt(share: number, milliseconds: number[]): string {
  const found = milliseconds.toSorted((a, b) => a - b)[Math.floor(milliseconds.length * share)]
  return found === undefined ? '-' : (found / 1000).toFixed(1)
}

const isSmooth = ({ repeated, waited }: Journey): boolean => repeated === 0 && waited === 0

function countsOf(some: Went[], isMarked: (one: Went) => boolean): string {
  const marked = some.filter(isMarked).length
  return marked === 0 ? String(some.length) : `${some.length} (${marked} marked)`
}

/** Who came, and the figures of the runs side by side; a figure that a run has not is 0. */
export function print(wishes: Wish[], columns: { name: string; figures: [string, string][] }[]): void {
  const people = wishes.filter(({ kind }) => kind === 'person')
  const programs = KINDS.filter((kind) => kind !== 'person')
    .map((kind) => `${wishes.filter((wish) => wish.kind === kind).length} of ${KIND_WORDS[kind]}`)
    .join(', ')
  const without = people.filter(({ scripts }) => !scripts).length
  const sharing = people.filter(({ shared }) => shared).length
  console.log(
    `A wave: ${programs}; ${people.length} of people, ${without} of them without JavaScript, ${sharing} in networks that programs use`,
  )
  const longest = columns.reduce<string[]>(
    (all, { figures }) =>
      merge(
        all,
        figures.map(([name]) => name),
      ),
    [],
  )
  console.log(''.padEnd(40) + columns.map(({ name }) => name.padStart(22)).join(''))
  for (const name of longest) {
    const values = columns.map(({ figures }) => figures.find(([known]) => known === name)?.[1] ?? '0')
    console.log(name.padEnd(40) + values.map((value) => value.padStart(22)).join(''))
  }
  const { page, form, row } = PERSON
  console.log(
    `A person's time: ${page} s a page, ${form} s a form, ${row} s a row, and what the program takes`,
  )
}

/** The names of both in their order. */
function merge(all: string[], more: string[]): string[] {
  const merged = [...all]
  for (const [index, name] of more.entries())
    if (!merged.includes(name)) merged.splice(merged.indexOf(more[index - 1] ?? '') + 1, 0, name)
  return merged
}
