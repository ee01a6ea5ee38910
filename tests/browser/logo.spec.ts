import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, expectAccessible, signIn, test as base } from './fixtures'

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><circle cx="20" cy="20" r="20"/></svg>'

/** A site whose configuration names a logo on another server. */
const test = base.extend<object, { settings: Record<string, unknown> }>({
  settings: [
    async ({}, use) => {
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'image/svg+xml' })
        response.end(LOGO)
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('No port')
      await use({ logo_url: `http://127.0.0.1:${address.port}/logo.svg` })
      server.closeAllConnections()
      server.close()
    },
    { scope: 'worker' },
  ],
})

test('the operator’s logo is on the pages, and the browser talks to this site alone', async ({
  page,
  site,
}) => {
  const elsewhere: string[] = []
  page.on('request', (request) => void (request.url().startsWith(site.url) || elsewhere.push(request.url())))
  await signIn(page, site)
  for (const path of ['/', '/register', '/admin', '/admin/login']) {
    await page.goto(site.url + path)
    const logo = page.locator('img[src="/logo"]').first()
    await expect(logo, path).toBeVisible()
    expect(await logo.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(80)
    await expectAccessible(page)
  }
  expect(elsewhere).toEqual([])
})
