import { expect, test } from 'vitest'
import { refusalPage } from './refusal-page'

test('an address that is too long is said to be, and not that there is no page', async () => {
  const url = new URL(`https://register.test/${'a'.repeat(1_001)}`)
  const request = new Request(url, { headers: { accept: 'text/html' } })
  const look = { site: 'Example', accent: '', theme: undefined }
  const response = refusalPage({ status: 414, why: 'long_path' }, { request, url, look, siteUrl: url.origin })
  expect(response.status).toBe(414)
  const page = await response.text()
  expect(page).toContain('This address is too long')
  expect(page).not.toContain('Page not found')
})
