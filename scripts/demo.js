import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Builds what is missing or older than the sources, then runs the demo in this process. */
const BUILT = 'build/demo/index.js'
const SOURCES = [
  'src',
  'static',
  'drizzle',
  'scripts',
  'package.json',
  'svelte.config.js',
  'vite.config.ts',
  'vite.cli.config.ts',
]

/** @param {string} path @returns {number} */
function newest(path) {
  const found = statSync(path)
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(
    0,
    ...readdirSync(path)
      .filter((name) => name !== 'paraglide')
      .map((name) => newest(join(path, name))),
  )
}

if (!existsSync(BUILT) || statSync(BUILT).mtimeMs < Math.max(...SOURCES.map(newest))) {
  console.log('Building, this takes a moment …')
  for (const script of ['build', 'build:demo']) {
    const { status, stdout, stderr } = spawnSync('npm', ['run', script], { encoding: 'utf8' })
    if (status === 0) continue
    console.error(stdout + stderr)
    process.exit(1)
  }
}
await import(new URL(`../${BUILT}`, import.meta.url).href)
