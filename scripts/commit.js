import { execFileSync } from 'node:child_process'

/**
 * What a build knows of its commit, for Vite's `define`: the first twelve digits, or null where there is no git, as in
 * a package.
 */
export function defineCommit() {
  return { __COMMIT__: JSON.stringify(readCommit()) }
}

/** @returns {string | null} */
function readCommit() {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}
