import type { Answer } from '../../support/visitor'
import { aVisitor, formsIn } from '../../support/visitor'
import { linkIn, MODERATOR } from '../../support/site'
import type { Desk } from './desk'

/** Somebody who wants an account, and goes on as people do when a page does not come: once more. */
export interface Person {
  name: string
  /** Taken where the first one got lost. */
  spare: string
  email: string
  password: string
}

type Page = Answer & { path: string }
const TURNS = 40
const REASON = 'I know two people from the repair café who are on your server.'

/** What a page must never be, whatever happened behind it. */
function look(page: Page): Page {
  if (/\bat \S+ \(?(?:file:|node:|\/)|Internal Error|SqliteError|LibsqlError/.test(page.body))
    throw new Error(`${page.path} shows a stack trace or a bare error:\n${page.body.slice(0, 2000)}`)
  if (page.status >= 500 && page.status !== 503)
    throw new Error(`${page.path} answered ${page.status}:\n${page.body.slice(0, 2000)}`)
  return page
}

/** One try; null where the connection broke, after the desk was started again. */
async function attempt(desk: Desk, task: () => Promise<Page>): Promise<Page | null> {
  try {
    return look(await task())
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!/^ECONN|^EPIPE|HPE_/.test(code)) throw error
    await new Promise((resolve) => setTimeout(resolve, 20))
    await desk.revive()
    return null
  }
}

const has = (page: Page, ...fields: string[]) =>
  formsIn(page.body).some(({ names }) => fields.every((field) => names.includes(field)))

/** From the first page to where a moderator decides; answers the name that was asked for in the end. */
export async function askForAccount(desk: Desk, person: Person): Promise<string> {
  const visitor = aVisitor(desk.url)
  let { name } = person
  let asked = false
  let read = 0
  for (let turn = 0; turn < TURNS; turn++) {
    const page = await attempt(desk, () => visitor.get('/register/account'))
    if (page === null) continue
    if (page.path.startsWith('/register/status')) return name
    if (has(page, 'reason')) {
      const fields = { reason: REASON, ...(has(page, 'password') ? { password: person.password } : {}) }
      await attempt(desk, () =>
        visitor.submit(page, has(page, 'legal') ? { ...fields, legal: 'on' } : fields),
      )
    } else if (has(page, 'username')) {
      name = person.spare
      await attempt(desk, () => visitor.submit(page, { username: name }))
    } else if (!asked) {
      const sent = await attempt(desk, async () => {
        const address = await visitor.submit(await visitor.get('/register'), { username: name })
        return visitor.submit(address, { email: person.email })
      })
      asked = sent !== null && sent.status < 400
    } else {
      const mail = await desk.mail.next(person.email, read, 3_000).catch(() => null)
      if (mail === null) {
        await desk.revive()
        await attempt(desk, async () =>
          visitor.submit(await visitor.get('/register/again'), { email: person.email }),
        )
        continue
      }
      read++
      const path = /\/register\/(?:verify|status)\/[\w-]+/.exec(mail.text ?? '')?.[0]
      if (path === undefined) throw new Error(`A mail without a way on: ${mail.text ?? ''}`)
      const opened = await attempt(desk, () => visitor.get(path))
      if (opened !== null && formsIn(opened.body).length > 0)
        await attempt(desk, () => visitor.submit(opened, {}))
    }
  }
  throw new Error(`The person did not get through in ${TURNS} turns:\n${desk.log()}`)
}

