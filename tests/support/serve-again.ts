import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Site } from './site'

/** Ends a site's program alone, as an operator does before a restore; answers its exit code. */
export async function halt({ process: program }: Site): Promise<number | null> {
  const ended = program.exitCode === null ? once(program, 'exit') : Promise.resolve()
  program.kill('SIGTERM')
  await ended
  return program.exitCode
}

/** Starts the program again for a site that was halted, in its folder and on its port. */
export async function serveAgain({
  folder,
  url,
}: Site): Promise<{ process: ChildProcess; end: () => Promise<void> }> {
  const program = spawn(process.execPath, [join(import.meta.dirname, '../../build/cli/index.js'), 'serve'], {
    cwd: folder,
    env: {
      ...process.env,
      CONFIG: join(folder, 'config.yaml'),
      PORT: new URL(url).port,
      HOST: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(program, 'exit')
  let said = ''
  while (!said.includes('Listening on')) {
    const heard = await Promise.race([once(program.stdout, 'data'), exit.then(() => null)])
    if (heard === null) throw new Error(`The site did not start again:\n${said}`)
    said += String(heard[0])
  }
  program.stdout.resume()
  const end = async () => {
    program.kill('SIGTERM')
    await exit
  }
  return { process: program, end }
}
