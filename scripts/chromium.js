import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium } from '@playwright/test'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** A hanging network must not block the tests forever. */
const INSTALL_LIMIT_MS = 10 * 60_000

/** Where Chromium is installed: CHROMIUM_PATH, else on the PATH, else Playwright's own; null if it is not. */
export function chromiumPath() {
  const { CHROMIUM_PATH } = process.env
  if (CHROMIUM_PATH) return CHROMIUM_PATH
  for (const name of NAMES) {
    const found = spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim()
    if (found) return found
  }
  const own = chromium.executablePath()
  return existsSync(own) ? own : null
}

/** Chromium's flags: as root it has no sandbox, and it must not connect to anything else. */
export const CHROMIUM_ARGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Finds or downloads Chromium; says what to install if neither works. Returns whether there is one now. */
export function ensureChromium() {
  if (chromiumPath() !== null) return true
  const run = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    spawnSync(command, args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: INSTALL_LIMIT_MS,
    }).status === 0
  if (run('npx', ['playwright', 'install', 'chromium']) && chromiumPath() !== null) return true
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && run('apt-get', ['update', '-qq']))
    run('apt-get', ['install', '-y', '-qq', 'chromium'])
  if (chromiumPath() !== null) return true
  console.error(
    'No Chromium found for the browser tests. Install the package "chromium" (Debian), or set CHROMIUM_PATH.',
  )
  return false
}
