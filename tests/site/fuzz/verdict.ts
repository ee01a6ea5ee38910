import type { Answer } from '../../support/visitor'

/** Where the program is, and where its data is: nothing of it is for an answer. */
export interface Places {
  url: string
  inside: string[]
}

const TAG = /<[a-z][\w-]*((?:\s+[^\s"'=<>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*)\s*\/?>/gi
const ATTRIBUTE = /([^\s"'=<>/]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?/g

/** nginx takes 4 KiB or 8 KiB of headers from what is behind it, by the platform, and answers 502 to more. */
export const LONGEST_HEAD = 8 * 1024

export const headLength = (headers: Answer['headers']): number =>
  Object.entries(headers)
    .flatMap(([name, value]) => [value ?? []].flat().map((one) => Buffer.byteLength(`${name}: ${one}\r\n`)))
    .reduce((sum, bytes) => sum + bytes, 0)

/** What is wrong with an answer; null where it is one that a stranger may get. */
export function faultOf(answer: Answer, { url, inside }: Places): string | null {
  const { status, headers, body } = answer
  if (status >= 500) return `status ${status}`
  if (headLength(headers) > LONGEST_HEAD) return `its headers have ${headLength(headers)} bytes`
  const leak = INSIDE.exec(body)?.[0] ?? inside.find((place) => body.includes(place))
  if (leak !== undefined) return `it tells ${JSON.stringify(leak)}`
  if (Object.keys(headers).some((name) => name.startsWith('zq'))) return 'a header was written into it'
  const location = headers.location
  if (typeof location === 'string' && !/^\/(?![/\\])/.test(location) && !location.startsWith(`${url}/`))
    return `it leads to ${location}`
  // Node answers by itself where the head of a request is too long.
  if (status === 431) return null
  if (headers['x-content-type-options'] !== 'nosniff') return 'it has no nosniff'
  const type = String(headers['content-type'] ?? '')
  if (/html|xml|svg/.test(type)) return faultOfPage(body, String(headers['content-security-policy']))
  // The words of the server below the site, which are always the same.
  if (type === '' && /^(?:Not Found|Bad Request)$/i.test(body)) return null
  if (body !== '' && !/^(?:text\/plain|text\/csv|text\/event-stream|application\/json|image\/)/.test(type))
    return `it is ${type === '' ? 'no content type' : type}`
  return null
}

function faultOfPage(body: string, policy: string): string | null {
  if (/<\/?zq1/i.test(body)) return 'what was typed is an element'
  for (const [tag, attributes = ''] of body.matchAll(TAG)) {
    const names = [...attributes.matchAll(ATTRIBUTE)].map(([, name = '']) => name.toLowerCase())
    if (names.includes('onzq')) return `what was typed is an attribute: ${tag.slice(0, 200)}`
    const target = /\s(?:href|src|action|formaction)\s*=\s*"([^"]*)"/i.exec(attributes)?.[1] ?? ''
    if (
      /^\s*(?:j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t|data(?!:image\/)|vbscript)\s*:/i.test(target) ||
      /^\s*(?:https?:)?[/\\]{2}zq\.test/i.test(target)
    )
      return `what was typed is where a link leads: ${tag.slice(0, 200)}`
  }
  const unsafe = policy.includes('unsafe') && !SANDBOXED_MAIL.test(policy)
  if (!policy.includes("default-src 'none'") || unsafe) return `its policy is ${policy}`
  return null
}

/** The preview of a mail has its styles in itself, and can run, load and send nothing. */
const SANDBOXED_MAIL =
  /^default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox$/

/** Words that only an error of the inside has. */
const INSIDE =
  /\n?\s+at (?:async )?[\w.<>[\] ]+ ?\(?(?:file:|node:|\/)[^\s)]+:\d+:\d+|node_modules|SQLITE_\w+|Failed query|LibsqlError|ValiError|TRPCClientError|no such (?:table|column)|"stack"\s*:/
