import { AsyncLocalStorage } from 'node:async_hooks'
import cluster from 'node:cluster'
import { createHash, randomUUID } from 'node:crypto'
import { building } from '$app/environment'
import type { Handle, HandleServerError, RequestEvent, ServerInit } from '@sveltejs/kit'
import { sequence } from '@sveltejs/kit/hooks'
import { createTRPCHandle } from 'trpc-sveltekit'
import * as v from 'valibot'
import { directionOf, type Language } from '$lib/registration/language'
import type { Theme } from './app'
import { extractLocaleFromRequest, overwriteServerAsyncLocalStorage } from '$lib/paraglide/runtime'
import { startApp, type App, type Services } from '$lib/server/app'
import { createSeal, type Seal } from '$lib/server/crypto/sealed'
import { deviceOf } from '$lib/server/auth/device'
import type { Look } from '$lib/server/http/bare-page'
import { clientAddress } from '$lib/server/http/client-address'
import { accentTheme } from '$lib/server/text/accent'
import { fingerprintOf } from '$lib/server/config/fingerprint'
import { runConfigOrExit } from '$lib/server/config/run-config'
import { DatabaseProblem } from '$lib/server/database/problem'
import { requireModerator } from '$lib/server/http/require-moderator'
import { HomeserverError } from '$lib/server/homeserver/homeserver'
import { createHealth } from '$lib/server/http/health'
import { createSelfCheck, SELF_CHECK_PURPOSE } from '$lib/server/http/self-check'
import { cookieName, DRAFT_COOKIE } from '$lib/server/http/cookie-name'
import { createLog } from '$lib/server/logging/log'
import {
  currentRequestId,
  REQUEST_ID_HEADER,
  requestIdOf,
  withRequestId,
} from '$lib/server/logging/request-id'
import { COMMIT, VERSION } from '$lib/server/version'
import { createLogo } from '$lib/server/http/logo'
import { createRefusalLog } from '$lib/server/http/refusal-log'
import { createRequestLog, routeOf } from '$lib/server/http/request-log'
import { refusalPage } from '$lib/server/http/refusal-page'
import { requestCookies, setOnResponse } from '$lib/server/trpc/request-cookies'
import { hungUp, NO_CONTENT, refuseRequest, securityHeaders } from '$lib/server/http/request-guard'
import { hasHttps } from '$lib/server/http/request-origin'
import { createSharedPages } from '$lib/server/http/shared-pages'
import { createAdmissionControl } from '$lib/server/http/admission-control'
import { busyPage } from '$lib/server/http/busy-page'
import type { Context } from '$lib/server/trpc/context'
import { appRouter, createApi } from '$lib/server/trpc/router'
import { APPLICANT_COOKIE } from '$lib/server/trpc/t'

/** In development this module is reloaded after a change: the previous app must stop first. */
const held: typeof globalThis & { registrationApp?: App } = globalThis
let services: Services
let health: ReturnType<typeof createHealth>
let selfCheck: ReturnType<typeof createSelfCheck>
let accent: { style: string; hash: string }
let logo: ReturnType<typeof createLogo>
let noteRefusal: ReturnType<typeof createRefusalLog>
let logRequest: ReturnType<typeof createRequestLog>
let draftSeal: Seal

export const init: ServerInit = async () => {
  if (building) return
  await held.registrationApp?.stop()
  const warnings: string[] = []
  const config = runConfigOrExit((line) => warnings.push(line))
  const log = createLog(config)
  for (const line of warnings) log.warn(line)
  const app = await startApp(config, log).catch(endWithProblem)
  held.registrationApp = app
  services = app.services
  health = createHealth(services)
  selfCheck = createSelfCheck({
    seal: createSeal(config.secretKey, SELF_CHECK_PURPOSE),
    trustProxy: config.trustProxy,
    settings: fingerprintOf(config),
    clock: Date.now,
  })
  draftSeal = createSeal(config.secretKey, 'draft')
  logo = createLogo(config.logoUrl, log)
  noteRefusal = createRefusalLog({ log, clock: Date.now })
  logRequest = createRequestLog(log)
  accent = styleOf(config.site.accent)
  if (config.log.checksAtStart && (cluster.worker?.id ?? 1) === 1) void services.setUp.logAtStart()
  log.info({ version: VERSION, commit: COMMIT, node: process.version, url: config.site.url }, 'Started')
  process.once('sveltekit:shutdown', () => void app.stop())
  // The server waits for its connections, and live updates never close theirs.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => services.live.stop())
  // The terminal was closed: that is no reason to leave requests and jobs half done.
  process.once('SIGHUP', () => process.emit('SIGTERM', 'SIGTERM'))
}

/**
 * An unusable database or homeserver ends the process with a message, like an invalid configuration; anything else is
 * a bug.
 */
