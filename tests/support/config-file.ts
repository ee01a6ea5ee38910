import { stringify } from 'yaml'
import { loadConfig } from '$lib/server/config/load'
import type { Config } from '$lib/server/config/derive'

type Tree = { [key: string]: unknown }

const SMALLEST: Tree = {
  synapse: { admin_token: 'syt_token', server: 'https://matrix.example.org', domain: 'example.org' },
  hosts: ['register.example.org'],
  email: {
    host: 'mail.example.org',
    port: 465,
    ssl: true,
    username: 'desk@example.org',
    password: 'hunter2',
  },
  admin: { email: 'admin@example.org' },
}

/** The smallest config.yaml, with some settings changed; null takes one away. */
export function configFile(changes: Tree = {}): string {
  return stringify(merged(SMALLEST, changes))
}

/** Loads a config.yaml that is the given text, in an empty environment without other files, unless they are given. */
export function loadText(
  text: string,
  { env = {}, files = {} }: { env?: Record<string, string>; files?: Record<string, string> } = {},
) {
  const readFolder = (path: string) =>
    Object.keys(files).flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : []))
  const readFile = (path: string) => {
    const found = path === 'config.yaml' ? text : files[path]
    if (found === undefined && readFolder(path).length > 0)
      throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    if (found === undefined) throw Object.assign(new Error('not found'), { code: 'ENOENT' })
    return found
  }
  return loadConfig({ path: 'config.yaml', env, readFile, readFolder })
}

/** The configuration of a text that is right. */
export function configOf(text: string, surroundings?: Parameters<typeof loadText>[1]): Config {
  const loaded = loadText(text, surroundings)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

/** The problems of a text; none where it is right. */
export function problemsOf(text: string, surroundings?: Parameters<typeof loadText>[1]): string[] {
  const loaded = loadText(text, surroundings)
  return loaded.ok ? [] : loaded.problems
}

/** The warnings of a text that is right. */
export function warningsOf(text: string): string[] {
  const loaded = loadText(text)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.warnings
}

function merged(base: Tree, changes: Tree): Tree {
  const result: Tree = { ...base }
  for (const [key, change] of Object.entries(changes)) {
    const before = base[key]
    result[key] = isTree(before) && isTree(change) ? merged(before, change) : change
  }
  return result
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
