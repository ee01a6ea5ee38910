import { Agent } from 'node:http'
import * as v from 'valibot'
import { MODERATOR, type Site } from '../../support/site'
import { aVisitor, type Answer } from '../../support/visitor'
import { reachOf, rowsOf, type Reach, type Row } from './desk-page'

type Page = Answer & { path: string }
export type Decision = 'approve' | 'deny'
/** As many as the button decides with one call. */
const AT_ONCE = 10

const listSchema = v.object({
  result: v.object({
    data: v.object({
      items: v.array(v.object({ id: v.string(), version: v.number() })),
      next: v.nullable(v.string()),
    }),
  }),
})
type Found = v.InferOutput<typeof listSchema>['result']['data']
const decidedSchema = v.object({
  result: v.object({ data: v.array(v.object({ refusal: v.nullable(v.unknown()) })) }),
})

/** What a moderator did. `rows`: how many were read in lists, each of them once. */
export interface Effort {
  pages: number
  forms: number
  rows: number
}

export type Moderator = Awaited<ReturnType<typeof signedIn>>

/** A moderator with the desk's own pages and buttons, each of which is counted. */
export async function signedIn(site: Site) {
  const visitor = aVisitor(site.url, new Agent({ keepAlive: true, timeout: 2_000 }))
  await visitor.submit(await visitor.get('/admin/login'), MODERATOR)
  const effort: Effort = { pages: 0, forms: 0, rows: 0 }
  const read = new Set<string>()

  function readRows(ids: string[]): void {
    for (const id of ids) read.add(id)
    effort.rows = read.size
  }

  async function open(path: string): Promise<Page> {
    effort.pages++
    return good(await visitor.get(path))
  }

  async function call(procedure: string, input: object, method: 'GET' | 'POST'): Promise<unknown> {
    const json = JSON.stringify(input)
    const query = method === 'GET' ? `?input=${encodeURIComponent(json)}` : ''
    const body = method === 'GET' ? undefined : json
    const headers = {
      origin: new URL(site.url).origin,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    }
    const answer = await visitor.send(method, `/trpc/${procedure}${query}`, headers, body)
    return JSON.parse(good({ ...answer, path: procedure }).body)
  }

  /** The next page of what a list finds, as the button asks for it. */
  async function found(filter: Record<string, string>, after: string | null): Promise<Found> {
    const asked = { tab: 'waiting', ...filter, ...(after === null ? {} : { after }) }
    return v.parse(listSchema, await call('moderation.queue', asked, 'GET')).result.data
  }

  return {
    effort,
    open,

    /** A list, read row by row. */
    async list(query = ''): Promise<Row[]> {
      const rows = rowsOf((await open(`/admin${query}`)).body)
      readRows(rows.map(({ id }) => id))
      return rows
    },

    /** Ticks rows of a list and decides on them together. */
    async tick(rows: Row[], decision: Decision): Promise<void> {
      effort.forms++
      const fields: [string, string][] = [
        ...rows.map(({ item }) => field('item', item)),
        ['several', decision],
        ['several_category', decision === 'deny' ? 'spam' : ''],
        ...(decision === 'deny' ? [field('several_silent', 'yes')] : []),
      ]
      good(await visitor.post('/admin?/several', fields))
    },

    /** Ticks "Select all matching requests", presses, reads how many these are and presses again; answers how many it decided. */
    async everything(filter: Record<string, string>, decision: Decision): Promise<number> {
      effort.forms += 2
      const chosen: Found['items'] = []
      let after: string | null = null
      do {
        const { items, next } = await found(filter, after)
        chosen.push(...items)
        after = next
      } while (after !== null)
      const verdict = { decision, message: '', silent: true, category: decision === 'deny' ? 'spam' : null }
      let decided = 0
      for (let at = 0; at < chosen.length; at += AT_ONCE) {
        const items = chosen.slice(at, at + AT_ONCE)
        const answer = await call('moderation.decideMany', { items, ...verdict }, 'POST')
        const { result } = v.parse(decidedSchema, answer)
        decided += result.data.filter(({ refusal }) => refusal === null).length
      }
      return decided
    },

    /** The page that blocks the domain of a request, with whom that hits. */
    async lookAtDomain(id: string): Promise<Reach> {
      const page = await open(`/admin/rules/new?from=${id}&what=domain`)
      const reach = reachOf(page.body)
      readRows(reach.hit.map(({ id }) => id))
      return reach
    },

    /** Saves that rule and denies with it what is ticked. */
    async block(id: string, domain: string, denied: string[]): Promise<void> {
      effort.forms++
      const fields: [string, string][] = [
        ['kind', 'domain'],
        ['value', domain],
        ['effect', 'block'],
        ['days', '30'],
        ['save', 'deny'],
        ['category', 'spam'],
        ['silent', 'yes'],
        ...denied.map((one) => field('deny', one)),
      ]
      good(await visitor.post(`/admin/rules/new?/add&from=${id}`, fields))
    },

    /** Decides on the request whose page this is; answers the page that comes then. */
    async decide(page: Page, decision: Decision): Promise<Page> {
      effort.forms++
      effort.pages++
      return good(await visitor.submit(page, { decision, message: '' }))
    },
  }
}

const field = (name: string, value: string): [string, string] => [name, value]

function good(page: Page): Page {
  if (page.status !== 200) throw new Error(`${page.path} answered ${page.status}`)
  return page
}
