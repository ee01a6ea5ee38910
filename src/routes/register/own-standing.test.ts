import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import type { OwnView, SiteView } from '$lib/registration/views'
import { APPROVED } from '../../../tests/support/own-view'
import OwnStanding from './OwnStanding.svelte'

const bodyOf = (change: Partial<OwnView>) =>
  render(OwnStanding, {
    props: { own: { ...APPROVED, ...change }, begun: null, site: { domain: 'example.test' } as SiteView },
  }).body

test.each([
  ['before the request', { state: 'verified', account: 'none' }],
  ['after the approval', { account: 'none', awaitsPassword: true }],
] satisfies [string, Partial<OwnView>][])('nobody is asked to continue with a username lost %s', (_, own) => {
  expect(bodyOf(own)).toContain('Continue with @anna')
  const lost = bodyOf({ ...own, holdsName: false })
  expect(lost).toContain('Choose another username')
  expect(lost).not.toMatch(/with @anna|Your email is confirmed/)
})
