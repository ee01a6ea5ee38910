import type { ReplyPurpose } from '$lib/moderation/reply'
import { m } from '$lib/paraglide/messages'
import type { Language } from '$lib/registration/language'

export const PURPOSES: Record<ReplyPurpose, () => string> = {
  approve: m.reply_purpose_approve,
  deny: m.reply_purpose_deny,
  ask: m.reply_purpose_ask,
}

export const LANGUAGE_NAMES: Record<Language, () => string> = {
  en: m.replies_language_en,
  de: m.replies_language_de,
}
