import proxyaddr from 'proxy-addr'
import * as v from 'valibot'
import { APP_PLACEHOLDERS } from '$lib/registration/matrix-apps'
import { withAsciiDomain } from '$lib/registration/email'
import { parseNetwork } from '$lib/network/ip'
import { isColour } from '../text/accent'
import { MAIL_TLS } from './modes'
import { httpUrl, matching, must, text } from './fields'
import { templateProblem } from '../text/template'

// Values with a meaning here: an email address, a room, a host.

export const file = text('the path of a file')
/** An address whose domain is used in ASCII from here on, as in every header and SMTP command (RFC 5890). */
const inAscii = (expected: string) =>
  v.pipe(
    v.string(),
    v.check((text) => withAsciiDomain(text) !== null, must(expected)),
    v.transform((text) => withAsciiDomain(text) ?? text),
  )
const MAILBOX = 'an email address like admin@example.org'
/** An email address with or without a display name, returning the address: `a@example.org`, `Name <a@example.org>`. */
export const mailbox = v.pipe(
  matching(/^(?:[^<>@]*<\s*[^\s@<>"(),:;]+@[^\s@<>"(),:;]+\s*>|[^\s@<>"(),:;]+@[^\s@<>"(),:;]+)$/, MAILBOX),
  inAscii(MAILBOX),
  v.transform((text) => /<\s*(\S+?)\s*>$/.exec(text)?.[1] ?? text),
)
/** The email addresses in one line, separated by commas or semicolons. */
export const severalMailboxes = (line: string): string[] =>
  line.includes('"') ? [line] : line.split(/[,;]/).filter((part) => part.trim() !== '')
