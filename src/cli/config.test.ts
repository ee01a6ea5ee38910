import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { configFile } from '../../tests/support/config-file'
import { checkConfig } from './config'

let folder: string
const file = () => join(folder, 'config.yaml')
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-config-'))
  vi.stubEnv('CONFIG', file())
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** Checks the file with these settings changed. */
async function check(changes: Record<string, unknown> = {}) {
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text)
      return true
    })
  writeFileSync(
    file(),
    configFile({ database: { path: join(folder, 'data', 'registration.db') }, ...changes }),
  )
  const code = await checkConfig()
  vi.restoreAllMocks()
  return { code, ...said }
}

test('a configuration that is right is said to be, and nothing is written', async () => {
  expect(await check()).toEqual({ code: 0, stdout: `The configuration is valid (${file()})\n`, stderr: '' })
  vi.stubEnv('SYNAPSE_REGISTRATION_EMAIL_HOST', 'smtp.example.org')
  expect((await check()).stdout).toBe(`The configuration is valid (${file()} and the environment)\n`)
  expect(readdirSync(folder)).toEqual(['config.yaml'])
})

test('all problems are told, with the examples that are left', async () => {
  const { code, stdout, stderr } = await check({ email: { port: 0 }, synapse: { domain: 'your.server' } })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringContaining('email.port must be'),
    expect.stringContaining('synapse.domain is still the example from config.dist.yaml ("your.server")'),
  ])
})

test('an example alone is a problem', async () => {
  const { code, stderr } = await check({ email: { password: 'your_password' } })
  expect(code).toBe(2)
  expect(stderr).toBe(
    `${file()}: email.password is still the example from config.dist.yaml: replace it with your own value\n`,
  )
})

test('warnings alone have an exit code of their own', async () => {
  const { code, stdout, stderr } = await check({ synapse: { verify_cert: false } })
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toContain('synapse.verify_cert is false')
})
