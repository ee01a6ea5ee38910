import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compressed } from './compressed'
import { endUnreadable } from './unreadable-file'

/** A server that streams the files of a folder as the adapter does: with a header first, and without looking. */
async function serving(folder: string, unreadable: (error: Error) => void): Promise<string> {
  const answer = compressed((request, response) => {
    response.writeHead(200, { 'content-length': 4, 'content-type': 'text/javascript' })
    createReadStream(join(folder, request.url ?? '')).pipe(response)
  })
  const server = createServer((request, response) => {
    endUnreadable(response, unreadable)
    answer(request, response)
  })
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`
}

test('a file that is gone, or cannot be read, ends its answer and not the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registration-files-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'app.js'), 'here')
  const told: string[] = []
  const site = await serving(folder, ({ message }) => told.push(message))
  const text = async (path: string) => (await fetch(site + path)).text()
  expect(await text('/app.js')).toBe('here')
  expect(told).toEqual([])
  rmSync(join(folder, 'app.js'))
  await expect(text('/app.js')).rejects.toThrow()
  await expect(text('/')).rejects.toThrow()
  expect(told).toEqual([expect.stringContaining('ENOENT'), expect.stringContaining('EISDIR')])
  writeFileSync(join(folder, 'app.js'), 'back')
  expect(await text('/app.js')).toBe('back')
})
