import { isIPv4 } from 'node:net'
import { dirname } from 'node:path'
import camelcaseKeys from 'camelcase-keys'
import type { MailTls } from './modes'
import { firstHost } from './cross-rules'
import { RESERVED_USERNAMES } from './reserved-usernames'
import type { Settings } from './schema'
import { m } from '$lib/paraglide/messages'
import { DAY } from '$lib/registration/time'
import { withAsciiDomain } from '$lib/registration/email'
import { offeredApps } from '$lib/registration/matrix-apps'

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

/**
 * The settings of one installation: checked, complete and frozen. Created by `loadConfig` from config.yaml, secret files
 * and the environment. Every setting of schema.ts is here in camel case; below are only those that are derived. `null`
 * means that something is not used.
 */
export type Config = Frozen<ReturnType<typeof fromSettings>>

/** Builds the configuration from settings that passed `configSchema`, filling in derived values. Frozen. */
export function deriveConfig(settings: Settings, surroundings: Surroundings): Config {
  return deepFreeze(fromSettings(settings, surroundings))
}

function fromSettings(settings: Settings, { port, ca, mailCa }: Surroundings) {
  const { consent_version, form_secret, ...others } = settings
  const named = camelcaseKeys(others, { deep: true })
  const { synapse, mas, site, email, registration, moderation, metrics, log } = named
  const signsIn = Boolean(email.username) && Boolean(email.password)
  const url = site.url ?? localOrPublic(firstHost(settings.hosts) ?? 'localhost', port)
  const masSettings =
    mas.server === undefined || mas.clientId === undefined || mas.clientSecret === undefined
      ? null
      : { server: mas.server, clientId: mas.clientId, clientSecret: mas.clientSecret, account: mas.account }
  return {
    ...named,
    /** Null if the operator set none: `secretKeyOf` then generates one and stores it. */
    secretKey: named.secretKey ?? null,
    synapse: {
      ...synapse,
      /** Null only with `mas`: this program then makes one by itself. */
      adminToken: synapse.adminToken ?? null,
      /** False: any certificate is accepted. */
      verifyCert: synapse.verifyCert !== false,
      /** PEM text of the certificates to trust instead of the usual ones, or null for the usual ones. */
      ca,
    },
    /** Where accounts are managed, if not by Synapse itself. */
    mas: masSettings,
    /** Hosts that are served, like Django's ALLOWED_HOSTS, lower case: `example.org`, `.example.org`, `*`. */
    hosts: settings.hosts.length > 0 ? settings.hosts : [new URL(url).hostname],
    site: {
      ...site,
      name: site.name ?? synapse.domain,
      /** The origin of every link that is sent: scheme, host and port, without a trailing slash. */
      url,
      apps: offeredApps(site.apps),
      /** An email address, a room ID or an alias. */
      support: site.support ?? null,
      otherServers: site.otherServers === false ? null : site.otherServers,
    },
    email: {
      host: email.host,
      port: email.port,
      /** Both or neither; null: without signing in. */
      username: signsIn ? (email.username ?? null) : null,
      password: signsIn ? (email.password ?? null) : null,
      tls: mailTls(email),
      /** False: any certificate is accepted. Used if TLS is `required` or `implicit`. */
      verifyCert: email.verifyCert !== false,
      ca: mailCa,
      /** `a@example.org` or `Name <a@example.org>`. */
      from: email.from ?? withAsciiDomain(email.username ?? '') ?? '',
      /** The prefix of every subject as it is: ends with a space, or is empty. */
      subjectPrefix: subjectPrefix(email.subjectPrefix ?? `[${synapse.domain}]`),
    },
    /** Needed for Synapse's own consent form; null: no consent is submitted. Never without `legal`. */
    consent:
      consent_version === undefined || form_secret === undefined || settings.legal.length === 0
        ? null
        : { version: consent_version, formSecret: form_secret },
    database: database(settings.database),
    logoUrl: named.logoUrl ?? null,
    matrixNotifications: matrixNotifications(settings),
    /** The account that speaks in rooms: one that is made here, or a token; null: that of `synapse.admin_token`. */
    roomBot: roomBot(settings.matrix_notifications),
    registration: {
      ...registration,
      /** The built-in list, the operator's, and this program's own accounts, lower case. */
      reservedUsernames: [
        ...new Set([
          ...RESERVED_USERNAMES,
          ...registration.reservedUsernames,
          ...(masSettings === null ? [] : [masSettings.account]),
          ...(named.matrixNotifications.bot === undefined ? [] : [named.matrixNotifications.bot]),
        ]),
      ],
      /** Nobody new can start at this many requests waiting, or in one day (UTC). Null: no limit. */
      maxWaiting: limit(registration.maxWaiting),
      maxPerDay: limit(registration.maxPerDay),
    },
    moderation: {
      ...moderation,
      /** How long a decision can be undone before anything is done about it. */
      undoMs: moderation.undoSeconds * 1000,
      /** How long an approval on probation lasts. */
      probationMs: moderation.probationDays * DAY,
      /** How long a request stays assigned to an inactive moderator. */
      claimMs: moderation.assignmentMinutes * 60_000,
    },
    /** Where Prometheus reads metrics; `port` is null: nowhere. */
    metrics: { ...metrics, port: metrics.port ?? null },
    log: { level: log.level ?? (named.debug ? 'debug' : 'info'), checksAtStart: log.checksAtStart },
  }
}

