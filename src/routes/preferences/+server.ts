import { redirect } from '@sveltejs/kit'
import * as v from 'valibot'
import { languageSchema, type Language } from '$lib/registration/language'
import type { Refusal } from '$lib/registration/refusal'
import { attempt } from '$lib/server/trpc/attempt'
import { encodedLength } from '$lib/server/http/encoded-length'
import { LONGEST_SHOWN } from '../register/going-on'
import type { RequestHandler } from './$types'
import { backPathSchema, linkIn } from './back-path'

const YEAR_SECONDS = 365 * 24 * 60 * 60

const wishSchema = v.object({
  language: v.optional(v.fallback(v.optional(languageSchema), undefined)),
  theme: v.optional(v.fallback(v.optional(v.picklist(['light', 'dark', 'system'])), undefined)),
  back: backPathSchema,
  shown: v.optional(
    v.fallback(
      v.pipe(
        v.string(),
        v.check((shown) => encodedLength(shown) <= LONGEST_SHOWN),
      ),
      '',
    ),
  ),
})

/** Lets the emails of the shown registration follow; `token`: of the link that the page is behind. Returns a refusal. */
async function speak(
  api: App.Locals['api'],
  wish: { language: Language; shown: string },
  token: string | undefined,
): Promise<Refusal | null> {
  const spoken = await attempt(() => api.registration.speak({ ...wish, token }))
  if (spoken.ok) return null
  // The page of a used link is shown to its applicant's browser all the same.
  if (token !== undefined && spoken.refusal.code.startsWith('link_')) return speak(api, wish, undefined)
  return spoken.refusal
}

/** Stores the chosen language and theme, and returns to the page where they were chosen. */
export const POST: RequestHandler = async ({ request, cookies, locals: { api, site } }) => {
  const { language, theme, back, shown } = v.parse(wishSchema, Object.fromEntries(await request.formData()))
  const attributes = {
    path: '/',
    maxAge: YEAR_SECONDS,
    httpOnly: true,
    sameSite: 'lax',
    secure: site.secure,
  } as const
  if (theme !== undefined) cookies.set('theme', theme, attributes)
  if (language !== undefined) {
    cookies.set('language', language, attributes)
    // A finished registration has no email left that could follow the language: its refusal matters to nobody.
    const refused = shown === undefined ? null : await speak(api, { language, shown }, linkIn(back))
    if (shown !== undefined && refused?.code === 'other_registration')
      redirect(303, `${back}${back.includes('?') ? '&' : '?'}${new URLSearchParams({ shown }).toString()}`)
  }
  redirect(303, back)
}
