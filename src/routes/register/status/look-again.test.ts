import { render } from 'svelte/server'
import { expect, test, vi } from 'vitest'
import type { OwnView } from '$lib/registration/views'
import Behind from './[token]/+page.svelte'
import Page from './+page.svelte'
import { APPROVED } from '../../../../tests/support/own-view'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/navigation', () => ({ invalidateAll: () => undefined }))
vi.mock('$app/state', () => ({ page: { data: {}, url: new URL('http://localhost/') }, navigating: {} }))

test.each([
  ['an account that opens within seconds', APPROVED, true],
  ['one that waits for a password', { ...APPROVED, awaitsPassword: true }, false],
  ['one that is open', { ...APPROVED, state: 'completed' }, false],
  ['a request that waits for people', { ...APPROVED, state: 'requested' }, false],
  ['what only its applicant can go on with', { ...APPROVED, state: 'verified' }, false],
] satisfies [string, OwnView, boolean][])(
  'the status of %s looks again by itself: %#',
  (_, standing, looks) => {
    const site = { name: 'Test', support: null, legal: [] }
    const data = { standing, site, open: true, used: false, earlier: false, cookieless: false, rules: null }
    for (const page of [Page, Behind]) {
      const { body } = render(page as typeof Page, { props: { data, form: null } as never })
      expect(body.includes('data-look-again')).toBe(looks)
    }
  },
)
