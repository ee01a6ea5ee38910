import { Agent, request } from 'node:http'
import { request as requestOverTls } from 'node:https'

/** An answer, its body read. */
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/**
 * A browser without a screen: keeps cookies, follows redirects, and sends the step's own form as it stands. `always`: headers
 * that go with each request, such as those of a proxy; null: one that this browser never sends. An origin with https
 * needs an agent of its kind, which knows the certificate.
 */
export function aVisitor(
  origin: string,
  agent = new Agent({ keepAlive: true }),
  always: Record<string, string | null> = {},
) {
  const cookies = new Map<string, string>()
  const port = Number(new URL(origin).port)
  const ask = origin.startsWith('https:') ? requestOverTls : request

  function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const wanted = {
        host: new URL(origin).host,
        ...(cookie === '' ? {} : { cookie }),
        ...always,
        ...headers,
      }
      const all = Object.fromEntries(
        Object.entries(wanted).filter((header): header is [string, string] => {
          const [name, value] = header
          return value !== null && always[name] !== null
        }),
      )
      const sent = ask({ host: '127.0.0.1', port, method, path, headers: all, agent }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => {
          for (const line of response.headers['set-cookie'] ?? []) {
            const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
            if (/max-age=0/i.test(line) || value === '') cookies.delete(name)
            else cookies.set(name, value)
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** Follows redirects on this site; answers where it ended. As w3m does, it takes two from one path for a loop. */
  async function follow(answer: Answer, from: string): Promise<Answer & { path: string }> {
    let path = from
    let last = answer
    let left: string | null = null
    for (let hop = 0; hop < 5 && last.status >= 300 && last.status < 400; hop++) {
      const before = new URL(path, origin)
      const target = new URL(String(last.headers.location), before)
      if (before.pathname === left) throw new Error(`A loop of redirects at ${before.pathname}`)
      left = before.pathname
      path = target.pathname + target.search
      last = await send('GET', path, { accept: 'text/html' })
    }
    return { ...last, path }
  }

  const visitor = {
    cookies,
    send,
    async get(path: string) {
      return follow(await send('GET', path, { accept: 'text/html' }), path)
    },
    /** Posts fields to a path as the site's own page would, and does not follow where that leads. */
    postAlone(
      path: string,
      fields: Record<string, string> | [string, string][],
      headers: Record<string, string> = {},
    ): Promise<Answer> {
      const body = new URLSearchParams(fields).toString()
      const form = {
        accept: 'text/html',
        'content-type': 'application/x-www-form-urlencoded',
        origin: always['origin'] ?? origin,
        ...headers,
      }
      return send('POST', path, { ...form, 'content-length': String(Buffer.byteLength(body)) }, body)
    },
    /** The same, and follows. */
    async post(
      path: string,
      fields: Record<string, string> | [string, string][],
      headers: Record<string, string> = {},
    ) {
      return follow(await visitor.postAlone(path, fields, headers), path)
    },
    /** Sends the first form of a page's `<main>` that has all these fields, or any where none is named. */
    async submit(page: Answer & { path: string }, fields: Record<string, string>) {
      const form = formsIn(page.body).find(({ names }) =>
        Object.keys(fields).every((name) => names.includes(name)),
      )
      if (form === undefined)
        throw new Error(`${page.path} (${page.status}) has no form with ${Object.keys(fields).join(', ')}`)
      const target = new URL(form.action, new URL(page.path, origin))
      return visitor.post(target.pathname + target.search, { ...form.hidden, ...fields })
    },
  }
  return visitor
}

interface Form {
  action: string
  names: string[]
  hidden: Record<string, string>
}

/** The POST forms in `<main>`, in their order, with the fields that belong to them by their `form`. */
export function formsIn(html: string): Form[] {
  const main = /<main[\s>][\s\S]*<\/main>/.exec(html)?.[0] ?? ''
  const fieldsIn = (part: string) =>
    [...part.matchAll(/<(?:input|textarea|button)\b([^>]*)>/g)].map(([, given = '']) => given)
  return [...main.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)]
    .filter(([, attributes = '']) => /method="post"/i.test(attributes))
    .map(([, attributes = '', inside = '']) => {
      const id = attribute(attributes, 'id')
      const fields = [
        ...fieldsIn(inside).filter((given) => attribute(given, 'form') === null),
        ...(id === null ? [] : fieldsIn(main).filter((given) => attribute(given, 'form') === id)),
      ]
      const named = fields.flatMap((given) => {
        const name = attribute(given, 'name')
        return name === null
          ? []
          : [{ name, hidden: attribute(given, 'type') === 'hidden', value: attribute(given, 'value') ?? '' }]
      })
      return {
        action: decode(attribute(attributes, 'action') ?? ''),
        names: named.map(({ name }) => name),
        hidden: Object.fromEntries(
          named.filter(({ hidden }) => hidden).map(({ name, value }) => [name, decode(value)]),
        ),
      }
    })
}

function attribute(text: string, name: string): string | null {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1] ?? null
}

function decode(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
