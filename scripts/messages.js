import fs from 'node:fs'
import { resolve } from 'node:path'
import { compile } from '@inlang/paraglide-js'

/** Far below what any system lets a process open. */
const AT_ONCE = 64

/** @type {(() => void)[]} */
const waiting = []
let writing = 0

/**
 * Paraglide writes all files at once and ignores what fails, so that a low limit of open files would leave out
 * messages without a word: here a few are written at a time, and a failure is told and ends in exit code 1.
 * @type {typeof fs.promises.writeFile}
 */
async function writeFile(...given) {
  if (writing < AT_ONCE) writing++
  else await new Promise((resolve) => waiting.push(() => resolve(null)))
  try {
    await fs.promises.writeFile(...given)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const remedy = why.startsWith('EMFILE') ? ' Allow more open files (ulimit -n), and try again.' : ''
    console.error(`A file of the messages could not be written: ${why}.${remedy}`)
    process.exitCode = 1
    throw error
  } finally {
    const next = waiting.shift()
    if (next === undefined) writing--
    else next()
  }
}

/** How the messages in src/messages become code; the build uses the same. */
export const paraglide = {
  project: './project.inlang',
  outdir: './src/lib/paraglide',
  /** @type {['cookie', 'preferredLanguage', 'baseLocale']} */
  strategy: ['cookie', 'preferredLanguage', 'baseLocale'],
  cookieName: 'language',
  emitTsDeclarations: false,
  fs: { ...fs, promises: { ...fs.promises, writeFile } },
}

// A folder may be given, instead of the one where the sources look for them.
if (process.argv[1] === import.meta.filename)
  await compile({ ...paraglide, outdir: resolve(process.argv[2] ?? paraglide.outdir) })
