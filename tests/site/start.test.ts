import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startSite } from '../support/site'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registration-start-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const listening = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length

test.each([
  ['the program', { env: { CONFIG: 'nowhere.yaml' } }, /did not start[^]*nowhere\.yaml/],
  ['the moderator', { config: { emial: {}, email: {} } }, /could not be made[^]*did you mean email/],
])(
  'a site of which %s fails leaves no folder and no server behind',
  async (_, options, words) => {
    const before = listening()
    await expect(startSite(options)).rejects.toThrow(words)
    expect(await readdir(folder)).toEqual([])
    expect(listening()).toBe(before)
  },
  60_000,
)
