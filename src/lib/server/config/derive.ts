import { isIPv4 } from 'node:net'
import { dirname } from 'node:path'
import type { Config, MailTls } from './config'
import { firstHost } from './cross-rules'
import { RESERVED_USERNAMES } from './reserved-usernames'
import type { Settings } from './schema'
import { m } from '$lib/paraglide/messages'

const DEFAULT_DATABASE = 'data/registration.db'

/** Everything besides the file's settings that the configuration is made from. */
export interface Surroundings {
  /** The port that this server listens on. */
  port: number
  /** PEM text of `synapse.verify_cert`, if that is a path. */
  ca: string | null
  /** The same for `email.verify_cert`. */
  mailCa: string | null
}

/** Builds the configuration from settings that passed `configSchema`, filling in derived values. Frozen. */
export function deriveConfig(settings: Settings, { port, ca, mailCa }: Surroundings): Config {
  const { synapse, email, retention, registration } = settings
  const signsIn = Boolean(email.username) && Boolean(email.password)
  const url = settings.site.url ?? localOrPublic(firstHost(settings.hosts) ?? 'localhost', port)
  return deepFreeze({
    debug: settings.debug,
    secretKey: settings.secret_key ?? null,
    synapse: {
      adminToken: synapse.admin_token,
      server: synapse.server,
      domain: synapse.domain,
      verifyCert: synapse.verify_cert !== false,
      ca,
    },
    hosts: settings.hosts.length > 0 ? settings.hosts : [new URL(url).hostname],
    site: {
      name: settings.site.name ?? synapse.domain,
      url,
      accent: settings.site.accent,
      language: settings.site.language,
    },
    email: {
      host: email.host,
      port: email.port,
      username: signsIn ? (email.username ?? null) : null,
      password: signsIn ? (email.password ?? null) : null,
      tls: mailTls(email),
      verifyCert: email.verify_cert !== false,
      ca: mailCa,
      from: email.from ?? email.username ?? '',
      subjectPrefix: subjectPrefix(email.subject_prefix ?? `[${synapse.domain}]`),
    },
    admin: { email: settings.admin.email },
    trustProxy: settings.trust_proxy,
    autoJoin: settings.auto_join,
    legal: settings.legal,
    consent:
      settings.consent_version === undefined ||
      settings.form_secret === undefined ||
      settings.legal.length === 0
        ? null
        : { version: settings.consent_version, formSecret: settings.form_secret },
    retention: {
      started: retention.started,
      completed: retention.completed,
      approved: retention.approved,
      memory: retention.memory,
      history: retention.history,
    },
    database: database(settings.database),
    logoUrl: settings.logo_url ?? null,
    rateLimit: {
      emailSubmission: settings.rate_limit.email_submission,
      emailSubmissionHours: settings.rate_limit.email_submission_hours,
      everybodyPerMinute: settings.rate_limit.everybody_per_minute,
    },
    matrixNotifications: matrixNotifications(settings),
    registration: {
      password: registration.password,
      invitations: registration.invitations,
      usernameCharacters: registration.username_characters,
      reservedUsernames: [...new Set([...RESERVED_USERNAMES, ...registration.reserved_usernames])],
      blockedUsernames: registration.blocked_usernames,
      blockedEmails: registration.blocked_emails,
      blockedNetworks: registration.blocked_networks,
      disposableEmails: registration.disposable_emails,
      maxWaiting: limit(registration.max_waiting),
      maxPerDay: limit(registration.max_per_day),
      proofOfWork: registration.proof_of_work,
    },
    moderation: {
      remindAfterHours: settings.moderation.remind_after_hours,
      undoMs: settings.moderation.undo_seconds * 1000,
      claimMs: settings.moderation.claim_minutes * 60_000,
      denialCategories: settings.moderation.denial_categories,
    },
    log: { level: settings.log.level ?? (settings.debug ? 'debug' : 'info') },
  })
}

/** Whether this host is the machine itself (RFC 6761, 6.3; RFC 1122, 3.2.1.3), where nobody can eavesdrop. */
export function isLocal(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return /^(?:.+\.)?localhost\.?$/.test(name) || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

/** Without a setting, email is sent even if unencrypted, as in the original, and encrypted if possible. */
function mailTls({ tls, ssl }: Settings['email']): MailTls {
  if (ssl === true) return 'implicit'
  if (typeof tls === 'string') return tls
  return tls === undefined ? 'if_offered' : tls ? 'required' : 'never'
}

function localOrPublic(host: string, port: number): string {
  return new URL(isLocal(host) ? `http://${host}:${port}` : `https://${host}`).origin
}

/** 0 means no limit. */
function limit(count: number): number | null {
  return count === 0 ? null : count
}

function subjectPrefix(prefix: string): string {
  return prefix.trim() === '' ? '' : `${prefix.trim()} `
}

function database({ path, url, auth_token }: Settings['database']): Config['database'] {
  if (url !== undefined) return { url, authToken: auth_token, directory: dirname(DEFAULT_DATABASE) }
  const file = path ?? DEFAULT_DATABASE
  const encoded = file.split('/').map(encodeURIComponent).join('/')
  return { url: `file:${encoded}`, authToken: undefined, directory: dirname(file) }
}

function matrixNotifications({ matrix_notifications, site }: Settings): Config['matrixNotifications'] {
  const { enabled, admin_room, welcome } = matrix_notifications
  if (!enabled) return { adminRoom: null, welcome: null }
  const template = (text: string | undefined) => (text === undefined || text.trim() === '' ? null : text)
  return {
    adminRoom:
      admin_room.room_id === undefined
        ? null
        : { room: admin_room.room_id, template: template(admin_room.message_template) },
    welcome: welcome.enabled
      ? {
          room: welcome.room_id ?? null,
          template:
            template(welcome.message_template) ??
            m.room_welcome({ matrixId: '@{username}:{matrix_domain}' }, { locale: site.language }),
        }
      : null,
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze)
    Object.freeze(value)
  }
  return value
}
