import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium } from '@playwright/test'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** The same engine without a window, which is what Playwright itself uses: a third of the work for each page. */
const SHELL_NAMES = ['chromium-headless-shell', 'chrome-headless-shell']

/** A hanging network must not block the tests forever. */
const INSTALL_LIMIT_MS = 10 * 60_000

/** The first of these programs on the PATH, or null. @param {string[]} names */
function findOnPath(names) {
  for (const name of names) {
    const found = spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim()
    if (found) return found
  }
  return null
}

/** Where Chromium is installed: CHROMIUM_PATH, else on the PATH, else Playwright's own; null if it is not. */
export function chromiumPath() {
  const { CHROMIUM_PATH } = process.env
  if (CHROMIUM_PATH) return CHROMIUM_PATH
  const own = chromium.executablePath()
  return findOnPath(NAMES) ?? (existsSync(own) ? own : null)
}

/** What the tests run in: the one without a window, else the other; null: what Playwright has itself. */
export function testBrowserPath() {
  return process.env.CHROMIUM_PATH || (findOnPath(SHELL_NAMES) ?? findOnPath(NAMES))
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

/**
 * Finds or downloads Chromium, and on Debian the one without a window, too; says what to install if neither works.
 * Returns whether there is one now.
 */
export function ensureChromium() {
  const run = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    spawnSync(command, args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: INSTALL_LIMIT_MS,
    }).status === 0
  const found = chromiumPath() ?? (run('npx', ['playwright', 'install', 'chromium']) ? chromiumPath() : null)
  const wanted = [
    ...(found === null ? ['chromium'] : []),
    ...(process.env.CHROMIUM_PATH || findOnPath(SHELL_NAMES) ? [] : ['chromium-headless-shell']),
  ]
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (wanted.length > 0 && canInstall && run('apt-get', ['update', '-qq']))
    for (const name of wanted) run('apt-get', ['install', '-y', '-qq', name])
  if (chromiumPath() !== null) return true
  console.error(
    'No Chromium found for the browser tests. Install the packages "chromium" and "chromium-headless-shell" (Debian), or set CHROMIUM_PATH.',
  )
  return false
}
