import { expect, test } from 'vitest'
import { busyPage } from './busy-page'

const request = (path: string, init: RequestInit = {}) => {
  const url = new URL(path, 'https://register.example.test')
  return { url, request: new Request(url, init) }
}

test.each([
  ['en', 'very busy right now', 'Try again'],
  ['de', 'sehr viele Leute', 'Noch einmal versuchen'],
])('a page in %s says what is the matter and when to come again', async (language, title, again) => {
  const answer = busyPage(request('/register', { headers: { 'accept-language': language } }))
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('5')
  const html = await answer.text()
  expect(html).toContain(`lang="${language}"`)
  expect(html).toContain(title)
  expect(html).toContain(again)
  expect(html).not.toMatch(/<script|style=/)
})

test('a form that was sent is not offered as a link, which would lose what was typed', async () => {
  const answer = busyPage(request('/register/email', { method: 'POST', body: 'email=a' }))
  expect(await answer.text()).not.toContain('<a ')
})

test('a call of the API is answered in JSON', async () => {
  const answer = busyPage(request('/trpc/registration.checkUsername'))
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await answer.json()).toMatchObject({ error: { data: { httpStatus: 503 } } })
})
