import { redirect } from '@sveltejs/kit'
import * as v from 'valibot'
import { languageSchema } from '$lib/registration/language'
import { attempt } from '$lib/server/trpc/attempt'
import { encodedLength } from '$lib/server/http/encoded-length'
import { LONGEST_SHOWN } from '../register/going-on'
import type { RequestHandler } from './$types'
import { backPathSchema } from './back-path'

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
    const spoken =
      shown === undefined ? null : await attempt(() => api.registration.speak({ language, shown }))
    if (shown !== undefined && spoken?.ok === false && spoken.refusal.code === 'other_registration')
      redirect(303, `${back}${back.includes('?') ? '&' : '?'}${new URLSearchParams({ shown }).toString()}`)
  }
  redirect(303, back)
}
