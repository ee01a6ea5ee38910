import type { MailStanding } from '$lib/registration/mail-standing'

/** What is known of the mail that this browser asked for last; null: nothing. */
export async function standingOf(
  { registration }: Pick<App.Locals['api'], 'registration'>,
  id: string,
): Promise<MailStanding | null> {
  return id === '' ? null : (await registration.mail({ id })).standing
}
