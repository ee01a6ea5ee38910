import { render } from 'svelte/server'
import { expect, test, vi } from 'vitest'
import { refuse, type Refusal } from '$lib/registration/refusal'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { cookieName, DRAFT_COOKIE } from '$lib/server/http/cookie-name'
import { TRPCError } from '@trpc/server'
import { actions, load } from './+page.server'
import Page from './+page.svelte'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/navigation', () => ({ invalidateAll: () => undefined }))
vi.mock('$app/state', () => ({ page: { data: {}, url: new URL('http://localhost/') }, navigating: {} }))

const SITE = { name: 'Test', domain: 'example.test', secure: false, invitations: 'off' }
const ENTRANCE = { challenge: '{}', asked: false }
const COOKIE = cookieName(DRAFT_COOKIE, false)

/** The page after its form was refused, in a browser that requested an email for this username and address, if any. */
async function refused(refusal: Refusal, path: string, email: string) {
  const jar = new Map([[COOKIE, new URLSearchParams({ username: 'anna', email }).toString()]])
  const body = new URLSearchParams({ chosen: 'anna', email: 'anna@mail.test' })
  const cause = new RefusalError(refuse(refusal))
  const event = {
    request: new Request(`http://localhost${path}`, { method: 'POST', body }),
    url: new URL(`http://localhost${path}`),
    cookies: {
      get: (name: string) => jar.get(name),
      set: (name: string, value: string) => void jar.set(name, value),
    },
    locals: {
      site: SITE,
      draftSeal: { open: () => null },
      api: {
        registration: {
          start: () => Promise.reject(new TRPCError({ code: 'BAD_REQUEST', cause })),
          form: () => Promise.resolve(ENTRANCE),
          opening: () => Promise.resolve({ open: true }),
          mail: () => Promise.resolve({ standing: null }),
        },
      },
    },
  } as never
  const answer = await actions['default']?.(event)
  const data = { ...(await load(event)), site: SITE, links: { confirmHours: 24 } }
  const form = answer !== undefined && 'data' in answer ? answer.data : null
  return render(Page, { props: { data, form } as never }).body
}

const CONFIRMED = 'Already confirmed your email in another browser?'

test.each([
  ['sends the email again', '/register/email?sent=again'],
  ['corrects the address', '/register/email?sent'],
  ['went back to the step before', '/register/email'],
])('who may have confirmed the username in another browser is told how to go on: who %s', async (_, path) => {
  const page = await refused({ code: 'username_taken' }, path, 'anna@mail.test')
  expect(page).toContain('This username is taken')
  expect(page).toContain(CONFIRMED)
  expect(page).toMatch(/<a[^>]* href="\/register\/again"/)
})

test('who has asked for no email with it is not, nor who is refused for something else', async () => {
  expect(await refused({ code: 'username_taken' }, '/register/email', '')).not.toContain(CONFIRMED)
  for (const code of ['username_reserved', 'email_blocked', 'form_outdated'] as const)
    expect(await refused({ code }, '/register/email?sent=again', 'anna@mail.test')).not.toContain(CONFIRMED)
})
