import fc from 'fast-check'
import { asHeader, asUrl, hostile } from './hostile'
import type { Procedure } from './inputs'
import type { Role } from './people'
import { allRoutes, type Targets } from './targets'

/** One request, as it is sent; `about` names what it tries. */
export interface Case {
  about: string
  as: Role
  method: 'GET' | 'POST' | 'HEAD'
  path: string
  headers: Record<string, string>
  body: string | null
}

type Pair = [name: string, value: string]

const FORM = 'application/x-www-form-urlencoded'
const BOUNDARY = 'zqboundary'

const encoded = (pairs: Pair[]) => pairs.map(([name, value]) => `${asUrl(name)}=${asUrl(value)}`).join('&')

function multipart(pairs: Pair[], file: boolean): string {
  const parts = pairs.map(
    ([name, value], index) =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name.replace(/["\r\n]/g, '_')}"${file && index === 0 ? '; filename="../zq.html"\r\nContent-Type: text/html' : ''}\r\n\r\n${value}\r\n`,
  )
  return `${parts.join('')}--${BOUNDARY}--\r\n`
}

function withQuery(path: string, pairs: Pair[]): string {
  if (pairs.length === 0) return path
  return `${path}${path.includes('?') ? '&' : '?'}${encoded(pairs)}`
}

/** A field's value: mostly what the page would send, or something else, or nothing, or twice. */
function fieldPairs(name: string, values: string[]): fc.Arbitrary<Pair[]> {
  const meant = values.length === 0 ? hostile : fc.oneof(fc.constantFrom(...values), hostile)
  return fc.oneof(
    { weight: 7, arbitrary: meant.map((value): Pair[] => [[name, value]]) },
    { weight: 2, arbitrary: hostile.map((value): Pair[] => [[name, value]]) },
    { weight: 1, arbitrary: fc.constant<Pair[]>([]) },
    {
      weight: 1,
      arbitrary: fc.tuple(meant, hostile).map(([one, two]): Pair[] => [
        [name, one],
        [name, two],
      ]),
    },
  )
}

type FormTarget = Targets['forms'][number]

function formCase({ as, page, form }: FormTarget, values: Targets['values']): fc.Arbitrary<Case> {
  const fields = form.fields.map(({ name, values: own }) =>
    fieldPairs(name, [...own, ...(values.get(name) ?? [])]),
  )
  return fc
    .record({
      pairs: fc.tuple(...fields).map((all) => all.flat()),
      target: fc.constantFrom(...form.targets),
      how: fc.constantFrom(
        ...Array.from({ length: 12 }, () => 'plain'),
        'script',
        'script',
        'multipart',
        'file',
      ),
      extra: fc.option(fc.tuple(hostile, hostile), { freq: 8 }),
    })
    .map(({ pairs, target: { path, button }, how, extra }): Case => {
      const all: Pair[] = [...pairs, ...(button ? [[button.name, button.value] satisfies Pair] : [])]
      if (extra !== null) all.push(extra)
      const about = `form ${path} on ${page}`
      if (form.method === 'get')
        return {
          about,
          as,
          method: 'GET',
          path: withQuery(path.split('?')[0] ?? path, all),
          headers: {},
          body: null,
        }
      const parts = how === 'multipart' || how === 'file'
      return {
        about,
        as,
        method: 'POST',
        path,
        headers: {
          'content-type': parts ? `multipart/form-data; boundary=${BOUNDARY}` : FORM,
          ...(how === 'script' ? { 'x-sveltekit-action': 'true', accept: 'application/json' } : {}),
        },
        body: parts ? multipart(all, how === 'file') : encoded(all),
      }
    })
}

/** Every query that a page of the site uses, on every page, and what none uses. */
function queryCase(targets: Targets): fc.Arbitrary<Case> {
  const names = [...targets.values.keys(), 'next', 'sent', 'used', 'after', '/x', 'x-sveltekit-invalidated']
  const pair = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(...names).chain((name) => fieldPairs(name, targets.values.get(name) ?? [])),
    },
    { weight: 1, arbitrary: fc.tuple(hostile, hostile).map((one): Pair[] => [one]) },
  )
  return fc
    .record({
      page: fc.constantFrom(...targets.pages),
      pairs: fc.array(pair, { minLength: 1, maxLength: 4 }).map((all) => all.flat()),
      data: fc.boolean(),
      raw: fc.option(fc.constantFrom('%', '%FF=%C0%AE', '=&=&&', '%00=1', 'a[b]=1&a[]=2', '?', ';x'), {
        freq: 6,
      }),
    })
    .map(({ page: { as, path }, pairs, data, raw }): Case => {
      const place = path.split('?')[0] ?? path
      const asked = withQuery(data ? `${place.replace(/\/$/, '')}/__data.json` : path, pairs)
      const whole = raw === null ? asked : `${asked}${asked.includes('?') ? '&' : '?'}${raw}`
      return { about: `query of ${place}`, as, method: 'GET', path: whole, headers: {}, body: null }
    })
}

/** Every parameter in a path. */
function pathCase(targets: Targets): fc.Arbitrary<Case> {
  const routes = allRoutes().filter((path) => path.includes('['))
  const known = [...(targets.values.get('id') ?? []), ...(targets.values.get('token') ?? [])]
  const part = fc.oneof(hostile.map(asUrl), fc.constantFrom('%', '%00', '%2e%2e', '..', '%FF', ...known))
  return fc
    .record({
      route: fc.constantFrom(...routes, '/[zq]', '/_app/[zq]', '/trpc/[zq]'),
      part,
      as: fc.constantFrom(...targets.pages.map(({ as }) => as)),
      method: fc.constantFrom('GET' as const, 'GET' as const, 'POST' as const, 'HEAD' as const),
      action: fc.constantFrom('', '', '?/', '?/zq', '?/default'),
    })
    .map(({ route, part: value, as, method, action }): Case => ({
      about: `path ${route}`,
      as,
      method,
      path: route.replace(/\[\w+\]/, () => value || '-') + action,
      headers: method === 'POST' ? { 'content-type': FORM } : {},
      body: method === 'POST' ? '' : null,
    }))
}

const HEADERS = [
  'host',
  'x-forwarded-for',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'accept-language',
  'accept-language',
  'accept',
  'accept-encoding',
  'user-agent',
  'referer',
  'origin',
  'sec-fetch-site',
  'content-type',
  'if-none-match',
  'range',
  'x-sveltekit-action',
  'x-http-method-override',
  'authorization',
]
const ADDRESSES = [
  'unknown',
  '"[::1]:80"',
  '[::1',
  '::1%lo',
  '1.2.3.4:99999',
  '127.1',
  '010.0.0.1',
  '1.2.3.4,',
  ',,,',
  'for=1.2.3.4',
]

function headerCase(targets: Targets, cookies: string[]): fc.Arbitrary<Case> {
  const value = fc.oneof(
    hostile,
    fc.constantFrom(...ADDRESSES),
    fc.constantFrom('10.1.2.3, ').map((one) => one.repeat(1000)),
    fc.constantFrom(
      'de;q=1e9, en;q=-1',
      'de-'.repeat(500),
      '*;q=0',
      'x'.repeat(3000),
      'q=;;;,,,',
      'bytes=0-,-1',
    ),
  )
  const cookie = fc
    .tuple(fc.constantFrom(...cookies), value)
    .map(([name, text]): Pair => ['cookie', asHeader(`${name}=${text.includes(';') ? asUrl(text) : text}`)])
  const header = fc
    .tuple(fc.constantFrom(...HEADERS), value)
    .map(([name, text]): Pair => [name, asHeader(text)])
  return fc
    .record({
      page: fc.constantFrom(...targets.pages),
      pairs: fc.array(fc.oneof(header, cookie), { minLength: 1, maxLength: 3 }),
    })
    .map(({ page: { as, path }, pairs }): Case => ({
      about: `headers ${pairs.map(([name]) => name).join(', ')}`,
      as,
      method: 'GET',
      path,
      headers: Object.fromEntries(pairs),
      body: null,
    }))
}

/** Most calls are the desk's, and end at its door for all others. */
const CALLERS: fc.Arbitrary<Role> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('administrator', 'moderator') },
  { weight: 2, arbitrary: fc.constantFrom('begun', 'waiting', 'half-way', 'nobody') },
)

function callCase({ path, type, input }: Procedure): fc.Arbitrary<Case> {
  return fc.record({ input, as: CALLERS }).map(({ input: given, as }): Case => {
    // What JSON has no word for is left out, as a browser's client does.
    const json = JSON.stringify(given) as string | undefined
    const about = `call ${path}`
    if (type === 'mutation')
      return {
        about,
        as,
        method: 'POST',
        path: `/trpc/${path}`,
        headers: { 'content-type': 'application/json' },
        body: json ?? '',
      }
    const query = json === undefined ? '' : `?input=${asUrl(json)}`
    return { about, as, method: 'GET', path: `/trpc/${path}${query}`, headers: {}, body: null }
  })
}

/** All of it, each kind with its share. */
export function anyCase(targets: Targets, calls: Procedure[], cookies: string[]): fc.Arbitrary<Case> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.oneof(...targets.forms.map((form) => formCase(form, targets.values))) },
    { weight: 3, arbitrary: queryCase(targets) },
    { weight: 1, arbitrary: pathCase(targets) },
    { weight: 2, arbitrary: headerCase(targets, cookies) },
    { weight: 6, arbitrary: fc.oneof(...calls.map((call) => callCase(call))) },
  )
}
