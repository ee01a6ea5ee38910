import { redirect, type Cookies } from '@sveltejs/kit'
import { refusalText } from '$lib/components/refusal-text'
import type { Refusal } from '$lib/registration/refusal'
import type { SiteView } from '$lib/registration/views'
import { attempt } from '$lib/server/trpc/attempt'
import { keepDraft, readDraft } from './draft'
import { turnAway } from './turn-away'

/** Whether a refusal is about the invitation, and not about what else was typed. */
export const isAboutCode = ({ code }: Refusal): boolean =>
  code.startsWith('invitation_') || code === 'too_many_codes'

/** What the first page shows of the invitation that somebody carries: whether it counts, or the code and why not. */
export interface Carried {
  invited: boolean
  code: string
  problem: string | null
}

/**
 * Looks at the code of the link (`/register?code=…`), or at the one carried since. One that counts is kept, and leaves
 * the address bar; one that does not is not carried on.
 */
export async function carriedCode(
  api: App.Locals['api'],
  url: URL,
  cookies: Cookies,
  site: SiteView,
): Promise<Carried> {
  const linked = url.searchParams.get('code')?.slice(0, 200) ?? null
  const draft = readDraft(cookies, site)
  const invitation = linked ?? draft.invitation
  if (invitation.trim() === '') return { invited: false, code: '', problem: null }
  const checked = await attempt(() => api.registration.checkInvitation({ invitation }))
  if (checked.ok) {
    if (linked === null) return { invited: checked.value.invitation !== null, code: '', problem: null }
    keepDraft(cookies, { ...draft, invitation: checked.value.invitation ?? '' }, site)
    redirect(303, url.pathname)
  }
  const tooMany = checked.refusal.code === 'too_many_codes'
  if (!isAboutCode(checked.refusal) || (tooMany && linked !== null)) turnAway(checked)
  keepDraft(cookies, { ...draft, invitation: '' }, site)
  return { invited: false, code: invitation, problem: refusalText(checked.refusal) }
}
