import type { ReplyPurpose } from '$lib/moderation/reply'
import { m } from '$lib/paraglide/messages'

export const PURPOSES: Record<ReplyPurpose, () => string> = {
  approve: m.reply_purpose_approve,
  deny: m.reply_purpose_deny,
  ask: m.reply_purpose_ask,
}
