import type { MailStanding } from '$lib/registration/mail-standing'

type Api = Pick<App.Locals['api'], 'registration'>

/** The query of the page that tells of a mail. */
export const mailQuery = (id: string | null, how: 'first' | 'again'): string =>
  `?${new URLSearchParams({ sent: how === 'again' ? 'again' : '', mail: id ?? '' }).toString()}`

/** The mail that such a page tells of, and what is known of it. */
export async function askedMail(
  { registration }: Api,
  url: URL,
): Promise<{ id: string | null; standing: MailStanding | null }> {
  const id = url.searchParams.get('mail')?.slice(0, 100) ?? ''
  return id === '' ? { id: null, standing: null } : { id, ...(await registration.mail({ id })) }
}
