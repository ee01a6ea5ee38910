import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import Nobody from './Nobody.svelte'

const AGAIN = 'href="/register/again"'
const START = 'href="/register"'
const TYPED = 'What somebody wrote'

test('who lost the cookie is led back to their request, and can start over', () => {
  for (const refused of [false, true]) {
    const { body } = render(Nobody, { props: { gone: false, refused, typed: TYPED } })
    for (const part of [AGAIN, START, TYPED, 'Open the link']) expect(body).toContain(part)
    expect(body.includes('sent no cookie')).toBe(refused)
  }
})

test('who comes back after their request was deleted is told so, and sent to no dead link', () => {
  for (const refused of [false, true]) {
    const { body } = render(Nobody, { props: { gone: true, refused, typed: TYPED } })
    for (const part of ['no longer here', START, TYPED]) expect(body).toContain(part)
    for (const part of ['cookie', 'Open the link', AGAIN]) expect(body).not.toContain(part)
    expect(body.includes('wasn’t saved')).toBe(refused)
  }
})
