import { TRPCError } from '@trpc/server'
import { render } from 'svelte/server'
import { describe, expect, test, vi } from 'vitest'
import type { RuleEffect } from '$lib/moderation/rule'
import { refuse } from '$lib/registration/refusal'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { actions } from './+page.server'
import Page from './+page.svelte'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/state', () => ({ page: {} }))
vi.mock('$lib/browser/refresh', () => ({ refresh: () => undefined }))

const RULE = { subject: 'domain', form: 'exact', value: 'spam.test' }
const NOT_A_DOMAIN = 'not a domain'
const TOO_LONG = 'too long'

const refused = () =>
  Promise.reject(
    new TRPCError({ code: 'BAD_REQUEST', cause: new RefusalError(refuse({ code: 'unreadable' })) }),
  )

/** The page for a rule in the hands of a moderator: requests by their id, each with its version. */
class Session {
  waiting: Record<string, number> = { anna: 1, bert: 1, cleo: 1 }
  readonly add = vi.fn(({ reason }: { reason: string; deny: { id: string }[] }) =>
    reason === TOO_LONG ? refused() : Promise.resolve({ rule: RULE, isNew: true, denied: 0, left: [] }),
  )
  #form: unknown = null
  #boxes = new Set<string>()
  #carried: [string, string][] = []

  #preview = ({ value, effect }: { value: string; effect: RuleEffect }) => {
    if (value === NOT_A_DOMAIN) return refused()
    const some = Object.entries(this.waiting).map(([id, version]) => ({
      ...{ id, version, matrixId: `@${id}:example.test`, email: `${id}@spam.test` },
      ...{ clientAddress: '192.0.2.1', reason: null, stateSince: 1 },
    }))
    return Promise.resolve({
      rule: { ...RULE, value, effect },
      breadth: null,
      waiting: { count: some.length, looked: some.length, more: false, some },
      approved: { count: 0, looked: 0, more: false },
    })
  }

  /** What is sent, beside what is given, is what the page shows. */
  async press(action: 'preview' | 'add', fields: Record<string, string> = {}): Promise<void> {
    const url = new URL(`http://localhost/admin/rules/new?/${action}`)
    const body = new URLSearchParams([
      ...Object.entries({ kind: 'domain', value: 'spam.test', effect: 'block', days: '30', ...fields }),
      ...this.#carried,
      ...[...this.#boxes].map((box) => ['deny', box]),
    ])
    const request = new Request(url, { method: 'POST', body })
    const event = { request, url, locals: { api: { rules: { add: this.add, preview: this.#preview } } } }
    const answer: unknown = await actions[action]?.(event as never)
    this.#form = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : answer
    this.#show()
  }

  #show(): void {
    const choices = { any: false, categories: [] }
    const data = { from: null, typed: null, reach: null, choices, now: 1, site: { name: 'Test' } }
    const { body } = render(Page, { props: { data, form: this.#form } as never })
    const inputs = [...body.matchAll(/<input[^>]*>/g)].map(([tag]) => ({
      name: /name="(\w+)"/.exec(tag)?.[1] ?? '',
      value: /value="([^"]*)"/.exec(tag)?.[1] ?? '',
      isChecked: / checked/.test(tag),
    }))
    this.#boxes = new Set(
      inputs.flatMap(({ name, value, isChecked }) => (name === 'deny' && isChecked ? [value] : [])),
    )
    this.#carried = inputs.flatMap(({ name, value }): [string, string][] =>
      name === 'offered' || name === 'unticked' ? [[name, value]] : [],
    )
  }

  toggle(id: string): void {
    const box = `${id}.${this.waiting[id]}`
    if (!this.#boxes.delete(box)) this.#boxes.add(box)
  }

  get ticked(): string[] {
    return [...this.#boxes].map((box) => box.replace(/\.\d+$/, '')).sort()
  }
}

/** Everybody but Bert is to be denied. */
async function withoutBert(): Promise<Session> {
  const session = new Session()
  await session.press('preview')
  expect(session.ticked).toEqual(['anna', 'bert', 'cleo'])
  session.toggle('bert')
  return session
}

describe('who was unticked stays so until they are ticked', () => {
  test.each<[string, (session: Session) => Promise<void>]>([
    ['another preview', (session) => session.press('preview')],
    [
      'a refusal as the action had changed',
      async (session) => {
        await session.press('add', { save: 'deny', effect: 'hold' })
        expect(session.add).not.toHaveBeenCalled()
        await session.press('preview')
      },
    ],
    [
      'a preview of another action',
      async (session) => {
        await session.press('preview', { effect: 'hold' })
        await session.press('preview')
      },
    ],
    [
      'a refused rule of another action',
      async (session) => {
        await session.press('preview', { effect: 'hold' })
        await session.press('add', { save: 'only', effect: 'hold', reason: TOO_LONG })
        await session.press('preview')
      },
    ],
    ['a refused save', (session) => session.press('add', { save: 'deny', reason: TOO_LONG })],
    [
      'a refused save that denies nobody',
      (session) => session.press('add', { save: 'only', reason: TOO_LONG }),
    ],
    [
      'a value that cannot be read',
      async (session) => {
        await session.press('preview', { value: NOT_A_DOMAIN })
        await session.press('preview')
      },
    ],
    [
      'a save of a value that cannot be read',
      async (session) => {
        await session.press('add', { save: 'deny', value: NOT_A_DOMAIN, reason: TOO_LONG })
        await session.press('preview')
      },
    ],
    [
      'a value that hits others',
      async (session) => {
        const before = session.waiting
        session.waiting = { dora: 1 }
        await session.press('preview')
        session.waiting = before
        await session.press('preview')
      },
    ],
    [
      'their request changed',
      async (session) => {
        session.waiting['bert'] = 2
        await session.press('preview')
      },
    ],
  ])('%s', async (_, happen) => {
    const session = await withoutBert()
    await happen(session)
    expect(session.ticked).toEqual(['anna', 'cleo'])
    await session.press('add', { save: 'deny' })
    expect(session.add.mock.lastCall?.[0].deny.map(({ id }) => id)).toEqual(['anna', 'cleo'])
  })

  test('and no longer', async () => {
    const session = await withoutBert()
    await session.press('preview')
    session.toggle('bert')
    await session.press('preview')
    expect(session.ticked).toEqual(['anna', 'bert', 'cleo'])
  })
})

describe('who comes later', () => {
  test('is ticked in a preview', async () => {
    const session = await withoutBert()
    session.waiting['dora'] = 1
    await session.press('preview')
    expect(session.ticked).toEqual(['anna', 'cleo', 'dora'])
  })

  test.each([
    ['came', 'dora', ['anna', 'cleo']],
    ['changed', 'cleo', ['anna']],
  ])('is not after a refused save, which nobody chose them for: %s', async (_, id, ticked) => {
    const session = await withoutBert()
    session.waiting[id] = (session.waiting[id] ?? 0) + 1
    await session.press('add', { save: 'deny', reason: TOO_LONG })
    expect(session.ticked).toEqual(ticked)
  })

  test('is ticked where boxes are offered for the first time after a refused save', async () => {
    const session = new Session()
    await session.press('preview', { effect: 'hold' })
    await session.press('add', { save: 'only', effect: 'hold', reason: TOO_LONG })
    await session.press('preview')
    expect(session.ticked).toEqual(['anna', 'bert', 'cleo'])
  })
})
