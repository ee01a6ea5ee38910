import { render } from 'svelte/server'
import { describe, expect, test, vi } from 'vitest'
import { refuse, type Refusal } from '$lib/registration/refusal'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { TRPCError } from '@trpc/server'
import { actions } from './+page.server'
import { chosenOf, NOTHING } from './decide-several'
import List from './List.svelte'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/navigation', () => ({ invalidateAll: () => undefined }))
vi.mock('$app/state', () => ({ page: { data: {}, url: new URL('http://localhost/admin') }, navigating: {} }))

const LATE: Refusal = { code: 'wrong_state', state: 'denied', account: 'none' }
const NAMES: Record<string, string> = { r1: 'anna', r2: 'bert', r3: 'cleo' }

/** Sends the form of the list; `refused`: these are refused, and r3 may not be seen. */
async function send(several: string, refused: Record<string, Refusal> = {}) {
  const registration = vi.fn(({ id }: { id: string }) =>
    id === 'r3'
      ? Promise.reject(
          new TRPCError({ code: 'NOT_FOUND', cause: new RefusalError(refuse({ code: 'not_found' })) }),
        )
      : Promise.resolve({ id, username: NAMES[id] }),
  )
  const decideMany = vi.fn(({ items }: { items: { id: string }[] }) =>
    Promise.resolve(items.map(({ id }) => ({ id, refusal: refused[id] ?? null }))),
  )
  const body = new URLSearchParams({ several, several_message: 'Words', several_silent: 'yes' })
  for (const id of Object.keys(NAMES)) body.append('item', `1.${id}`)
  const request = new Request('http://localhost/admin?/several', { method: 'POST', body })
  const event = { request, locals: { api: { moderation: { decideMany, registration } } } }
  const answer: unknown = await actions['several']?.(event as never)
  return { answer, decideMany, registration }
}

describe('what was refused says whose it is', () => {
  test('of the ticked ones of a list', () => {
    const listed = [
      { id: 'r1', username: 'anna' },
      { id: 'r2', username: 'bert' },
    ]
    expect(chosenOf(['7.r2', '1.r1', 'no value of ours', '2.gone'], listed)).toEqual([
      { id: 'r2', version: 7, username: 'bert' },
      { id: 'r1', version: 1, username: 'anna' },
      { id: 'gone', version: 2, username: null },
    ])
  })

  test('without scripts as well, as far as the moderator may see it', async () => {
    const { answer, registration } = await send('deny', { r2: LATE, r3: LATE })
    expect(answer).toMatchObject({
      outcome: {
        results: [
          { id: 'r1', refusal: null },
          { id: 'r2', refusal: LATE, username: 'bert' },
          { id: 'r3', refusal: LATE, username: null },
        ],
      },
    })
    expect(registration.mock.calls.map(([{ id }]) => id)).toEqual(['r2', 'r3'])
  })
})

describe('Enter in a box of the list decides nothing', () => {
  test('the first button of the form is one that decides nothing', () => {
    const props = {
      queue: { items: [], next: null },
      filter: { tab: 'waiting' },
      open: null,
      now: 1,
      categories: [],
      kept: null,
    } as const
    const [first] = /<button[^>]*>/.exec(render(List, { props: props as never }).body) ?? []
    expect(first).toContain(`value="${NOTHING}"`)
    // Safari passes over one that is not shown, and Chromium and Safari over one that is disabled.
    expect(first).not.toMatch(/ (?:hidden|disabled)/)
  })

  test('what it sends changes nothing, and all that was ticked and typed stays', async () => {
    const { answer, decideMany } = await send(NOTHING)
    expect(decideMany).not.toHaveBeenCalled()
    const kept = { items: Object.keys(NAMES), message: 'Words', silent: true, category: null }
    expect(answer).toEqual({ kept })
  })
})
