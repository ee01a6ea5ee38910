import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { formsOn, linksOn, shapeOf, type FoundForm } from './pages'
import { ROLES, type People, type Role } from './people'

const ROUTES = join(import.meta.dirname, '../../../src/routes')
/** So many pages are looked at for each person, and so many of one shape. */
const MOST_PAGES = 90
const MOST_ALIKE = 2

export interface Targets {
  forms: { as: Role; page: string; form: FoundForm }[]
  pages: { as: Role; path: string }[]
  /** Values of a name that the pages have. */
  values: Map<string, string[]>
}

/** Every route there is, or every one that is a page, parameters as they stand: `/register/verify/[token]`. */
export function allRoutes({ onlyPages = false } = {}): string[] {
  const files = readdirSync(ROUTES, { recursive: true, encoding: 'utf8' })
  const paths = files
    .filter((file) => (onlyPages ? /\+page\.svelte$/ : /\+(?:page\.svelte|server\.ts)$/).test(file))
    .map((file) => `/${file.replace(/\/?\+[\w.]+$/, '').replace(/\([^)]*\)\/?/g, '')}`)
  return [...new Set(paths.map((path) => (path === '/' ? path : path.replace(/\/$/, ''))))]
}

/** Walks the site as each person, by its links and those of its mails, and collects what can be asked and sent. */
export async function findTargets(site: Site, people: People): Promise<Targets> {
  const targets: Targets = { forms: [], pages: [], values: new Map() }
  const mailed = site.mail.mails
    .slice(-40)
    .flatMap(({ text = '' }) => text.match(/https?:\/\/[^\s<>"]+/g) ?? [])
    .filter((link) => link.startsWith(site.url))
    .map((link) => new URL(link).pathname)
  const start = [...allRoutes().filter((path) => !path.includes('[')), ...mailed.reverse()]
  for (const as of ROLES) {
    const alike = new Map<string, number>()
    const seen = new Set<string>()
    const forms = new Map<string, number>()
    const waiting = [...start]
    while (waiting.length > 0 && seen.size < MOST_PAGES) {
      const path = waiting.shift() ?? ''
      const shape = shapeOf(path)
      if (seen.has(path) || (alike.get(shape) ?? 0) >= MOST_ALIKE || path === '/admin/live') continue
      alike.set(shape, (alike.get(shape) ?? 0) + 1)
      seen.add(path)
      const { status, body, headers } = await aVisitor(site.url).send('GET', path, {
        cookie: people.cookie(as),
        accept: 'text/html',
        'accept-encoding': 'identity',
      })
      if (status === 200 || as === 'nobody') targets.pages.push({ as, path })
      if (status !== 200 || !String(headers['content-type']).includes('html')) continue
      waiting.push(...linksOn(body, path))
      for (const form of formsOn(body, path)) {
        // Language and theme stand on every page, and so does the way out.
        const kind = [
          ...form.targets.map((one) => shapeOf(one.path)),
          ...form.fields.map((one) => one.name),
        ].join()
        const same = (forms.get(kind) ?? 0) + 1
        forms.set(kind, same)
        if (same > MOST_ALIKE) continue
        targets.forms.push({ as, page: path, form })
        for (const { name, values } of form.fields) note(targets.values, name, values)
        for (const { button } of form.targets) if (button) note(targets.values, button.name, [button.value])
      }
      note(targets.values, 'id', body.match(/[0-9a-f]{8}-[0-9a-f]{4}-[\w-]{22}/g) ?? [])
      for (const [name, value] of new URL(path, site.url).searchParams) note(targets.values, name, [value])
    }
  }
  for (const path of mailed) note(targets.values, 'token', [path.split('/').at(-1) ?? ''])
  return targets
}

function note(values: Map<string, string[]>, name: string, found: string[]): void {
  values.set(name, [...new Set([...(values.get(name) ?? []), ...found])].slice(-30))
}
