import { Secret, TOTP } from 'otpauth'
import { askDatabase, linkIn, type Site } from '../../support/site'
import { aVisitor, type Answer } from '../../support/visitor'
import { JSON_BODY } from '../attack/people'

export const ROLES = ['nobody', 'begun', 'waiting', 'half-way', 'moderator', 'administrator'] as const
export type Role = (typeof ROLES)[number]

const PASSWORD = 'seven quiet herons at dusk'
const REASON = 'I know two people from the repair café who are on your server.'

export type People = ReturnType<typeof createPeople>

/**
 * Who sends the cases: each with the cookies of where they stand. What the cases before did to them (signed out, made
 * something else, closed the door) is mended by `refresh`, which also lets new registrations come.
 */
export function createPeople(site: Site) {
  const cookies = new Map<Role, string>()
  let made = 0

  /** A browser whose address nobody else has, behind the proxy that the site trusts. */
  function visitor() {
    const one = aVisitor(site.url)
    const address = { 'x-forwarded-for': `172.16.${made >> 8}.${made & 255}` }
    const send = one.send
    return {
      ...one,
      post: (path: string, fields: Record<string, string>) => one.post(path, fields, address),
      call: (path: string, input: unknown) =>
        send('POST', `/trpc/${path}`, { ...JSON_BODY, ...address, origin: site.url }, JSON.stringify(input)),
    }
  }
  type Visitor = ReturnType<typeof visitor>
  const cookieOf = ({ cookies: held }: Visitor) =>
    [...held].map(([name, value]) => `${name}=${value}`).join('; ')
  async function isIn(who: Role | Visitor, path: string): Promise<boolean> {
    const cookie = typeof who === 'string' ? cookies.get(who) : cookieOf(who)
    if (cookie === undefined) return false
    const answer = await aVisitor(site.url).send('GET', path, { cookie, accept: 'text/html' })
    return answer.status === 200
  }

  /** Begins a registration, and confirms its address. */
  async function begin() {
    const name = `person${++made}`
    const email = `${name}@of${made}.test`
    const one = visitor()
    await one.post('/register', { username: name })
    const started = await one.call('registration.start', { username: name, email })
    if (started.status !== 200) throw new Error(`Nobody can begin now: ${started.body}`)
    const { pathname } = new URL(linkIn(await site.mail.next(email), '/register/verify/'))
    const confirmed = await one.call('verification.confirm', { token: pathname.split('/').at(-1) })
    return { one, shown: /"shown":"([^"]*)"/.exec(confirmed.body)?.[1] }
  }

  async function ask(): Promise<Visitor> {
    const { one, shown } = await begin()
    await one.call('registration.request', { shown, password: PASSWORD, reason: REASON, legal: true })
    return one
  }

  async function signIn(username: string): Promise<{ one: Visitor; answer: Answer }> {
    made++
    const one = visitor()
    return { one, answer: await one.call('session.signIn', { username, password: PASSWORD }) }
  }

  const names = new Map<Role, string>()

  /** Signs somebody of that role in: who had it before, or where they may not any more, somebody new. */
  async function employ(
    role: 'moderator' | 'administrator',
    anew = false,
  ): Promise<{ name: string; one: Visitor }> {
    const before = anew ? undefined : names.get(role)
    if (before !== undefined) {
      const { one, answer } = await signIn(before)
      if (answer.status === 200 && (await isIn(one, role === 'moderator' ? '/admin' : '/admin/moderators')))
        return { name: before, one }
    }
    const name = `${role}${++made}`
    const args = [
      'admin',
      'create',
      '--username',
      name,
      '--email',
      `${name}@example.test`,
      '--password-stdin',
    ]
    const { code, err } = await site.cli([...args, '--role', role], PASSWORD)
    if (code !== 0) throw new Error(`No ${role} could be made: ${err}`)
    const { one, answer } = await signIn(name)
    if (answer.status !== 200) throw new Error(`${name} could not sign in: ${answer.body}`)
    if (!anew) names.set(role, name)
    return { name, one }
  }

  /** A moderator who gave the password, and not yet the code. */
  async function halfWay(): Promise<Visitor> {
    const { name, one } = await employ('moderator', true)
    await one.call('factors.begin', {})
    const { body } = await one.send('GET', '/trpc/factors.view', {})
    const secret = /"secret":"([A-Z2-7]+)"/.exec(body)?.[1] ?? ''
    await one.call('factors.confirm', { code: new TOTP({ secret: Secret.fromBase32(secret) }).generate() })
    return (await signIn(name)).one
  }

  /** What the desk was set to: a closed door, a second factor wanted of all, or a rule would end every way behind it. */
  async function openAgain(): Promise<void> {
    await askDatabase(site, 'delete from settings')
    await askDatabase(site, 'update rules set ended_at = made_at where ended_at is null')
  }

  /** Everybody of the desk is there again, as what they are. */
  async function refreshStaff(): Promise<void> {
    await openAgain()
    if (!(await isIn('administrator', '/admin/moderators')))
      cookies.set('administrator', cookieOf((await employ('administrator')).one))
    if (await isIn('moderator', '/admin/moderators')) names.delete('moderator')
    if (!names.has('moderator') || !(await isIn('moderator', '/admin')))
      cookies.set('moderator', cookieOf((await employ('moderator')).one))
    if (!(await isIn('half-way', '/admin/login/code'))) cookies.set('half-way', cookieOf(await halfWay()))
  }

  /** Answers how many registrations could be made to wait. */
  async function refresh(waiting = 2): Promise<number> {
    await refreshStaff()
    let arrived = 0
    for (let index = 0; index < waiting; index++) {
      const one = await ask().catch(() => null)
      if (one === null) continue
      arrived++
      cookies.set('waiting', cookieOf(one))
    }
    if (!(await isIn('begun', '/register/account'))) {
      const begun = await begin().catch(() => null)
      if (begun !== null) cookies.set('begun', cookieOf(begun.one))
    }
    return arrived
  }

  return { refresh, refreshStaff, cookie: (role: Role): string => cookies.get(role) ?? '' }
}
