import type { MailStanding } from '$lib/registration/mail-standing'

/** The status of the email that this browser requested last; null: none. */
export async function standingOf(
  { registration }: Pick<App.Locals['api'], 'registration'>,
  id: string,
): Promise<MailStanding | null> {
  return id === '' ? null : (await registration.mail({ id })).standing
}
