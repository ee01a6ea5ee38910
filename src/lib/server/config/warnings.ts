import { isLocal } from './derive'
import type { Config } from './config'
import type { Settings } from './schema'

const SHORTEST_SECRET_KEY = 32

/** What is allowed and probably not meant, one line each. */
export function warningsOf(settings: Settings, config: Config): string[] {
  const { enabled, admin_room, welcome } = settings.matrix_notifications
  const told = admin_room.room_id !== undefined || welcome.enabled
  const warnings: [boolean, string][] = [
    [
      config.secretKey !== null && config.secretKey.length < SHORTEST_SECRET_KEY,
      `secret_key is short: use at least ${SHORTEST_SECRET_KEY} random characters, or remove it to have one made`,
    ],
    [
      !config.synapse.verifyCert,
      'synapse.verify_cert is false: whoever stands between here and Synapse can read the admin token',
    ],
    [
      config.site.url.startsWith('http:') && !isLocal(new URL(config.site.url).hostname),
      'site.url starts with http: passwords travel where others can read them; use https',
    ],
    [
      config.registration.proofOfWork === 'on' &&
        config.site.url.startsWith('http:') &&
        !isLocal(new URL(config.site.url).hostname),
      'registration.proof_of_work is on, but browsers can do the work only where site.url starts with https',
    ],
    ...mailWarnings(settings, config),
    [
      Boolean(settings.email.username) && settings.email.password === '',
      'email.password is empty: nobody signs in to the mail server, and email.username is the sender alone',
    ],
    [
      settings.email.username === '' && Boolean(settings.email.password),
      'email.username is empty: nobody signs in to the mail server, and email.password does nothing',
    ],
    [
      settings.consent_version !== undefined && settings.legal.length === 0,
      'consent_version is set, but nobody is asked: no consent is recorded until legal lists the documents',
    ],
    [
      settings.consent_version !== undefined && settings.form_secret === undefined,
      'consent_version is set, but no consent is recorded without the form_secret of your Synapse (or form_secret_file)',
    ],
    [
      settings.form_secret !== undefined && settings.consent_version === undefined,
      'form_secret does nothing without consent_version',
    ],
    [
      settings.database.auth_token !== undefined && settings.database.url === undefined,
      'database.auth_token does nothing without database.url',
    ],
    [
      enabled === true && !told,
      'matrix_notifications.enabled is true, but nothing is sent: set admin_room.room_id or welcome.enabled',
    ],
    [
      enabled === undefined && told,
      'matrix_notifications.enabled is not set, so nothing is sent: set it to true',
    ],
  ]
  return warnings.filter(([applies]) => applies).map(([, text]) => text)
}

/** The same about the way to the mail server. */
function mailWarnings(settings: Settings, { email }: Config): [boolean, string][] {
  const open = email.password !== null && !isLocal(email.host)
  const remedy =
    'set it to required (STARTTLS, mostly port 587) or implicit (TLS from the start, mostly port 465)'
  const isChecked = email.tls === 'required' || email.tls === 'implicit'
  return [
    [
      open && email.tls === 'never',
      `email.tls is ${settings.email.tls === 'never' ? 'never' : 'false'}: the password travels to the mail server where others can read it; ${remedy}`,
    ],
    [
      open && email.tls === 'if_offered',
      `email.tls is ${settings.email.tls === undefined ? 'not set' : 'if_offered'}: where the mail server offers no STARTTLS, or it fails, the password travels where others can read it; ${remedy}`,
    ],
    [
      isChecked && !email.verifyCert,
      'email.verify_cert is false: whoever stands between here and the mail server can read mails and password',
    ],
    [
      !isChecked && settings.email.verify_cert !== undefined,
      'email.verify_cert does nothing: certificates only count where email.tls is required or implicit',
    ],
    [
      email.port === 465 && email.tls !== 'implicit',
      'email.port is 465, where mail servers mostly speak TLS from the start: set email.tls to implicit',
    ],
    [
      (email.port === 25 || email.port === 587) && email.tls === 'implicit',
      `email.port is ${email.port}, where mail servers mostly speak TLS only after STARTTLS: set email.tls to required`,
    ],
  ]
}
