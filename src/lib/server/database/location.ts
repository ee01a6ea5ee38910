import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether a database URL is a local file. */
export function isLocal(url: string): boolean {
  return url.startsWith('file:')
}

/** The path in a `file:` URL, which may be relative. */
export function filePath(url: string): string {
  const rest = url.slice('file:'.length)
  return rest.startsWith('//') ? fileURLToPath(url) : decodeURIComponent(rest)
}

/** The `file:` URL of a path. */
export function urlOf(path: string): string {
  return `file:${resolve(path).split('/').map(encodeURIComponent).join('/')}`
}

/** How a problem refers to a database: the setting, and its value. */
export function settingOf(url: string): string {
  return isLocal(url) ? `database.path: ${filePath(url)}` : `database.url: ${url}`
}
