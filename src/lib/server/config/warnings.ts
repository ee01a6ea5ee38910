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
    [
      config.email.password !== null && !config.email.tls && !config.email.ssl && !isLocal(config.email.host),
      'email.tls and email.ssl are both false: the password may travel where others can read it',
    ],
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