/** Whether this is a host of the machine itself (RFC 6761, 6.3; RFC 1122, 3.2.1.3), where nobody can read along. */
export function isLocal(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return /^(?:.+\.)?localhost\.?$/.test(name) || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

/** Without a setting, mail goes out wherever it would unencrypted, which is what the original did, and encrypted where it can. */
function mailTls({ tls, ssl }: Pick<Settings['email'], 'tls' | 'ssl'>): MailTls {
  if (ssl === true) return 'implicit'
  if (typeof tls === 'string') return tls
  return tls === undefined ? 'if_offered' : tls ? 'required' : 'never'
}

function localOrPublic(host: string, port: number): string {
  return new URL(isLocal(host) ? `http://${host}:${port}` : `https://${host}`).origin
}

/** 0 is no limit. */
function limit(count: number): number | null {
  return count === 0 ? null : count
}

function subjectPrefix(prefix: string): string {
  return prefix.trim() === '' ? '' : `${prefix.trim()} `
}

function database({ path, url, auth_token }: Settings['database']) {
  if (url !== undefined) return { url, authToken: auth_token, directory: dirname(DEFAULT_DATABASE) }
  const file = path ?? DEFAULT_DATABASE
  const encoded = file.split('/').map(encodeURIComponent).join('/')
  return { url: `file:${encoded}`, authToken: undefined, directory: dirname(file) }
}

function matrixNotifications({ matrix_notifications, site }: Settings) {
  const { enabled, admin_room, welcome } = matrix_notifications
  if (!enabled) return { adminRoom: null, welcome: null }
  const template = (text: string | undefined) => (text === undefined || text.trim() === '' ? null : text)
  return {
    adminRoom:
      admin_room.room_id === undefined
        ? null
        : {
            room: admin_room.room_id,
            template: template(admin_room.message_template),
            decide: admin_room.decide,
            details: admin_room.details,
          },
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

function roomBot({ enabled, bot, bot_token }: Settings['matrix_notifications']) {
  if (!enabled) return null
  if (bot !== undefined) return { account: bot }
  return bot_token === undefined ? null : { token: bot_token }
}

type Plain = string | number | boolean | null | undefined
type Frozen<T> = T extends Plain
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : { readonly [Key in keyof T]: Frozen<T[Key]> }
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze)
    Object.freeze(value)
  }
  return value
}