function endWithProblem(error: unknown): never {
  if (!(error instanceof DatabaseProblem || error instanceof HomeserverError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

/** Every request gets an id, which its response and all that is logged meanwhile carry, and one line in the log. */
const logged: Handle = ({ event, resolve }) => {
  const id = requestIdOf(event.request.headers.get(REQUEST_ID_HEADER))
  return withRequestId(id, async () => {
    const startedAt = performance.now()
    const note = (status: number) => {
      const handled = {
        method: event.request.method,
        route: routeOf({ route: event.route.id, pathname: event.url.pathname }),
        status,
        ms: performance.now() - startedAt,
      }
      logRequest(handled)
      services.metrics.answered(handled)
    }
    try {
      const response = await resolve(event)
      response.headers.set(REQUEST_ID_HEADER, id)
      note(response.status)
      return response
    } catch (error) {
      note(500)
      throw error
    }
  })
}

/** Answers monitoring before any other check: it connects by address, with any Host. */
const monitor: Handle = async ({ event, resolve }) => {
  const { url, request } = event
  const seen =
    url.pathname === '/healthz' &&
    selfCheck({ url, headers: request.headers, socketAddress: event.getClientAddress })
  if (seen) return seen
  const answer = await health(url.pathname)
  return answer ?? resolve(event)
}

/** Refuses cross-site requests and unknown hosts. */
const guard: Handle = ({ event, resolve }) => {
  const { request, url } = event
  const { site, hosts } = services.config
  const { method, headers } = request
  const refused = refuseRequest({ method, url, headers }, { url: site.url, hosts })
  if (refused === null) {
    services.proxyWatch.see({ socketAddress: event.getClientAddress(), headers })
    return resolve(event)
  }
  noteRefusal(refused.why, headers)
  services.metrics.requestRefused(refused.why)
  return refusalPage(refused, { request, url, look: lookOf(event), siteUrl: site.url })
}

/** The language of the current request, where the messages look it up. */
const languages = new AsyncLocalStorage<{ locale?: Language; origin?: string; messageCalls?: Set<string> }>()
overwriteServerAsyncLocalStorage(languages)

/** Pages of the registration flow whose views are counted for the statistics: only how often, not by whom. */
const COUNTED: Record<string, string> = { '/register': 'view:name', '/register/email': 'view:email' }

const views: Handle = async ({ event, resolve }) => {
  const response = await resolve(event)
  const what = COUNTED[event.route.id ?? '']
  const again = event.url.searchParams.has('sent')
  if (what !== undefined && event.request.method === 'GET' && response.ok && !again)
    services.tallyCounter.count(what)
  return response
}

/** Pages that are nobody's own: applicants who have started see their own progress on them instead. */
const sharedPage: Handle = async ({ event, resolve }) => {
  const { request, route, url, cookies } = event
  if (request.method !== 'GET' || event.isDataRequest) return resolve(event)
  if (OWN_COOKIES.some((name) => cookies.get(name) !== undefined)) return resolve(event)
  if (!sharedPages.isShared({ route: route.id, url })) return resolve(event)
  const key = `${route.id} ${extractLocaleFromRequest(request)} ${themeOf(cookies.get('theme'))}`
  const lookUp = async () => JSON.stringify(await services.intake.look())
  return sharedPages.get({ key, lookUp }, async () => resolve(event))
}
const sharedPages = createSharedPages()
const OWN_COOKIES = [APPLICANT_COOKIE, DRAFT_COOKIE].flatMap((name) => [
  cookieName(name, true),
  cookieName(name, false),
])

const admission = createAdmissionControl()

/** A few at a time; when too many wait, the rest get a busy page at once. */
const queue: Handle = async ({ event, resolve }) => {
  const cookies = requestCookies(event.cookies, hasHttps(event.request.headers, services.config.site.url))
  if (await admission.enter(services.sessions.isKnown(cookies.get(services.sessions.cookieName))))
    return resolve(event)
  services.metrics.requestRefused('busy')
  return busyPage({ request: event.request, url: event.url, look: lookOf(event) })
}

/** The user, their language, and their role. */
const identify: Handle = async ({ event, resolve }) => {
  const { config, sessions } = services
  const secure = hasHttps(event.request.headers, config.site.url)
  const cookies = requestCookies(event.cookies, secure)
  const signedIn = await sessions.check(cookies.get(sessions.cookieName))
  const address = clientAddress({
    socketAddress: event.getClientAddress(),
    forwardedFor: event.request.headers.get('x-forwarded-for'),
    trustProxy: config.trustProxy,
  })
  const moderator = signedIn?.moderator ?? null
  const language = extractLocaleFromRequest(event.request)
  return languages.run({ locale: language, origin: event.url.origin, messageCalls: new Set() }, async () => {
    const device = deviceOf(event.request.headers.get('user-agent'))
    const context: Context = {
      services,
      clientAddress: address,
      device,
      language,
      cookies,
      moderator,
      comeAgain: (seconds) => (event.locals.comeAgain = seconds),
    }
    Object.assign(event.locals, {
      context,
      api: createApi(context),
      clientAddress: address,
      logo,
      draftSeal,
      language,
      moderator,
      theme: themeOf(event.cookies.get('theme')),
      site: {
        name: config.site.name,
        domain: config.synapse.domain,
        url: config.site.url,
        secure,
        logoUrl: config.logoUrl === null ? null : '/logo',
        legal: [...config.legal],
        passwordMode: config.registration.password,
        invitations: config.registration.invitations,
        usernameCharacters: config.registration.usernameCharacters,
        support: services.firstSteps.support,
        otherServers: config.site.otherServers,
      },
    } satisfies App.Locals)
    const response = await resolve(event)
    const fresh = signedIn?.freshCookie
    if (fresh !== undefined) {
      const { name, value, attributes } = fresh
      setOnResponse(response, { name, value, maxAge: attributes.maxAge }, { cookies: event.cookies, secure })
    }
    return response
  })
}

/** Before loads and actions, which do not wait for each other. */
const door: Handle = ({ event, resolve }) => requireModerator(event) ?? resolve(event)

const trpc: Handle = createTRPCHandle({
  router: appRouter,
  url: '/trpc',
  createContext: ({ locals }) => locals.context,
  onError: ({ error, path }) => {
    if (error.code === 'INTERNAL_SERVER_ERROR')
      services.log.error({ err: error, path }, 'An API call threw an error')
  },
})

/** In `app.html`, the last of its placeholders. */
const ACCENT = '%accent%'

const page: Handle = ({ event, resolve }) =>
  resolve(event, {
    transformPageChunk: ({ html }) => {
      // Only what stands before the page itself: the rest is long, and contains what people typed.
      const head = html.slice(0, html.indexOf(ACCENT) + ACCENT.length)
      return (
        head
          .replace('%language%', event.locals.language)
          .replace('%direction%', directionOf(event.locals.language))
          .replace('%theme%', event.locals.theme)
          .replace(ACCENT, accent.style) + html.slice(head.length)
      )
    },
  })

/** A response that is made for a frame of ours says so itself. */
const FRAMED = 'x-frame-options'

/** On every response, refusals included. Anything but a static file must not be cached by others. */
const headers: Handle = async ({ event, resolve }) => {
  const response = await resolve(event)
  const headersHere = securityHeaders(services.config.site.url)
  for (const [name, value] of Object.entries(headersHere))
    if (name !== FRAMED || !response.headers.has(name)) response.headers.set(name, value)
  const policy = response.headers.get('content-security-policy') ?? NO_CONTENT
  response.headers.set(
    'content-security-policy',
    policy.replace("style-src 'self'", `style-src 'self' ${accent.hash}`),
  )
  if (response.body !== null && !response.headers.has('content-type'))
    response.headers.set('content-type', 'text/plain; charset=utf-8')
  if (event.locals.comeAgain !== undefined)
    response.headers.set('retry-after', String(event.locals.comeAgain))
  // A cookie is for one browser: a proxy that caches responses must not keep this one.
  if (!response.headers.has('cache-control') || response.headers.has('set-cookie'))
    response.headers.set('cache-control', 'private, no-store')
  return response
}

const unlessBuilding =
  (handle: Handle): Handle =>
  (input) =>
    building ? input.resolve(input.event) : handle(input)

export const handle: Handle = unlessBuilding(
  sequence(logged, headers, monitor, guard, views, sharedPage, queue, identify, door, trpc, page),
)

/**
 * Logs the error under a reference that the user can pass on, without any user input. Clients' mistakes are not our
 * failures and do not fill the log.
 */
export const handleError: HandleServerError = ({ error, event, status, message }) => {
  if (status < 500 || hungUp(error)) return { message }
  const reference = currentRequestId() ?? randomUUID().slice(0, 8)
  if (building) console.error(error)
  else
    services.log.error(
      { err: error, reference, route: event.route.id, method: event.request.method, status },
      'A page failed',
    )
  return { message, reference }
}

/** What error pages need to look like the others. */
const lookOf = ({ cookies }: RequestEvent): Look => ({
  site: services.config.site.name,
  accent: accent.style,
  theme: cookies.get('theme'),
})

function themeOf(cookie: string | undefined): Theme {
  const theme = v.safeParse(v.picklist(['light', 'dark', 'system']), cookie)
  return theme.success ? theme.output : 'system'
}

/** The operator's colors as a style element, and its hash for the Content-Security-Policy. */
function styleOf(colour: string): { style: string; hash: string } {
  const { accent, accentText, inkLight, inkDark } = accentTheme(colour)
  const css = `:root{--accent:${accent};--accent-text:${accentText};--accent-ink-light:${inkLight};--accent-ink-dark:${inkDark}}`
  return {
    style: `<style>${css}</style>`,
    hash: `'sha256-${createHash('sha256').update(css).digest('base64')}'`,
  }
}
