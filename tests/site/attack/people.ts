import { linkIn, MODERATOR, type Site } from '../../support/site'
import { aVisitor, formsIn } from '../../support/visitor'

export const REASON = 'I know two people from the repair café who are on your server.'
export const PASSWORD = 'seven quiet herons at dusk'
export const JSON_BODY = { 'content-type': 'application/json' }

/** Goes from the name to the address, which is sent with these headers, too; answers who did, and the answer. */
export async function start(site: Site, name: string, email: string, headers: Record<string, string> = {}) {
  const person = aVisitor(site.url)
  await person.submit(await person.get('/register'), { username: name })
  const page = await person.get('/register/email')
  const form = formsIn(page.body).find(({ names }) => names.includes('email'))
  const answer = await person.post(form?.action ?? '', { ...form?.hidden, email }, headers)
  return { person, answer }
}

/** Goes from the name to the request that waits. */
export async function request(site: Site, name: string, reason = REASON) {
  const email = `${name}@mail.test`
  const { person } = await start(site, name, email)
  const link = linkIn(await site.mail.next(email), '/register/verify/')
  const account = await person.submit(await person.get(new URL(link).pathname), {})
  const answer = await person.submit(account, { password: PASSWORD, reason })
  return { person, email, answer }
}

/** A moderator who is signed in. */
export async function signedIn(site: Site) {
  const moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  return moderator
}