/** Sets the password that a mail of the approval asks for. */
export async function setPassword(desk: Desk, person: Person): Promise<void> {
  const visitor = aVisitor(desk.url)
  let read = 0
  for (let turn = 0; turn < TURNS; turn++) {
    const page = await attempt(desk, () => visitor.get('/register/status'))
    if (page === null) continue
    if (has(page, 'password')) {
      await attempt(desk, () => visitor.submit(page, { password: person.password }))
    } else if (has(page, 'username')) {
      throw new Error('The name was lost after the approval')
    } else {
      const mail = await desk.mail.next(person.email, read, 3_000).catch(() => null)
      if (mail === null) {
        await desk.revive()
        const rows = await desk.rows("select 1 from registrations where state = 'approved'")
        if (rows.length === 0) return
        continue
      }
      read++
      if (!(mail.text ?? '').includes('/register/status/')) continue
      const opened = await attempt(desk, () =>
        visitor.get(new URL(linkIn(mail, '/register/status/')).pathname),
      )
      if (opened !== null && formsIn(opened.body).length > 0)
        await attempt(desk, () => visitor.submit(opened, {}))
    }
    const rows = await desk.rows("select 1 from jobs where kind = 'open_account'")
    if (rows.length > 0) return
  }
  throw new Error(`The password was not set in ${TURNS} turns:\n${desk.log()}`)
}

/** Whether a page has the button of a decision. An approval can be denied until its account is open. */
const offers = (page: Page, decision: string) =>
  [...page.body.matchAll(/<button\b[^>]*>/g)].some(
    ([button]) => button.includes('name="decision"') && button.includes(`value="${decision}"`),
  )

/** A moderator, who presses the button until the page says that it is decided. */
export async function decide(
  desk: Desk,
  email: string,
  decision: 'approve' | 'probation' | 'deny',
): Promise<void> {
  const visitor = aVisitor(desk.url)
  for (let turn = 0; turn < TURNS; turn++) {
    const [row] = await desk.rows(
      `select id from registrations where email = '${email}' order by started_at desc`,
    )
    const page = await attempt(desk, () => visitor.get(`/admin/registrations/${String(row?.id)}`))
    if (page === null) continue
    if (page.path.startsWith('/admin/login')) await attempt(desk, () => visitor.submit(page, MODERATOR))
    else if (offers(page, decision))
      await attempt(desk, () => visitor.submit(page, { decision, message: 'Welcome, or not' }))
    else return
  }
  throw new Error(`Nothing was decided in ${TURNS} turns:\n${desk.log()}`)
}

/** A moderator, who presses the button that ends a probation until the page has none. */
export async function endProbation(desk: Desk, email: string): Promise<void> {
  const visitor = aVisitor(desk.url)
  for (let turn = 0; turn < TURNS; turn++) {
    const [row] = await desk.rows(`select id from registrations where email = '${email}'`)
    const page = await attempt(desk, () => visitor.get(`/admin/registrations/${String(row?.id)}`))
    if (page === null) continue
    const form = formsIn(page.body).find(({ action }) => action.includes('/probation'))
    if (page.path.startsWith('/admin/login')) await attempt(desk, () => visitor.submit(page, MODERATOR))
    else if (form === undefined) return
    else {
      const { pathname, search } = new URL(form.action, new URL(page.path, desk.url))
      await attempt(desk, () => visitor.post(pathname + search, form.hidden))
    }
  }
  throw new Error(`The probation was not ended in ${TURNS} turns:\n${desk.log()}`)
}

/** Waits until nothing is left to do, and starts the desk again where it died over it. */
export async function settle(desk: Desk): Promise<void> {
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    await desk.look()
    const revived = await desk.revive()
    const open = await desk.rows(
      "select kind, state, error from jobs where state in ('waiting', 'running') and kind not like 'notify%'",
    )
    if (!revived && open.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`There is still work to do:\n${desk.log()}`)
}

/** What somebody waits for; starts the desk again where it died meanwhile. */
export async function until<T>(desk: Desk, look: () => Promise<T | null> | T | null): Promise<T> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    await desk.revive()
    const found = await look()
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`It did not come:\n${desk.log()}`)
}

/** Waits until nothing is on its way by now. */
export const quiet = (desk: Desk): Promise<true> =>
  until(desk, async () => {
    const open = await desk.rows(
      `select 1 from jobs where state = 'running' or state = 'waiting' and run_at <= ${desk.now()}`,
    )
    return open.length === 0 || null
  })
