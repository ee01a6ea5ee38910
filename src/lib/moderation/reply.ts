/** What a reply that is kept ready is for. */
export const REPLY_PURPOSES = ['approve', 'deny', 'ask'] as const
export type ReplyPurpose = (typeof REPLY_PURPOSES)[number]
