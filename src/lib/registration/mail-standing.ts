/**
 * What is known of a mail: it is being sent; the mail server has taken it; its receiver's mailbox does not exist or takes
 * none; it has not gone out yet, and does by itself; or it was given up.
 */
export type MailStanding = 'being_sent' | 'sent' | 'refused' | 'waiting' | 'failed'

/** Whether nothing more will come of it by itself. */
export const isSettled = (standing: MailStanding | null): boolean =>
  standing !== 'being_sent' && standing !== 'waiting'
