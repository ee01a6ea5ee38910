import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-messages-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Compiles the messages into the folder, as a shell may limit the process. */
const compileWith = (limit: string) =>
  run('bash', ['-c', `${limit}; exec ${process.execPath} scripts/messages.js ${folder}/compiled`], {
    cwd: ROOT,
  })

test('a low limit of open files leaves no message out', async () => {
  await compileWith('ulimit -n 1024')
  const text = readFileSync(join(ROOT, 'src/messages/en.json'), 'utf8')
  const keys = Object.keys(Object(JSON.parse(text))).filter((key) => !key.startsWith('$'))
  const files = readdirSync(join(folder, 'compiled/messages')).filter((name) => name.endsWith('.js'))
  expect(keys.length).toBeGreaterThan(1024)
  expect(files).toHaveLength(keys.length + 1)
}, 120_000)

test('a file that cannot be written is told, and ends in an error', async () => {
  await expect(compileWith('ulimit -f 8')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^A file of the messages could not be written: EFBIG/m),
  })
}, 120_000)
