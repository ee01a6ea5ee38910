import { RE2JS } from 're2js'
import { parseDomain } from '$lib/registration/email'
import { isLocal } from './derive'
import type { Config } from './derive'
import { shown } from './fields'
import type { Settings } from './schema'
import { keptKeyPath } from './secret-key'

const SHORTEST_SECRET_KEY = 32

/** What is allowed but probably not intended, one line each. */
export function warningsOf(settings: Settings, config: Config): string[] {
  const { enabled, admin_room, welcome, bot, bot_token } = settings.matrix_notifications
  const told = admin_room.room_id !== undefined || welcome.enabled
  const warnings: [boolean, string][] = [
    [
      config.secretKey !== null && config.secretKey.length < SHORTEST_SECRET_KEY,
      `secret_key is short: use at least ${SHORTEST_SECRET_KEY} random characters, or remove it to have one generated`,
    ],
    [
      config.secretKey === null && settings.database.url !== undefined,
      `secret_key is not set, and database.url names a server: each machine makes a key of its own in ${keptKeyPath(config.database)}, and what one signs or encrypts (second factors, invitation codes, forms) is invalid on the others; set it to the same on all (to what is in that file where one has run already), and keep it with the backups`,
    ],
    [
      !config.synapse.verifyCert,
      'synapse.verify_cert is false: anybody between this program and Synapse can read the admin token',
    ],
    [
      config.site.url.startsWith('http:') && !isLocal(new URL(config.site.url).hostname),
      'site.url starts with http: passwords are sent unencrypted; use https',
    ],
    [
      config.registration.proofOfWork === 'on' &&
        config.site.url.startsWith('http:') &&
        !isLocal(new URL(config.site.url).hostname),
      'registration.proof_of_work is on, but browsers can solve it only if site.url starts with https',
    ],
    ...settings.registration.blocked_emails.map(blockedEmailWarning),
    ...settings.registration.blocked_usernames.map(blocksAll('blocked_usernames', SOME_USERNAMES)),
    ...settings.registration.blocked_emails.map(blocksAll('blocked_emails', SOME_EMAILS)),
    ...mailWarnings(settings, config),
    [
      Boolean(settings.email.username) && settings.email.password === '',
      'email.password is empty: the mail server is used without signing in, and email.username is only the sender',
    ],
    [
      settings.email.username === '' && Boolean(settings.email.password),
      'email.username is empty: the mail server is used without signing in, and email.password has no effect',
    ],
    [
      settings.consent_version !== undefined && settings.legal.length === 0,
      'consent_version is set, but no consent is recorded until legal lists the documents',
    ],
    [
      settings.consent_version !== undefined && settings.form_secret === undefined,
      "consent_version is set, but no consent is recorded without Synapse's form_secret (or form_secret_file)",
    ],
    [
      settings.form_secret !== undefined && settings.consent_version === undefined,
      'form_secret has no effect without consent_version',
    ],
    [
      settings.database.auth_token !== undefined && settings.database.url === undefined,
      'database.auth_token has no effect without database.url',
    ],
    [
      enabled === true && !told,
      'matrix_notifications.enabled is true, but nothing is sent: set admin_room.room_id or welcome.enabled',
    ],
    [
      enabled === undefined && told,
      'matrix_notifications.enabled is not set, so nothing is sent: set it to true',
    ],
    [
      (bot ?? bot_token) !== undefined && !(enabled === true && told),
      `matrix_notifications.${bot === undefined ? 'bot_token' : 'bot'} has no effect: nothing is sent in a room`,
    ],
    [
      admin_room.decide !== 'off' && !(enabled === true && admin_room.room_id !== undefined),
      `matrix_notifications.admin_room.decide has no effect: ${
        enabled === true
          ? 'set admin_room.room_id to the room of the moderators'
          : 'set matrix_notifications.enabled to true'
      }`,
    ],
  ]
  return warnings.filter(([applies]) => applies).map(([, text]) => text)
}

/** Usernames and addresses with nothing in common but that they are ones. */
const SOME_USERNAMES = ['anna', 'kai.weber', 'lin-72', 'thunderbird_x']
const SOME_EMAILS = ['anna@mail.example', 'k.weber+1@uni.example.org', 'lin-72@sub.host.test']

/** A pattern that matches whatever is tried: `.*[A-Z].*` does, as case is ignored. */
const blocksAll =
  (list: string, values: string[]) =>
  (pattern: string, index: number): [boolean, string] => {
    const compiled = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE)
    return [
      values.every((value) => compiled.matches(value)),
      `registration.${list} entry ${index + 1} matches every value that was tried, such as ${values[0]}, so that nobody can register; case is ignored (is ${shown(pattern)})`,
    ]
  }

/** A pattern with other letters than ASCII, which no email address has once it is read. */
function blockedEmailWarning(pattern: string, index: number): [boolean, string] {
  const [typed = ''] =
    /[\p{L}\p{M}\p{N}-]+(?:\\?\.[\p{L}\p{M}\p{N}-]+)+$/u.exec(pattern.replace(/\$$/, '')) ?? []
  const domain = parseDomain(typed.replaceAll('\\', ''))
  const ascii = domain?.includes('xn--') === true ? domain.replaceAll('.', '\\.') : 'xn--…'
  return [
    /\P{ASCII}/u.test(pattern),
    `registration.blocked_emails entry ${index + 1} has letters that no email address has here, as they are compared in ASCII; write the domain as ${ascii} (is ${shown(pattern)})`,
  ]
}

/** The same about the connection to the mail server. */
function mailWarnings(settings: Settings, { email }: Config): [boolean, string][] {
  const open = email.password !== null && !isLocal(email.host)
  const remedy =
    'set it to required (STARTTLS, usually port 587) or implicit (TLS from the start, usually port 465)'
  const isChecked = email.tls === 'required' || email.tls === 'implicit'
  return [
    [
      open && email.tls === 'never',
      `email.tls is ${settings.email.tls === 'never' ? 'never' : 'false'}: the password is sent to the mail server unencrypted; ${remedy}`,
    ],
    [
      open && email.tls === 'if_offered',
      `email.tls is ${settings.email.tls === undefined ? 'not set' : 'if_offered'}: if the mail server offers no STARTTLS, or it fails, the password is sent unencrypted; ${remedy}`,
    ],
    [
      isChecked && !email.verifyCert,
      'email.verify_cert is false: anybody between this program and the mail server can read emails and the password',
    ],
    [
      !isChecked && settings.email.verify_cert !== undefined,
      'email.verify_cert has no effect: certificates are verified only if email.tls is required or implicit',
    ],
    [
      email.port === 465 && email.tls !== 'implicit',
      'email.port is 465, where mail servers usually expect TLS from the start: set email.tls to implicit',
    ],
    [
      (email.port === 25 || email.port === 587) && email.tls === 'implicit',
      `email.port is ${email.port}, where mail servers usually expect STARTTLS: set email.tls to required`,
    ],
  ]
}
