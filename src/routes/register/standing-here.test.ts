import { render } from 'svelte/server'
import { describe, expect, test, vi } from 'vitest'
import type { OwnView } from '$lib/registration/views'
import { cookieName, DRAFT_COOKIE } from '$lib/server/http/cookie-name'
import { APPROVED } from '../../../tests/support/own-view'
import Landing from '../+page.svelte'
import Page from './+page.svelte'
import { standingHere } from './standing-here'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/navigation', () => ({ invalidateAll: () => undefined }))
vi.mock('$app/state', () => ({ page: { data: {}, url: new URL('http://localhost/') }, navigating: {} }))

const DENIED = { ...APPROVED, state: 'denied', holdsName: false, account: 'none' } satisfies OwnView
const SITE = {
  name: 'Test',
  domain: 'example.test',
  legal: [],
  support: null,
  secure: false,
  invitations: 'off',
  passwordMode: 'at_request',
  usernameCharacters: 'basic',
}

/** What both first pages show to whom has this registration, and requested an email for this username. */
async function shown(own: OwnView | null, draft: string | null) {
  const cookie =
    draft === null ? undefined : new URLSearchParams({ username: draft, email: 'a@mail.test' }).toString()
  const here = await standingHere({
    cookies: { get: (name: string) => (name === cookieName(DRAFT_COOKIE, false) ? cookie : undefined) },
    url: new URL('http://localhost/register'),
    locals: {
      site: SITE,
      draftSeal: { open: () => null },
      api: { registration: { current: () => Promise.resolve(own) } },
    },
  } as never)
  const carried = { invited: false, code: '', problem: null }
  const data = { ...here, site: SITE, opening: { open: true }, carried, lost: false, username: '' }
  const of = (page: typeof Page | typeof Landing) =>
    render(page as typeof Page, { props: { data, form: null } as never }).body
  return { here, register: of(Page), landing: of(Landing) }
}

describe('where the first pages lead', () => {
  test('a denied applicant to a request of their own, not of somebody else', async () => {
    const { register, landing } = await shown(DENIED, null)
    for (const page of [register, landing]) {
      expect(page).toContain('Your request was not approved')
      expect(page).not.toContain('someone else')
    }
    expect(register).toContain('Want to send a new request?')
    expect(landing).toContain('Request an account</a>')
  })

  test.each(['bert', DENIED.username])(
    'a denied applicant who has begun anew to the email for that: %s',
    async (name) => {
      const { here, register, landing } = await shown(DENIED, name)
      expect(here).toMatchObject({ begun: { username: name }, denied: false })
      for (const page of [register, landing]) expect(page).toContain('a@mail.test')
      expect(register).toContain('Want another username')
      expect(register).not.toContain('Want to send a new request?')
    },
  )

  test.each(['verified', 'requested', 'approved', 'completed'] as const)(
    'who stands at %s to a request of somebody else',
    async (state) => {
      const own = { ...APPROVED, state }
      const { here, register, landing } = await shown(own, own.username)
      expect(here).toEqual({ own, begun: null, denied: false })
      expect(register).toContain('Requesting an account for someone else?')
      expect(landing).toContain('Request an account for someone else')
    },
  )

  test('who withdrew to a new request', async () => {
    const { here, register, landing } = await shown({ ...APPROVED, state: 'withdrawn' }, null)
    expect(here).toEqual({ own: null, begun: null, denied: false })
    for (const page of [register, landing]) expect(page).not.toContain('someone else')
  })
})
