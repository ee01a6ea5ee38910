/** A field of a form, with the values that the page itself gives it. */
export interface Field {
  name: string
  values: string[]
}

/** A form as it stands on a page: `targets` are its action, and those of its buttons, with what each sends. */
export interface FoundForm {
  method: 'get' | 'post'
  fields: Field[]
  targets: { path: string; button: { name: string; value: string } | null }[]
}

type Attributes = Record<string, string>

const TAG = /<(\/?)([a-z][\w-]*)((?:\s+[^\s"'=<>/]+(?:\s*=\s*"[^"]*")?)*)\s*\/?>([^<]*)/gi
const ATTRIBUTE = /([^\s"'=<>/]+)(?:\s*=\s*"([^"]*)")?/g

/** The elements of a page in their order, scripts left out, each with the text right behind it. */
function* elementsIn(html: string): Generator<{ close: boolean; tag: string; is: Attributes; text: string }> {
  const bare = html.replace(/<script\b[\s\S]*?<\/script>/g, '').replace(/<!--[\s\S]*?-->/g, '')
  for (const [, slash, tag = '', attributes = '', text = ''] of bare.matchAll(TAG)) {
    const is = Object.fromEntries(
      [...attributes.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [
        name.toLowerCase(),
        decode(value),
      ]),
    )
    yield { close: slash !== '', tag: tag.toLowerCase(), is, text: decode(text) }
  }
}

/** All forms of a page, wherever their fields stand. */
export function formsOn(html: string, pagePath: string): FoundForm[] {
  const elements = [...elementsIn(html)]
  const forms: (FoundForm & { id: string | undefined; own: string })[] = []
  const at = (path: string) => {
    const { pathname, search } = new URL(path, new URL(pagePath, 'http://site.test'))
    return pathname + search
  }
  for (const { close, tag, is } of elements) {
    if (tag !== 'form' || close) continue
    const own = at(is.action ?? '')
    forms.push({
      id: is.id,
      own,
      method: /post/i.test(is.method ?? '') ? 'post' : 'get',
      fields: [],
      targets: [{ path: own, button: null }],
    })
  }
  let inside = -1
  let index = -1
  let select: Field | undefined
  for (const { close, tag, is, text } of elements) {
    if (tag === 'form') inside = close ? -1 : ++index
    const form = is.form === undefined ? forms[inside] : forms.find(({ id }) => id === is.form)
    if (form === undefined || close) continue
    if (tag === 'button' || (tag === 'input' && is.type === 'submit')) {
      const button = is.name === undefined ? null : { name: is.name, value: is.value ?? '' }
      form.targets.push({ path: is.formaction === undefined ? form.own : at(is.formaction), button })
    } else if (tag === 'option') select?.values.push(is.value ?? text.trim())
    else if (is.name !== undefined && ['input', 'textarea', 'select'].includes(tag)) {
      const known = form.fields.find(({ name }) => name === is.name)
      const field = known ?? { name: is.name, values: [] }
      if (known === undefined) form.fields.push(field)
      if (tag === 'select') select = field
      else if (tag === 'textarea') field.values.push(text)
      else field.values.push(is.value ?? (is.type === 'checkbox' ? 'on' : ''))
    }
  }
  return forms.map(({ method, fields, targets }) => ({ method, fields, targets }))
}

/** The paths of this site that a page links to. */
export function linksOn(html: string, pagePath: string): string[] {
  const base = new URL(pagePath, 'http://site.test')
  return [...elementsIn(html)]
    .filter(({ tag, is }) => tag === 'a' && is.href !== undefined)
    .map(({ is }) => new URL(is.href ?? '', base))
    .filter(({ origin }) => origin === base.origin)
    .map(({ pathname, search }) => pathname + search)
}

/** What pages of one kind have in common: ids, tokens and numbers left out, queries by their names. */
export function shapeOf(path: string): string {
  const { pathname, searchParams } = new URL(path, 'http://site.test')
  const place = pathname.replace(/\/(?:[\w-]{43}|[0-9a-f]{8}-[\w-]{27}|\d+)(?=\/|$)/g, '/*')
  return `${place}?${[...new Set(searchParams.keys())].sort().join('&')}`
}

function decode(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
