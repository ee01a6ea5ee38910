import type { Cookies } from '@sveltejs/kit'

const NAME = 'draft-username'
const EMAIL = 'draft-email'
const SECONDS = 60 * 60

/** What somebody chose before their address is known to be theirs: it stays in their own browser. */
export interface Draft {
  username: string
  email: string
}

export function readDraft(cookies: Cookies): Draft {
  return { username: cookies.get(NAME) ?? '', email: cookies.get(EMAIL) ?? '' }
}

export function writeDraft(cookies: Cookies, { username, email }: Partial<Draft>, secure: boolean): void {
  const options = { path: '/register', httpOnly: true, sameSite: 'lax', secure, maxAge: SECONDS } as const
  if (username !== undefined) cookies.set(NAME, username, options)
  if (email !== undefined) cookies.set(EMAIL, email, options)
}
