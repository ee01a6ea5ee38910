import * as v from 'valibot'
import type { Config } from './derive'
import { readCertificates, readFolderNames, type ReadFolder } from './certificates'
import { configSchema } from './cross-rules'
import { deriveConfig } from './derive'
import { readEnvironment, type Environment } from './environment'
import { groupIn, type Group } from './group'
import { linesFor } from './lines'
import { pathText, type Path, type Problem } from './path'
import { findPlaceholders, placeholderProblem } from './placeholders'
import { isMissing, readTextFile, whyUnread, type ReadFile } from './read-file'
import { readYaml } from './read-yaml'
import { certificatesPath } from './values'
import { fileSettingOf, fillInSecrets, SECRETS } from './secrets'
import { settingsOf } from './setting-paths'
import { shapeSettings } from './shape'
import { warningsOf } from './warnings'

interface Found {
  /** Where the settings come from, in words: `config.yaml and the environment`. */
  from: string
  /** A line for each setting that still is an example of config.dist.yaml. */
  placeholders: string[]
}

export type Loaded = Found &
  (
    | { ok: true; config: Config; warnings: string[] }
    /** One line per problem, all at once: key, what is wrong, what would be right. No line shows a secret. */
    | { ok: false; problems: string[] }
  )

const DEFAULT_PATH = 'config.yaml'
const DEFAULT_PORT = '3000'

/**
 * Reads and checks the configuration, and writes nothing. `path`: the file, else what CONFIG in the environment
 * names, or CONFIG_PATH as in the original, else config.yaml; it and the files it names are relative to the working
 * directory. What the environment sets wins over the file; where it sets anything, config.yaml may be missing.
 */
export function loadConfig({
  env = process.env,
  path = env.CONFIG || env.CONFIG_PATH || DEFAULT_PATH,
  readFile = readTextFile,
  readFolder = readFolderNames,
}: { path?: string; env?: Environment; readFile?: ReadFile; readFolder?: ReadFolder } = {}): Loaded {
  const environment = readEnvironment(env, configSchema)
  const { given, unknown: unknownVariables } = environment
  const isNamed = path !== DEFAULT_PATH || Boolean(env.CONFIG || env.CONFIG_PATH)
  const file = readSettings(path, { readFile, isOptional: given.size > 0 && !isNamed })
  if (!file.ok) {
    const problems = [...unknownVariables, ...file.problems.map((text) => `${path}: ${text}`)]
    return { ok: false, from: path, placeholders: [], problems }
  }
  const { nameOf, lineOf } = linesFor(settingsOf(configSchema), { file: file.isThere ? path : null, given })
  const places = [...(file.isThere ? [path] : []), ...(given.size > 0 ? ['the environment'] : [])]

  const inFile = shapeSettings(file.settings, configSchema)
  const inEnvironment = shapeSettings(environment.settings, configSchema)
  const settings = overlaid(inFile.settings, inEnvironment.settings)
  const unknown = [
    ...inFile.unknown.map((text) => `${path}: ${text}`),
    ...inEnvironment.unknown.map(lineOf),
    ...unknownVariables,
  ]
  const problems = [
    ...inFile.problems.filter((problem) => !given.has(pathText(problem.path))),
    ...environment.problems,
    ...inEnvironment.problems,
    ...fillInSecrets(settings, readFile, nameOf),
  ]
  const found = {
    from: places.join(' and '),
    placeholders: findPlaceholders(settings).map((placeholder) => lineOf(placeholderProblem(placeholder))),
  }

  const known = problems.map((problem) => problem.path)
  const ca = certificatesOf(settings.synapse, { readFile, readFolder })
  const mailCa = certificatesOf(settings.email, { readFile, readFolder })
  const port = v.safeParse(portSchema, env.PORT || DEFAULT_PORT)
  const parsed = v.safeParse(configSchema, settings)
  for (const issue of parsed.issues ?? []) {
    const issuePath = pathOf(issue)
    if (!known.some((start) => startsWith(issuePath, start)))
      problems.push({ path: issuePath, text: issue.message })
  }
  if (!ca.ok) problems.push({ path: ['synapse', 'verify_cert'], text: ca.problem })
  if (!mailCa.ok) problems.push({ path: ['email', 'verify_cert'], text: mailCa.problem })
  const lines = linesOf(problems).map(lineOf)
  if (!port.success) lines.push('PORT in the environment must be a number from 0 to 65535')
  if (!parsed.success || !ca.ok || !mailCa.ok || !port.success || lines.length > 0) {
    const without = file.isThere ? [] : [`There is no ${path}, so all settings come from the environment`]
    return { ok: false, ...found, problems: [...without, ...unknown, ...lines] }
  }

  const config = deriveConfig(parsed.output, { port: port.output, ca: ca.text, mailCa: mailCa.text })
  const warnings = [
    ...inFile.warnings.map((text) => `${path}: ${text}`),
    ...unknown,
    ...warningsOf(parsed.output, config).map(lineOf),
  ]
  return { ok: true, ...found, config, warnings }
}

/** What the file holds, or nothing where it may be missing. */
function readSettings(
  path: string,
  { readFile, isOptional }: { readFile: ReadFile; isOptional: boolean },
): { ok: true; isThere: boolean; settings: unknown } | { ok: false; problems: string[] } {
  let text: string
  try {
    text = readFile(path)
  } catch (error) {
    if (isMissing(error) && isOptional) return { ok: true, isThere: false, settings: null }
    const remedy = isMissing(error)
      ? `copy config.dist.yaml to ${path} and fill it in, or name another file in the environment variable CONFIG, or set everything in the environment (docs/settings.md)`
      : 'make it readable for this user, or name another file in the environment variable CONFIG'
    return { ok: false, problems: [`cannot be read, ${whyUnread(error)}: ${remedy}`] }
  }
  const read = readYaml(text)
  return read.ok ? { ok: true, isThere: true, settings: read.value } : read
}

/** The settings of the file with those of the environment, both shaped, in their place. */
function overlaid(file: Group, env: Group): Group {
  const settings = structuredClone(file)
  for (const path of SECRETS) {
    const group = groupIn(settings, path.slice(0, -1))
    const name = path.at(-1) ?? ''
    const names = [name, fileSettingOf(name)]
    const given = groupIn(env, path.slice(0, -1))
    if (names.every((one) => given[one] === undefined)) continue
    // A secret is in one place: the file in which it stood no longer counts.
    for (const one of names) group[one] = undefined
  }
  for (const { path } of settingsOf(configSchema)) {
    const name = path.at(-1) ?? ''
    const value = groupIn(env, path.slice(0, -1))[name]
    if (value !== undefined) groupIn(settings, path.slice(0, -1))[name] = value
  }
  return settings
}

const portSchema = v.pipe(v.string(), v.regex(/^[0-9]{1,5}$/), v.transform(Number), v.maxValue(65535))

/** The certificates that the group's `verify_cert` names, if any. */
function certificatesOf(
  group: unknown,
  sources: { readFile: ReadFile; readFolder: ReadFolder },
): ReturnType<typeof readCertificates> | { ok: true; text: null } {
  const given = v.safeParse(v.object({ verify_cert: certificatesPath }), group)
  return given.success ? readCertificates(given.output.verify_cert, sources) : { ok: true, text: null }
}

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((part, index) => path[index] === part)
}

/** Each line once: two rules can produce the same one. */
function linesOf(problems: readonly Problem[]): string[] {
  return [...new Set(problems.map(({ path, text }) => `${pathText(path)} ${text}`.trim()))]
}
