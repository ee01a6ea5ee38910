import { TRPCError } from '@trpc/server'
import { render } from 'svelte/server'
import { describe, expect, test, vi } from 'vitest'
import { ROLES } from '$lib/moderation/moderator'
import { refuse, type Refusal } from '$lib/registration/refusal'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { actions as moderatorActions } from './moderators/+page.server'
import Moderators from './moderators/+page.svelte'
import { actions as ruleActions } from './rules/+page.server'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/navigation', () => ({ invalidateAll: () => undefined }))
vi.mock('$app/state', () => ({ page: { data: {}, url: new URL('http://localhost/') }, navigating: {} }))

const refused = (refusal: Refusal) => () =>
  Promise.reject(new TRPCError({ code: 'BAD_REQUEST', cause: new RefusalError(refuse(refusal)) }))

/** What an action of a page answers to this form where the API refuses it. */
async function answerTo(
  action: ((event: never) => unknown) | undefined,
  api: object,
  fields: Record<string, string>,
): Promise<unknown> {
  const url = new URL('http://localhost/')
  const request = new Request(url, { method: 'POST', body: new URLSearchParams(fields) })
  const event = { request, url, locals: { api } }
  return action?.(event as never)
}

describe('a refused form keeps what was typed and chosen', () => {
  test.each(ROLES)('an invitation as %s', async (role) => {
    const api = { moderators: { invite: refused({ code: 'email_invalid' }) } }
    const answer = await answerTo(moderatorActions['invite'], api, { email: 'nobody', role })
    expect(answer).toMatchObject({ data: { email: 'nobody', role } })

    const list = { people: [], invitations: [], required: false, known: [], changed: null, invited: null }
    const data = { ...list, site: { name: 'Test' }, moderator: { id: 'm1' } }
    const form = { problem: 'No', email: 'nobody', role }
    const { body } = render(Moderators, { props: { data, form } as never })
    const checked = [...body.matchAll(/<input[^>]*type="radio"[^>]*>/g)].filter(([tag]) =>
      tag.includes('checked'),
    )
    expect(checked.map(([tag]) => /value="(\w+)"/.exec(tag)?.[1])).toEqual([role])
    expect(body).toContain('value="nobody"')
  })

  test.each(['somebody@example.test', '192.0.2.1', ' '])(
    'the value %j that rules were tried with',
    async (value) => {
      const api = { rules: { test: refused({ code: 'unreadable' }) } }
      expect(await answerTo(ruleActions['test'], api, { value })).toMatchObject({ data: { value } })
    },
  )
})
