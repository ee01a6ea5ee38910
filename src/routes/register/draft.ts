import type { RequestEvent } from '@sveltejs/kit'
import * as v from 'valibot'
import { LINK_HOURS } from '$lib/registration/retention'
import { encodedLength } from '$lib/server/http/encoded-length'
import { cookieName, DRAFT_COOKIE } from '$lib/server/http/cookie-name'

/** The input of the first two steps, until the email address is confirmed. It proves nothing, and grants nothing. */
export interface Draft {
  username: string
  email: string
  /** An invitation code. It is checked again wherever something depends on it. */
  invitation: string
  /** The ID of the email requested last, by which its page shows its status. */
  mail: string
}

type Asked = Pick<RequestEvent, 'cookies' | 'url' | 'locals'>

/** As long as the email's link can work. */
const SECONDS = LINK_HOURS * 60 * 60
/** The longest that each part is when encoded: a cookie has 4,096 bytes, and proxies take few more for all headers. */
const LONGEST: Record<keyof Draft, number> = { username: 400, email: 600, invitation: 200, mail: 100 }
/** Carries the draft in the address, encrypted, if the browser keeps no cookie: logs cannot reveal the input. */
const PARAM = 'draft'
/** With it the draft stays in the address: w3m takes a second redirect from one path for a loop, and stops. */
const STAYS = 'stays'

/** The draft that this browser carries, in the address or else in its cookie; missing parts are empty. */
export function readDraft(asked: Asked): Draft {
  return parse(carried(asked) ?? kept(asked))
}

export function keepDraft({ cookies, locals: { site } }: Asked, draft: Draft): void {
  cookies.set(cookieName(DRAFT_COOKIE, site.secure), text(draft), {
    path: '/',
    maxAge: SECONDS,
    httpOnly: true,
    sameSite: 'lax',
    secure: site.secure,
  })
}

/** The draft once a username is chosen: an email that was requested for another one was none for this one. */
export const chosenIn = (
  before: Draft,
  { username, invitation }: Pick<Draft, 'username' | 'invitation'>,
): Draft => ({
  ...(before.username === username ? before : { email: '', mail: '' }),
  username,
  invitation,
})

/**
 * The draft once an email was requested for an address, with that email's ID: a username that another address was given
 * for is not in it, as no email was sent for that one.
 */
export const mailedTo = (before: Draft, email: string, mail: string | null): Draft => ({
  ...before,
  username: before.email === email ? before.username : '',
  email,
  mail: mail ?? '',
})

export function dropDraft({ cookies, locals: { site } }: Asked): void {
  cookies.delete(cookieName(DRAFT_COOKIE, site.secure), { path: '/', secure: site.secure })
}

/** Whether a cookie of ours came with this request: then the next one comes back, too. */
export const keepsCookies = (asked: Asked): boolean => kept(asked) !== undefined

/** Stores a draft; returns the address to continue at: with the draft in it if this browser has sent no cookie yet. */
export function onWith(asked: Asked, path: string, draft: Draft): string {
  const goesOn = keepsCookies(asked)
  keepDraft(asked, draft)
  if (goesOn) return path
  const sealed = asked.locals.draftSeal.seal(
    JSON.stringify([text(draft), now(asked) + SECONDS * 1000]),
    PARAM,
  )
  const isHere = path.split('?')[0] === asked.url.pathname
  return withParam(path, sealed) + (isHere ? `&${STAYS}` : '')
}

/**
 * The same address without the draft, once the cookie is known to be kept; null if it is right already, or was
 * redirected to from its own path.
 */
export function withoutDraft(asked: Asked & Pick<RequestEvent, 'request'>): string | null {
  // A cookie set by this very request has not come back yet.
  if (asked.request.method !== 'GET' || asked.url.searchParams.has(STAYS)) return null
  const inAddress = carried(asked)
  if (inAddress === null || inAddress !== kept(asked)) return null
  const { pathname, search } = asked.url
  const query = search
    .slice(1)
    .split('&')
    .filter((pair) => !pair.startsWith(`${PARAM}=`))
  return pathname + (query.length === 0 ? '' : `?${query.join('&')}`)
}

/**
 * The username and the address for which an email was requested in this browser, with nothing done since; otherwise
 * null.
 */
export function begun(asked: Asked): { username: string; email: string } | null {
  const { username, email } = readDraft(asked)
  return username === '' || email === '' ? null : { username, email }
}

/** The target address of a form, with the draft that the page's own address carries. */
export function formPath({ url }: Pick<Asked, 'url'>, path: string): string {
  const sealed = url.searchParams.get(PARAM)
  return sealed === null ? path : withParam(path, sealed)
}

const withParam = (path: string, sealed: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}${PARAM}=${encodeURIComponent(sealed)}`

const sealedSchema = v.pipe(v.string(), v.parseJson(), v.tuple([v.string(), v.number()]))

const now = ({ locals: { context } }: Asked): number => context.services.registrar.now()

/** What is longer than it can be is left out: nothing can be done with it, and a part of it would be another one. */
const bounded = (name: keyof Draft, value: string): string =>
  encodedLength(value) > LONGEST[name] ? '' : value

function text({ username, email, invitation, mail }: Draft): string {
  return new URLSearchParams({
    username: bounded('username', username),
    email: bounded('email', email),
    invitation: bounded('invitation', invitation),
    mail: bounded('mail', mail),
  }).toString()
}

function parse(carried: string | undefined): Draft {
  const fields = new URLSearchParams(carried ?? '')
  const field = (name: keyof Draft) => bounded(name, fields.get(name) ?? '')
  return {
    username: field('username'),
    email: field('email'),
    invitation: field('invitation'),
    mail: field('mail'),
  }
}

const kept = ({ cookies, locals: { site } }: Asked): string | undefined =>
  cookies.get(cookieName(DRAFT_COOKIE, site.secure))

/** What was encrypted here, while it is valid. */
function carried(asked: Asked): string | null {
  const opened = asked.locals.draftSeal.open(asked.url.searchParams.get(PARAM)?.slice(0, 4000) ?? '', PARAM)
  if (opened === null) return null
  const sealed = v.safeParse(sealedSchema, opened)
  return sealed.success && sealed.output[1] > now(asked) ? sealed.output[0] : null
}
