/** What sends an email that moderators can look at before. */
export const PREVIEWS = ['approve', 'probation', 'deny', 'reopen', 'ask'] as const
export type PreviewKind = (typeof PREVIEWS)[number]
