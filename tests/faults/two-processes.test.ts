import { join } from 'node:path'
import type { ParsedMail } from 'mailparser'
import { afterEach, expect, test } from 'vitest'
import { linkIn, MODERATOR, startSite, type Site } from '../support/site'
import { startSqld } from '../support/sqld'
import { aVisitor } from '../support/visitor'

/**
 * Two programs on one database share the work by lease: whichever takes a job does it, once. Both serve pages, and it
 * does not matter where somebody goes on.
 */
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startTwo(database: Record<string, string> | null): Promise<[Site, Site]> {
  const secret = { secret_key: 'a secret that both know, of some length' }
  const one = await startSite({ config: { ...secret, ...(database === null ? {} : { database }) } })
  closing.push(() => one.stop())
  const two = await startSite({
    config: { ...secret, database: database ?? { path: join(one.folder, 'registration.db') } },
    moderator: false,
    homeserver: { server: one.standIn?.url ?? '', domain: one.domain, admin_token: 'stand-in-token' },
  })
  closing.push(() => two.stop())
  return [one, two]
}

/** The next mail to somebody, whichever of the two sends it. */
async function mailTo(sites: [Site, Site], receiver: string): Promise<ParsedMail> {
  const [one, two] = sites
  return Promise.any([one.mail.next(receiver), two.mail.next(receiver)])
}

const DATABASES: [name: string, open: () => Promise<Record<string, string> | null>][] = [
  ['one file', () => Promise.resolve(null)],
  [
    'one libSQL server',
    async () => {
      const server = await startSqld()
      closing.push(server.stop)
      return { url: server.url }
    },
  ],
]

test.each(DATABASES)(
  'on %s: every step is done once, wherever people go on',
  async (_, open) => {
    const sites = await startTwo(await open())
    const names = Array.from({ length: 12 }, (_name, index) => `river-${index}`)
    await Promise.all(
      names.map(async (name, index) => {
        const [here, there] = index % 2 === 0 ? sites : [sites[1], sites[0]]
        const asking = aVisitor(here.url)
        const email = `${name}@mail.test`
        const address = await asking.submit(await asking.get('/register'), { username: name })
        await asking.submit(address, { email })
        const link = new URL(linkIn(await mailTo(sites, email), '/register/verify/')).pathname
        const going = aVisitor(there.url)
        const account = await going.submit(await going.get(link), {})
        const done = await going.submit(account, {
          password: 'seven quiet herons at dusk',
          reason: 'I know two people from the repair café who are on your server.',
        })
        expect(done.path).toBe('/register/status')
      }),
    )

    const moderators = await Promise.all(
      sites.map(async ({ url }) => {
        const visitor = aVisitor(url)
        await visitor.submit(await visitor.get('/admin/login'), MODERATOR)
        return visitor
      }),
    )
    const queue = await moderators[0]?.get('/admin')
    const links = [...new Set(queue?.body.match(/\/admin\/registrations\/[\w-]+/g) ?? [])]
    expect(links).toHaveLength(12)
    // Both look at each, and then decide at once and against each other.
    const looks = await Promise.all(
      links.flatMap((link) =>
        moderators.map(async (visitor, index) => ({
          visitor,
          page: await visitor.get(link),
          decision: index === 0 ? 'approve' : 'deny',
        })),
      ),
    )
    const answers = await Promise.all(
      looks.map(({ visitor, page, decision }) => visitor.submit(page, { decision })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(12)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(12)

    const ends = () =>
      [...(sites[0].standIn?.users.values() ?? [])].filter(({ localpart }) => names.includes(localpart))
    await expect
      .poll(() => ends().filter(({ locked, deactivated }) => !locked || deactivated).length, {
        timeout: 20_000,
      })
      .toBe(12)
    const all = () => sites.flatMap(({ mail }) => mail.mails)
    const decided = () =>
      all().filter(
        ({ subject = '', to }) =>
          !/moderators/.test(JSON.stringify(to)) && / (?:Welcome|Your request)\b/.test(subject),
      )
    await expect
      .poll(() => new Set(decided().map(({ messageId }) => messageId)).size, { timeout: 60_000 })
      .toBe(12)
    const ids = all().map(({ messageId }) => messageId)
    expect(ids.length, 'no mail twice').toBe(new Set(ids).size)
  },
  120_000,
)
