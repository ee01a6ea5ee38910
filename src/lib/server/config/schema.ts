import * as v from 'valibot'
import { DENIAL_CATEGORIES } from '$lib/text/category-text'
import { INVITATIONS } from '$lib/registration/invited'
import { LANGUAGES } from '$lib/registration/language'
import { OTHER_SERVERS, PLATFORMS } from '$lib/registration/matrix-apps'
import { MOST_DAYS, RETENTION } from '$lib/registration/retention'
import { USERNAME_CHARACTERS } from '$lib/registration/username'
import { DEFAULT_ACCENT } from '../text/accent'
import { DISPOSABLE_MODES, LOG_LEVELS, PROOF_MODES, ROOM_DECISIONS } from './modes'
import { mapValues } from './map-values'
import { httpUrl, list, mode, must, oneOf, orEmpty, pattern, secret, text, whole, yesOrNo } from './fields'
import { ADMIN_ROOM_PLACEHOLDERS, WELCOME_PLACEHOLDERS } from '../text/template'
import * as value from './values'

// Every group of settings is a v.object here: `settingPaths` and `shapeSettings` read them.

/**
 * What config.yaml may contain, under the keys used there. Numbers arrive as text; an empty value counts as not set.
 */
export const fileSchema = v.object({
  debug: v.optional(yesOrNo, false),
  secret_key: v.optional(secret('a long random text')),
  secret_key_file: v.optional(value.file),
  synapse: v.object({
    admin_token: v.optional(secret('the access token of a Synapse admin (or give admin_token_file)')),
    admin_token_file: v.optional(value.file),
    server: httpUrl('the address of your Synapse, like https://matrix.example.org', { base: true }),
    domain: value.serverName,
    verify_cert: v.optional(value.certificates, true),
  }),
  mas: v.object({
    server: v.optional(httpUrl('the address of MAS, like https://account.example.org', { base: true })),
    client_id: v.optional(text('the ID of a client in the clients of MAS')),
    client_secret: v.optional(secret('the secret of that client (or give client_secret_file)')),
    client_secret_file: v.optional(value.file),
    account: v.optional(value.localpart, 'registration'),
  }),
  hosts: v.optional(list(value.host, 'a list of host names'), []),
  site: v.object({
    name: v.optional(text('the name of your community')),
    url: v.optional(value.siteUrl),
    accent: v.optional(value.colour, DEFAULT_ACCENT),
    language: v.optional(oneOf(LANGUAGES), 'en'),
    support: v.optional(value.support),
    apps: v.optional(
      v.array(
        v.object({
          title: text('the name of the app'),
          url: value.appUrl,
          platform: oneOf(PLATFORMS),
        }),
        must('a list of apps, each with title, url and platform'),
      ),
      [],
    ),
    other_servers: v.optional(value.otherServers, OTHER_SERVERS),
  }),
  email: v.object({
    host: value.mailHost,
    port: whole(1, 65535),
    username: v.optional(orEmpty(text('the username for the mail server'))),
    password: v.optional(orEmpty(secret('text'))),
    password_file: v.optional(value.file),
    tls: v.optional(value.mailTls),
    ssl: v.optional(yesOrNo),
    verify_cert: v.optional(value.certificates),
    from: v.optional(value.sender),
    subject_prefix: v.optional(
      v.pipe(v.string(must('text, in quotes')), v.regex(/^\P{Cc}*$/u, must('one line of text'))),
    ),
  }),
  admin: v.object({
    email: v.pipe(
      list(value.mailbox, 'an email address, or a list of them', value.severalMailboxes),
      v.minLength(1, 'must contain at least one email address, which is notified of new requests'),
    ),
  }),
  trust_proxy: v.optional(value.proxies, false),
  workers: v.optional(value.workers, '1'),
  auto_join: v.optional(list(value.room, 'a list of room IDs'), []),
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
  retention: v.object(
    mapValues(RETENTION, ({ days, fewest }) => v.optional(whole(fewest, MOST_DAYS), String(days))),
  ),
  database: v.object({
    path: v.optional(text('the path of the database file')),
    url: v.optional(value.databaseUrl),
    auth_token: v.optional(secret('text')),
    auth_token_file: v.optional(value.file),
  }),
  logo_url: v.optional(httpUrl('the URL of an image, like https://example.org/logo.png', { base: false })),
  consent_version: v.optional(text('the version of your policy in Synapse')),
  form_secret: v.optional(secret('the form_secret of your Synapse')),
  form_secret_file: v.optional(value.file),
  rate_limit: v.object({
    email_submission: v.optional(whole(1, 100_000), '3'),
    email_submission_hours: v.optional(whole(1, 8760), '24'),
    everybody_per_minute: v.optional(whole(1, 1_000_000), '300'),
  }),
  matrix_notifications: v.object({
    enabled: v.optional(yesOrNo),
    bot: v.optional(value.localpart),
    bot_token: v.optional(
      secret('the access token of the account that speaks in rooms (or give bot_token_file)'),
    ),
    bot_token_file: v.optional(value.file),
    admin_room: v.object({
      room_id: v.optional(value.room),
      message_template: v.optional(value.template(ADMIN_ROOM_PLACEHOLDERS)),
      decide: v.optional(mode(ROOM_DECISIONS), 'off'),
      details: v.optional(yesOrNo, false),
    }),
    welcome: v.object({
      enabled: v.optional(yesOrNo, false),
      message_template: v.optional(value.template(WELCOME_PLACEHOLDERS)),
      room_id: v.optional(value.room),
    }),
  }),
  registration: v.object({
    password: v.optional(oneOf(['at_request', 'after_approval']), 'at_request'),
    invitations: v.optional(mode(INVITATIONS), 'off'),
    username_characters: v.optional(oneOf(USERNAME_CHARACTERS), 'basic'),
    reserved_usernames: v.optional(
      list(v.pipe(text('a username'), v.toLowerCase()), 'a list of usernames'),
      [],
    ),
    blocked_usernames: v.optional(list(pattern, 'a list of regular expressions'), []),
    blocked_emails: v.optional(list(pattern, 'a list of regular expressions'), []),
    blocked_networks: v.optional(list(value.network, 'a list of networks'), []),
    disposable_emails: v.optional(mode(DISPOSABLE_MODES), 'off'),
    max_waiting: v.optional(whole(0, 100_000), '1000'),
    max_per_day: v.optional(whole(0, 100_000), '1000'),
    proof_of_work: v.optional(mode(PROOF_MODES), 'automatic'),
  }),
  moderation: v.object({
    remind_after_hours: v.optional(whole(1, 8760), '48'),
    undo_seconds: v.optional(whole(0, 3600), '20'),
    probation: v.optional(yesOrNo, false),
    probation_days: v.optional(whole(1, 365), '7'),
    probation_for_held: v.optional(yesOrNo, false),
    assignment_minutes: v.optional(whole(1, 1440), '30'),
    denial_categories: v.optional(list(value.category, 'a list of denial reasons'), [...DENIAL_CATEGORIES]),
  }),
  metrics: v.object({
    port: v.optional(whole(1, 65535)),
    host: v.optional(value.ownAddress, '127.0.0.1'),
  }),
  log: v.object({ level: v.optional(oneOf(LOG_LEVELS)), checks_at_start: v.optional(yesOrNo, true) }),
})

/** The file's settings, each validated by itself. */
export type Settings = v.InferOutput<typeof fileSchema>
