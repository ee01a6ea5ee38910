import * as v from 'valibot'
import { isAllowedHost } from '$lib/network/hosts'
import { withAsciiDomain } from '$lib/registration/email'
import type { MailTls } from './modes'
import { fileSchema } from './schema'

const ADDRESS = /^[^\s@<>]+@[^\s@<>]+$/

/** The host that links are built with if `site.url` is not set: the first full host name. */
export function firstHost(hosts: readonly string[]): string | null {
  return hosts.find((host) => host !== '*' && !host.startsWith('.')) ?? null
}

/** Whether the mail server's username can also be the sender. */
function isSender(username: string | undefined): boolean {
  return username !== undefined && ADDRESS.test(username) && withAsciiDomain(username) !== null
}

/**
 * Contradictions between `tls` and `ssl`; `tls: false` with `ssl: true` is none, because false only rules out
 * STARTTLS.
 */
function tlsConflict({
  tls,
  ssl,
}: {
  tls?: boolean | MailTls | undefined
  ssl?: boolean | undefined
}): string | null {
  if (ssl === true && tls === true)
    return 'and email.tls cannot both be true: ssl means TLS from the start (usually port 465), tls means STARTTLS (usually port 587)'
  if (ssl === true && typeof tls === 'string' && tls !== 'implicit')
    return `is true (TLS from the start), but email.tls is ${tls}: keep one of the two`
  if (ssl === false && tls === 'implicit')
    return 'is false, but email.tls is implicit (TLS from the start): remove email.ssl'
  return null
}

/**
 * The settings, and the rules between them. A rule is checked only if the settings it reads are valid and nothing
 * before it was wrong with them: so two rules that are both broken report different settings.
 */
export const configSchema = v.pipe(
  fileSchema,
  v.forward(
    v.partialCheck(
      [['hosts'], ['site', 'url']],
      ({ hosts, site }) => hosts.length > 0 || site.url !== undefined,
      "is missing: it must be a list of this site's host names, like register.example.org",
    ),
    ['hosts'],
  ),
  v.forward(
    v.partialCheck(
      [['hosts'], ['site', 'url']],
      ({ hosts, site }) => hosts.length === 0 || site.url !== undefined || firstHost(hosts) !== null,
      'is missing: it must be the address of this site, because hosts contains no full host name to build links with',
    ),
    ['site', 'url'],
  ),
  v.forward(
    v.partialCheck(
      [['hosts'], ['site', 'url']],
      ({ hosts, site }) =>
        hosts.length === 0 || site.url === undefined || isAllowedHost(new URL(site.url).host, [...hosts]),
      ({ input: { site } }) =>
        `must contain the host of site.url ("${new URL(site.url ?? '').hostname}" is missing): requests for it would be refused`,
    ),
    ['hosts'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['synapse', 'admin_token'],
        ['mas', 'server'],
      ],
      ({ synapse, mas }) => synapse.admin_token !== undefined || mas.server !== undefined,
      'is missing: it must be the access token of a Synapse admin (or give admin_token_file)',
    ),
    ['synapse', 'admin_token'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['mas', 'server'],
        ['mas', 'client_id'],
      ],
      ({ mas }) => mas.server === undefined || mas.client_id !== undefined,
      'is missing: mas.server is set, and MAS lets this program in by a client of its own; docs/mas.md shows how to make one',
    ),
    ['mas', 'client_id'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['mas', 'server'],
        ['mas', 'client_secret'],
      ],
      ({ mas }) => mas.server === undefined || mas.client_secret !== undefined,
      'is missing: it must be the secret of the client in mas.client_id (or give client_secret_file)',
    ),
    ['mas', 'client_secret'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['mas', 'server'],
        ['mas', 'client_id'],
        ['mas', 'client_secret'],
      ],
      ({ mas }) =>
        mas.server !== undefined || (mas.client_id === undefined && mas.client_secret === undefined),
      'is missing: mas.client_id or mas.client_secret is set; set all three, or none if Synapse manages its accounts itself',
    ),
    ['mas', 'server'],
  ),
  v.forward(
    v.partialCheck(
      [['consent_version'], ['mas', 'server']],
      ({ consent_version, mas }) => consent_version === undefined || mas.server === undefined,
      'must not be set together with mas.server: a homeserver that leaves its accounts to MAS records no consent. Applicants accept the documents in legal all the same',
    ),
    ['consent_version'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['email', 'tls'],
        ['email', 'ssl'],
      ],
      ({ email }) => tlsConflict(email) === null,
      ({ input: { email } }) => tlsConflict(email) ?? '',
    ),
    ['email', 'ssl'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['email', 'from'],
        ['email', 'username'],
      ],
      ({ email }) => email.from !== undefined || isSender(email.username),
      "is missing: it must be the sender's email address, because email.username is not one",
    ),
    ['email', 'from'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['email', 'username'],
        ['email', 'password'],
      ],
      ({ email }) => !email.username || email.password !== undefined,
      'is missing: email.username is set; set both, or neither if the mail server requires no password',
    ),
    ['email', 'password'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['email', 'username'],
        ['email', 'password'],
      ],
      ({ email }) => email.username !== undefined || email.password === undefined,
      'is missing: email.password is set; set both, or neither if the mail server requires no password',
    ),
    ['email', 'username'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['database', 'path'],
        ['database', 'url'],
      ],
      ({ database }) => database.path === undefined || database.url === undefined,
      'and database.path cannot both be set: keep url for a libSQL server, or path for a file',
    ),
    ['database', 'url'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['matrix_notifications', 'bot'],
        ['matrix_notifications', 'bot_token'],
      ],
      ({ matrix_notifications: { bot, bot_token } }) => bot === undefined || bot_token === undefined,
      'and matrix_notifications.bot cannot both be set: keep bot for an account that this program makes, or bot_token for one of yours',
    ),
    ['matrix_notifications', 'bot_token'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['matrix_notifications', 'bot'],
        ['mas', 'server'],
        ['mas', 'account'],
      ],
      ({ matrix_notifications: { bot }, mas }) => mas.server === undefined || bot !== mas.account,
      'must be another account than mas.account, which has all rights on the homeserver',
    ),
    ['matrix_notifications', 'bot'],
  ),
  v.forward(
    v.partialCheck(
      [
        ['matrix_notifications', 'bot'],
        ['matrix_notifications', 'bot_token'],
        ['matrix_notifications', 'admin_room', 'decide'],
      ],
      ({ matrix_notifications: { bot, bot_token, admin_room } }) =>
        admin_room.decide === 'off' || bot !== undefined || bot_token !== undefined,
      'is missing: matrix_notifications.admin_room.decide is reactions, and needs an account of its own that reads the room; set bot to a username that nobody has, or give bot_token (docs/moderators-room.md)',
    ),
    ['matrix_notifications', 'bot'],
  ),
)
