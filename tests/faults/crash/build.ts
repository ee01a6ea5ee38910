import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The folder of the build that can be told to die. */
export const CRASH_BUILD = here('../../../build-crash')

/** The same sources as `npm run build`, but that the world outside counts every effect (crashing-world.ts). */
const crashingWorld: Plugin = {
  name: 'crashing-world',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === './dependencies' && importer?.endsWith('/src/lib/server/app.ts') === true
      ? here('crashing-world.ts')
      : null,
}

/** Makes the crash build; some twenty seconds. */
export async function buildCrashing(): Promise<void> {
  process.env.BUILD_OUT = CRASH_BUILD
  await build({
    root: here('../../..'),
    configFile: here('../../../vite.config.ts'),
    plugins: [crashingWorld],
    logLevel: 'warn',
  })
  delete process.env.BUILD_OUT
}

export default buildCrashing
