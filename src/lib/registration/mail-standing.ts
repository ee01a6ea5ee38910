/**
 * The status of an email: being sent; accepted by the mail server; rejected because the recipient's mailbox does not
 * exist or accepts none; not sent yet, but retried automatically; perhaps accepted, as the server's answer was lost; or
 * given up.
 */
export type MailStanding = 'being_sent' | 'sent' | 'refused' | 'waiting' | 'unconfirmed' | 'failed'