export const colour = v.pipe(
  text('a CSS color'),
  v.check(isColour, must('a CSS color like "#00814a" or teal, in quotes')),
)
const SENDER = 'an email address, or a name and an address like Example <registrations@example.org>'
export const sender = v.pipe(
  matching(
    /^(?:[^\s@<>"(),:;]+@[^\s@<>"(),:;]+|(?:"[^"\p{Cc}]+"|[^<>"@,:;\p{Cc}]+) <[^\s@<>"(),:;]+@[^\s@<>"(),:;]+>)$/u,
    SENDER,
  ),
  inAscii(SENDER),
)
export const category = matching(/^[^\p{Cc}]{1,60}$/u, 'a few words, at most 60 characters')
export const room = matching(
  /^(?:!\S+|#[^\s:]+:\S+)$/,
  'a room ID like "!abc:example.org" or an alias like "#room:example.org", in quotes',
)
export const host = v.pipe(
  matching(
    /^(?:\*|\.?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i,
    'a host name without https:// and port, like register.example.org; or .example.org, or *',
  ),
  v.toLowerCase(),
)
const MAIL_HOST = 'the host name of your mail server, like mail.example.org, or its address'
/** An IPv6 address can be in brackets, as in URLs; without quotes, YAML then reads a list of one. */
export const mailHost = v.pipe(
  v.union(
    [
      v.string(),
      v.pipe(
        v.tuple([v.pipe(v.string(), v.ipv6())]),
        v.transform(([one]) => one),
      ),
    ],
    must(MAIL_HOST),
  ),
  matching(/^[^\s/@]+$/, MAIL_HOST),
  v.transform((host) => host.replace(/^\[(.*)\]$/, '$1')),
)
/** What to listen on. */
export const ownAddress = matching(
  /^[^\s/@[\]]+$/,
  'an address of this machine, like 127.0.0.1, or "::" for all of them',
)
/** As in the original, true means `required` and false means `never`. */
export const mailTls = v.union(
  [v.boolean(), v.picklist(MAIL_TLS)],
  must(`${MAIL_TLS.join(' or ')}, or true or false without quotes`),
)
export const serverName = matching(
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i,
  'the name of the homeserver, the part after the colon in a Matrix ID, like example.org',
)
/** Of an account of this program's own. */
export const localpart = matching(
  /^[a-z0-9=\-./+][a-z0-9=_\-./+]*$/,
  'the username of an account, like registration',
)
export const siteUrl = v.pipe(
  httpUrl('the address of this site, like https://register.example.org', { base: true }),
  v.check(
    (url) => new URL(url).pathname === '/',
    ({ input }) => `must not have a path (is "${input}"): the site must be at the root of its host`,
  ),
  v.transform((url) => new URL(url).origin),
)
const SUPPORT = 'an email address like help@example.org, or a room like "#help:example.org", in quotes'
export const support = v.pipe(
  text(SUPPORT),
  v.check((value) => v.is(mailbox, value) || v.is(room, value), must(SUPPORT)),
  v.transform((value) => (v.is(room, value) ? value : v.parse(mailbox, value))),
)
const APP_URL = 'the https:// address of an app, like https://app.element.io'
/** Which app it is cannot depend on the account: the host has no placeholders. */
export const appUrl = v.pipe(
  httpUrl(APP_URL, { base: false }),
  v.regex(/^https:\/\/[^/?#{}]+(?:[/?#]|$)/i, must(APP_URL)),
  v.check(
    (url) => templateProblem(url, APP_PLACEHOLDERS) === null,
    ({ input }) => templateProblem(input, APP_PLACEHOLDERS) ?? '',
  ),
)
const OTHER_SERVERS = 'the address of a list of servers, or false for none'
export const otherServers = v.union(
  [v.literal(false), httpUrl(OTHER_SERVERS, { base: false })],
  (issue) => issue.issues?.at(-1)?.message ?? must(OTHER_SERVERS)(issue),
)
const DATABASE_URL =
  'the address of a libSQL server, like libsql://db.example.org; a file goes into database.path'
export const databaseUrl = v.pipe(
  v.string(`must be ${DATABASE_URL}`),
  v.check(
    (url) => /^(?:libsql|https?|wss?):\/\/[^\s/]/i.test(url) && URL.canParse(url),
    `must be ${DATABASE_URL}`,
  ),
)
export const network = v.pipe(
  text('an address or a network like 203.0.113.0/24'),
  v.check((value) => parseNetwork(value) !== null, must('an address or a network like 203.0.113.0/24')),
)
const PROXY = 'an address or a network like 10.0.0.0/8, or loopback, linklocal, uniquelocal'
export const proxies = v.union(
  [v.boolean(), v.array(v.pipe(text(PROXY), v.check(isProxy, must(PROXY))))],
  must('true or false without quotes, or a list of the addresses or networks of your proxies'),
)
const CERTIFICATES = must('true or false without quotes, or the path of a file with CA certificates')
/** Text in `verify_cert` is the path of a file or folder, unless it is true or false in quotes. */
export const certificatesPath = v.pipe(v.string(), v.regex(/^(?!(?:true|false)$)./i, CERTIFICATES))
export const certificates = v.union([v.boolean(), certificatesPath], CERTIFICATES)

/** Whether `proxy-addr`, which reads this list for every request, accepts the entry. */
function isProxy(entry: string): boolean {
  return (
    ['loopback', 'linklocal', 'uniquelocal'].includes(entry) ||
    (parseNetwork(entry) !== null && compiles(entry))
  )
}

function compiles(entry: string): boolean {
  try {
    proxyaddr.compile([entry])
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

export function template(placeholders: readonly string[]) {
  return v.pipe(
    v.string(must('text; "|" after the colon starts a multi-line text')),
    v.check(
      (value) => templateProblem(value, placeholders) === null,
      ({ input }) => templateProblem(input, placeholders) ?? '',
    ),
  )
}
/** How many processes answer requests. */
export const workers = v.pipe(
  matching(/^(?:auto|[1-9]|[1-5][0-9]|6[0-4])$/, 'auto, or a number of processes from 1 to 64'),
  v.transform((text) => (text === 'auto' ? text : Number(text))),
)
