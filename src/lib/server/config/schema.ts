import proxyaddr from 'proxy-addr'
import * as v from 'valibot'
import { LANGUAGES } from '$lib/registration/language'
import { DEFAULT_ACCENT, isColour } from './accent'
import { LOG_LEVELS } from './config'
import {
  httpUrl,
  isNetwork,
  list,
  matching,
  must,
  oneOf,
  pattern,
  secret,
  text,
  whole,
  yesOrNo,
} from './fields'
import { ADMIN_ROOM_PLACEHOLDERS, templateProblem, WELCOME_PLACEHOLDERS } from './template'

// Every group of settings is a v.object here: `settingPaths` and the shaping of the file read them.

const file = text('the path of a file')
const address = matching(/^[^\s@<>"(),:;]+@[^\s@<>"(),:;]+$/, 'an e-mail address like admin@example.org')
const sender = matching(
  /^(?:[^\s@<>"(),:;]+@[^\s@<>"(),:;]+|(?:"[^"\p{Cc}]+"|[^<>"@,:;\p{Cc}]+) <[^\s@<>"(),:;]+@[^\s@<>"(),:;]+>)$/u,
  'an e-mail address, or a name and an address like Example <registrations@example.org>',
)
const room = matching(
  /^(?:!\S+|#[^\s:]+:\S+)$/,
  'a room ID like "!abc:example.org" or an alias like "#room:example.org", in quotes',
)
const host = v.pipe(
  matching(
    /^(?:\*|\.?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i,
    'a host name without https:// and port, like register.example.org; or .example.org, or *',
  ),
  v.toLowerCase(),
)
const serverName = matching(
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i,
  'the name of the homeserver, the part after the colon in a Matrix ID, like example.org',
)
const siteUrl = v.pipe(
  httpUrl('the address that people open, like https://register.example.org', { base: true }),
  v.check(
    (url) => new URL(url).pathname === '/',
    ({ input }) => `must not have a path (is "${input}"): the site stands at the top of its host`,
  ),
  v.transform((url) => new URL(url).origin),
)
const DATABASE_URL =
  'the address of a libSQL server, like libsql://db.example.org; a file goes into database.path'
const databaseUrl = v.pipe(
  v.string(`must be ${DATABASE_URL}`),
  v.check(
    (url) => /^(?:libsql|https?|wss?):\/\/[^\s/]/i.test(url) && URL.canParse(url),
    `must be ${DATABASE_URL}`,
  ),
)
const network = v.pipe(
  text('an address or a network like 203.0.113.0/24'),
  v.check(isNetwork, must('an address or a network like 203.0.113.0/24')),
)
const PROXY = 'an address or a network like 10.0.0.0/8, or loopback, linklocal, uniquelocal'
const proxies = v.union(
  [v.boolean(), v.array(v.pipe(text(PROXY), v.check(isProxy, must(PROXY))))],
  must('true or false without quotes, or a list of the addresses or networks of your proxies'),
)
const CERTIFICATES = must('true or false without quotes, or the path of a file with CA certificates')
/** Text in `synapse.verify_cert` is the path of a file, unless somebody put true or false in quotes. */
export const certificatesPath = v.pipe(v.string(), v.regex(/^(?!(?:true|false)$)./i, CERTIFICATES))
const certificates = v.union([v.boolean(), certificatesPath], CERTIFICATES)

/** Whether `proxy-addr`, which reads this list for every request, can read the entry. */
function isProxy(entry: string): boolean {
  return ['loopback', 'linklocal', 'uniquelocal'].includes(entry) || (isNetwork(entry) && compiles(entry))
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

function template(placeholders: readonly string[]) {
  return v.pipe(
    v.string(must('text; "|" after the colon starts a text of several lines')),
    v.check(
      (value) => templateProblem(value, placeholders) === null,
      ({ input }) => templateProblem(input, placeholders) ?? '',
    ),
  )
}

/** What may stand in config.yaml, by the names that stand there. Numbers arrive as text; an empty value is none. */
export const fileSchema = v.object({
  debug: v.optional(yesOrNo, false),
  secret_key: v.optional(secret('a long random text')),
  secret_key_file: v.optional(file),
  synapse: v.object({
    admin_token: secret('the access token of a Synapse admin (or give admin_token_file)'),
    admin_token_file: v.optional(file),
    server: httpUrl('the address of your Synapse, like https://matrix.example.org', { base: true }),
    domain: serverName,
    verify_cert: v.optional(certificates, true),
  }),
  hosts: v.optional(list(host, 'a list of host names'), []),
  site: v.object({
    name: v.optional(text('the name of your community')),
    url: v.optional(siteUrl),
    accent: v.optional(
      v.pipe(text('a CSS colour'), v.check(isColour, must('a CSS colour like "#00814a" or teal, in quotes'))),
      DEFAULT_ACCENT,
    ),
    language: v.optional(oneOf(LANGUAGES), 'en'),
  }),
  email: v.object({
    host: matching(/^[^\s/@]+$/, 'the host name of your mail server, like mail.example.org'),
    port: whole(1, 65535),
    username: v.optional(text('the name to sign in to the mail server with')),
    password: v.optional(secret('text')),
    password_file: v.optional(file),
    tls: v.optional(yesOrNo, false),
    ssl: v.optional(yesOrNo, false),
    from: v.optional(sender),
    subject_prefix: v.optional(
      v.pipe(v.string(must('text, in quotes')), v.regex(/^\P{Cc}*$/u, must('one line of text'))),
    ),
  }),
  admin: v.object({
    email: v.pipe(
      list(address, 'an e-mail address, or a list of them'),
      v.minLength(1, 'must hold at least one address: that is where new requests are announced'),
    ),
  }),
  trust_proxy: v.optional(proxies, false),
  auto_join: v.optional(list(room, 'a list of room IDs'), []),
  legal: v.optional(
    v.array(
      v.object({
        title: text('the name of the document'),
        url: httpUrl('the address of the document, like https://example.org/terms', { base: false }),
      }),
      must('a list of documents, each with title and url'),
    ),
    [],
  ),
  retention: v.object({
    started: v.optional(whole(1, 3650), '2'),
    completed: v.optional(whole(1, 3650), '30'),
    approved: v.optional(whole(1, 3650), '14'),
  }),
  database: v.object({
    path: v.optional(text('the path of the database file')),
    url: v.optional(databaseUrl),
    auth_token: v.optional(secret('text')),
    auth_token_file: v.optional(file),
  }),
  logo_url: v.optional(
    httpUrl('the address of a picture, like https://example.org/logo.png', { base: false }),
  ),
  consent_version: v.optional(text('the version of your policy, as Synapse has it')),
  form_secret: v.optional(secret('the form_secret of your Synapse')),
  form_secret_file: v.optional(file),
  rate_limit: v.object({
    email_submission: v.optional(whole(1, 100_000), '3'),
    email_submission_hours: v.optional(whole(1, 8760), '24'),
  }),
  matrix_notifications: v.object({
    enabled: v.optional(yesOrNo),
    admin_room: v.object({
      room_id: v.optional(room),
      message_template: v.optional(template(ADMIN_ROOM_PLACEHOLDERS)),
    }),
    welcome: v.object({
      enabled: v.optional(yesOrNo, false),
      message_template: v.optional(template(WELCOME_PLACEHOLDERS)),
      room_id: v.optional(room),
    }),
  }),
  registration: v.object({
    password: v.optional(oneOf(['at_request', 'after_approval']), 'at_request'),
    reserved_usernames: v.optional(
      list(v.pipe(text('a user name'), v.toLowerCase()), 'a list of user names'),
      [],
    ),
    blocked_usernames: v.optional(list(pattern, 'a list of regular expressions'), []),
    blocked_emails: v.optional(list(pattern, 'a list of regular expressions'), []),
    blocked_networks: v.optional(list(network, 'a list of networks'), []),
  }),
  moderation: v.object({ remind_after_hours: v.optional(whole(1, 8760), '48') }),
  log: v.object({ level: v.optional(oneOf(LOG_LEVELS)) }),
})

/** The file's settings, each by itself as it should be. */
export type Settings = v.InferOutput<typeof fileSchema>
