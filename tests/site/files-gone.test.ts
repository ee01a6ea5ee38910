import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startSite } from '../support/site'

const ROOT = join(import.meta.dirname, '../..')

test('a build that deletes the static files under the running program does not end it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'registration-build-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  cpSync(join(ROOT, 'build'), join(root, 'build'), { recursive: true })
  for (const name of ['node_modules', 'drizzle', 'package.json'])
    symlinkSync(join(ROOT, name), join(root, name))
  const site = await startSite({ root })
  onTestFinished(async () => {
    await site.stop()
  })
  const client = join(root, 'build/client')
  const files = readdirSync(client, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => relative(client, join(entry.parentPath, entry.name)))
  const file = files[0] ?? ''
  expect((await fetch(`${site.url}/${file}`)).status).toBe(200)
  rmSync(client, { recursive: true })
  for (const gone of files.slice(0, 3)) await expect(fetch(`${site.url}/${gone}`)).rejects.toThrow()
  expect((await fetch(`${site.url}/healthz`)).status).toBe(200)
  expect(site.log()).toContain('A file of the site cannot be read')
}, 60_000)
