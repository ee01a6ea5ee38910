import type { RequestEvent } from '@sveltejs/kit'
import * as v from 'valibot'
import { LINK_HOURS } from '$lib/registration/retention'
import { cookieName, DRAFT_COOKIE } from '$lib/server/http/cookie-name'

/** What was typed in the first two steps, until the address is confirmed. It proves nothing, and holds no key. */
export interface Draft {
  username: string
  email: string
  /** An invitation code. It is looked at again wherever something depends on it. */
  invitation: string
  /** The id of the mail that was asked for last, by which its page tells what became of it. */
  mail: string
}

type Asked = Pick<RequestEvent, 'cookies' | 'url' | 'locals'>

/** As long as the link of the mail can work. */
const SECONDS = LINK_HOURS * 60 * 60
/** Longer than any name or address can be. */
const LONGEST = 300
/** Carries the draft in the address, sealed, where the browser keeps no cookie: no log can read what was typed. */
const PARAM = 'draft'
/** With it the draft stays in the address: w3m takes a second redirect from one path for a loop, and stops. */
const STAYS = 'stays'

/** The draft that this browser carries, in the address or else in its cookie; what is missing is empty. */
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

export function dropDraft({ cookies, locals: { site } }: Asked): void {
  cookies.delete(cookieName(DRAFT_COOKIE, site.secure), { path: '/', secure: site.secure })
}

/** Keeps a draft; answers the address to go on at: with the draft in it where this browser has sent no cookie yet. */
export function onWith(asked: Asked, path: string, draft: Draft): string {
  const keepsCookies = kept(asked) !== undefined
  keepDraft(asked, draft)
  if (keepsCookies) return path
  const sealed = asked.locals.draftSeal.seal(
    JSON.stringify([text(draft), now(asked) + SECONDS * 1000]),
    PARAM,
  )
  const isHere = path.split('?')[0] === asked.url.pathname
  return withParam(path, sealed) + (isHere ? `&${STAYS}` : '')
}

/** The same address without the draft, where the cookie turned out to be kept; null where it says what it should, or was led to from its own path. */
export function withoutDraft(asked: Asked & Pick<RequestEvent, 'request'>): string | null {
  // What this very request sets has not come back yet.
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

/** The name and the address for which a mail was asked for in this browser, and not more than that came of it yet; else null. */
export function begun(asked: Asked): { username: string; email: string } | null {
  const { username, email } = readDraft(asked)
  return username === '' || email === '' ? null : { username, email }
}

/** The address that a form leads to, with what the page's own address carries of the draft. */
export function formPath({ url }: Pick<Asked, 'url'>, path: string): string {
  const sealed = url.searchParams.get(PARAM)
  return sealed === null ? path : withParam(path, sealed)
}

const withParam = (path: string, sealed: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}${PARAM}=${encodeURIComponent(sealed)}`

const sealedSchema = v.pipe(v.string(), v.parseJson(), v.tuple([v.string(), v.number()]))

const now = ({ locals: { context } }: Asked): number => context.services.registrar.now()

const text = (draft: Draft): string => new URLSearchParams({ ...draft }).toString()

function parse(carried: string | undefined): Draft {
  const fields = new URLSearchParams(carried ?? '')
  const field = (name: keyof Draft) => (fields.get(name) ?? '').slice(0, LONGEST)
  return {
    username: field('username'),
    email: field('email'),
    invitation: field('invitation'),
    mail: field('mail'),
  }
}

const kept = ({ cookies, locals: { site } }: Asked): string | undefined =>
  cookies.get(cookieName(DRAFT_COOKIE, site.secure))

/** What was sealed here, while it counts. */
function carried(asked: Asked): string | null {
  const opened = asked.locals.draftSeal.open(asked.url.searchParams.get(PARAM)?.slice(0, 4000) ?? '', PARAM)
  if (opened === null) return null
  const sealed = v.safeParse(sealedSchema, opened)
  return sealed.success && sealed.output[1] > now(asked) ? sealed.output[0] : null
}
