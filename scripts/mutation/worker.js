import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVitest } from 'vitest/node'

/**
 * Runs tests in a copy of the tree for the process that forked it, one message after the other:
 * `{ file, text, tests }` is answered by `{ failed }`, the first of the tests' files that is red, or null.
 */
const root = process.cwd()
const vitest = await createVitest(
  'test',
  { root, watch: false, project: ['unit'], bail: 1, maxWorkers: 1, reporters: [{}], cache: false },
  { cacheDir: join(root, '.vite'), logLevel: 'silent' },
)
await vitest.standalone()

const messageOf = (/** @type {unknown} */ error) =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)

/** @param {string[]} tests @returns {Promise<string | null>} */
async function firstRed(tests) {
  for (const test of tests) {
    const [specification] = await vitest.globTestSpecifications([join(root, test)])
    if (specification === undefined) return `${test}, which is no file of tests`
    const { moduleId, project } = specification
    // What it was the last time says nothing where it does not come to run.
    vitest.state.clearFiles(project, [moduleId])
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification])
    const module = testModules.find((one) => one.moduleId === moduleId)
    const passed = module === undefined ? 0 : [...module.children.allTests('passed')].length
    if (module?.state() === 'passed' && unhandledErrors.length === 0 && passed > 0) continue
    const red = [...(module?.children.allTests('failed') ?? [])]
    const said = red.flatMap((one) => [one.fullName, ...(one.result().errors ?? []).map(messageOf)])
    return [
      test,
      ...said,
      ...(module?.errors() ?? []).map(messageOf),
      ...unhandledErrors.map(messageOf),
    ].join('\n')
  }
  return null
}

process.on(
  'message',
  (/** @type {{ file: string, text: string, tests: string[] }} */ { file, text, tests }) => {
    const path = join(root, file)
    writeFileSync(path, text)
    vitest.invalidateFile(path)
    vitest.state.clearErrors()
    firstRed(tests).then(
      (failed) => process.send?.({ failed }),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  },
)
process.send?.({ ready: true })
