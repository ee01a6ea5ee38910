import { createRawSnippet } from 'svelte'
import { render } from 'svelte/server'
import { expect, test, vi } from 'vitest'
import type { MailStanding } from '$lib/registration/mail-standing'
import MailNews from './MailNews.svelte'
import { mailTitle } from './mail-title'

// The framework's own, which only a built page has.
vi.mock('$app/state', () => ({ page: { url: new URL('http://localhost/') } }))

test.each([
  [null, true],
  ['being_sent', true],
  ['sent', true],
  ['unconfirmed', true],
  ['waiting', false],
  ['refused', false],
  ['failed', false],
] satisfies [MailStanding | null, boolean][])('who looks for an email that is %s: %s', (standing, looks) => {
  const children = createRawSnippet(() => ({ render: () => '<p>Check your spam folder.</p>' }))
  const { body } = render(MailNews, { props: { standing, to: 'a@example.test', children } })
  expect(body).toContain(mailTitle(standing))
  expect(body.includes('Check your spam folder.')).toBe(looks)
})
