import * as v from 'valibot'
import type { Config } from './derive'
import { readCertificates, readFolderNames, type ReadFolder } from './certificates'
import { configSchema } from './cross-rules'
import { deriveConfig } from './derive'
import { pathText, type Path, type Problem } from './path'
import { isMissing, readTextFile, whyUnread, type ReadFile } from './read-file'
import { readYaml } from './read-yaml'
import { certificatesPath } from './values'
import { fillInSecrets, type Environment } from './secrets'
import { shapeSettings } from './shape'
import { warningsOf } from './warnings'

export type Loaded =
  | { ok: true; config: Config; warnings: string[] }
  /** One line per problem, all at once: key, what is wrong, what would be right. No line shows a secret. */
  | { ok: false; problems: string[] }

const DEFAULT_PATH = 'config.yaml'
const DEFAULT_PORT = '3000'

/**
 * Reads and checks the configuration, and writes nothing. `path`: the file, else what CONFIG in the environment
 * names, or CONFIG_PATH as in the original, else config.yaml; it and the files it names are relative to the working
 * directory.
 */
export function loadConfig({
  env = process.env,
  path = env.CONFIG || env.CONFIG_PATH || DEFAULT_PATH,
  readFile = readTextFile,
  readFolder = readFolderNames,
}: { path?: string; env?: Environment; readFile?: ReadFile; readFolder?: ReadFolder } = {}): Loaded {
  const fail = (problems: string[]): Loaded => ({
    ok: false,
    problems: problems.map((text) => `${path}: ${text}`),
  })

  let text: string
  try {
    text = readFile(path)
  } catch (error) {
    const remedy = isMissing(error)
      ? `copy config.dist.yaml to ${path} and fill it in, or name another file in the environment variable CONFIG`
      : 'make it readable for this user, or name another file in the environment variable CONFIG'
    return fail([`cannot be read, ${whyUnread(error)}: ${remedy}`])
  }
  const read = readYaml(text)
  if (!read.ok) return fail(read.problems)

  const { settings, problems, warnings, unknown } = shapeSettings(read.value, configSchema)
  problems.push(...fillInSecrets(settings, env, readFile))
  const known = problems.map((problem) => problem.path)
  const ca = certificatesOf(settings.synapse, { readFile, readFolder })
  const mailCa = certificatesOf(settings.email, { readFile, readFolder })
  const port = v.safeParse(portSchema, env.PORT || DEFAULT_PORT)
  const parsed = v.safeParse(configSchema, settings)
  for (const issue of parsed.issues ?? []) {
    const issuePath = pathOf(issue)
    if (!known.some((given) => startsWith(issuePath, given)))
      problems.push({ path: issuePath, text: issue.message })
  }
  if (!ca.ok) problems.push({ path: ['synapse', 'verify_cert'], text: ca.problem })
  if (!port.success)
    problems.push({ path: ['PORT'], text: 'in the environment must be a number from 0 to 65535' })
  if (!mailCa.ok) problems.push({ path: ['email', 'verify_cert'], text: mailCa.problem })
  if (!parsed.success || !ca.ok || !mailCa.ok || !port.success || problems.length > 0)
    return fail([...unknown, ...linesOf(problems)])

  const config = deriveConfig(parsed.output, { port: port.output, ca: ca.text, mailCa: mailCa.text })
  return {
    ok: true,
    config,
    warnings: [...warnings, ...unknown, ...warningsOf(parsed.output, config)].map(
      (text) => `${path}: ${text}`,
    ),
  }
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
