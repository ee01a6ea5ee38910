import { m } from '$lib/paraglide/messages'
import type { Refusal } from '$lib/registration/refusal'
import { refusalText } from '$lib/text/refusal-text'

const WORDS = {
  invitation: {
    link_broken: m.join_link_broken,
    link_expired: m.join_link_expired,
    link_spent: m.join_link_spent,
  },
  address: {
    link_broken: m.join_confirm_link_broken,
    link_expired: m.join_confirm_link_expired,
    link_spent: m.join_confirm_link_spent,
  },
}

/** Whether a refusal is about the link itself. */
export const isOfLink = (refusal: Refusal): refusal is Refusal & { code: keyof typeof WORDS.invitation } =>
  Object.hasOwn(WORDS.invitation, refusal.code)

/**
 * Why a moderator's link was refused: unlike an applicant's, one can be withdrawn, and a new one comes from whoever
 * invited, or from the account page.
 */
export const moderatorLinkText = (refusal: Refusal, purpose: keyof typeof WORDS): string =>
  isOfLink(refusal) ? WORDS[purpose][refusal.code]() : refusalText(refusal)
