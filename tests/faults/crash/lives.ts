import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { openDesk, type Desk } from './desk'
import type { SeenHomeserver } from '../homeserver-seen'
import { askForAccount, decide, endProbation, quiet, setPassword, settle, until, type Person } from './people'
import { openModeratorsRoom, type ModeratorsRoom } from './room'

/** Of one place that is not reached. */
const MOST_LIVES = 4

const STRANGERS_PASSWORD = 'the strangers own pass phrase'

interface Life {
  name: string
  settings: Record<string, unknown>
  /** The Matrix ID of the moderator. */
  linked?: string
  /** From this place on it dies at each, also where an earlier life has passed one of the same name. */
  from?: RegExp
  /** At these it dies, too: what happens there is something else than in an earlier life. */
  also?: RegExp
  live(desk: Desk, person: Person): Promise<{ name: string; open: boolean }>
}

/** A life with something of its own on the homeserver each time. `id`: of this time. */
interface PreparedLife extends Pick<Life, 'name' | 'from' | 'also'> {
  prepare(id: string): Promise<Omit<Life, 'name' | 'from' | 'also'>>
}

/**
 * The promise of the README, at every place where the program can be stopped: the whole life of a registration is
 * lived once for each of them, the program kills itself there, is started again, and the people repeat what people
 * repeat. What must hold then is asked of the homeserver, the mail server and the database, not of the program. Every
 * place with CRASH_EVERY=1, every fifth with 5, beginning with the one of CRASH_FIRST; else every seventh.
 */
export async function crashSuite(
  homeserver: SeenHomeserver,
  { every = Number(process.env.CRASH_EVERY ?? 7) }: { every?: number } = {},
): Promise<void> {
  const rooms = {
    legal: [{ title: 'Terms', url: 'https://example.test/terms' }],
    ...homeserver.consentConfig,
    auto_join: [homeserver.joinRoom],
    matrix_notifications: {
      enabled: true,
      admin_room: { room_id: homeserver.adminRoom },
      welcome: { enabled: true, message_template: 'Hello {username}' },
    },
  }

  const probation = {
    auto_join: [homeserver.joinRoom],
    moderation: { undo_seconds: 0, probation: true },
  }

  // Where a MAS manages the accounts, there is no operator's token by which to open a room.
  const room = homeserver.token === '' ? null : await openModeratorsRoom(homeserver)

  const LIVES: (Life | PreparedLife)[] = [
    {
      name: 'asked, approved',
      settings: rooms,
      async live(desk, person) {
        const name = await askForAccount(desk, person)
        await nobodyIsIn(name, person)
        await decide(desk, person.email, 'approve')
        await settle(desk)
        return { name, open: true }
      },
    },
    {
      name: 'asked, denied, and the name asked for by the next',
      settings: {},
      async live(desk, person) {
        const name = await askForAccount(desk, person)
        await nobodyIsIn(name, person)
        await decide(desk, person.email, 'deny')
        await settle(desk)
        await nobodyIsIn(name, person)
        const next = { ...person, name, spare: `${name}-3`, email: `next-${person.email}` }
        const again = await askForAccount(desk, next)
        await nobodyIsIn(again, person)
        await decide(desk, next.email, 'approve')
        await settle(desk)
        return { name: again, open: true }
      },
    },
    {
      name: 'asked, approved, password set after it',
      settings: { registration: { password: 'after_approval' } },
      async live(desk, person) {
        const name = await askForAccount(desk, person)
        expect(await homeserver.user(name), 'no account exists before the decision').toBeNull()
        await decide(desk, person.email, 'approve')
        await setPassword(desk, person)
        await settle(desk)
        return { name, open: true }
      },
    },
    {
      name: 'asked, approved on probation, which a moderator ends',
      settings: probation,
      from: /^commit approved\b/,
      async live(desk, person) {
        const name = await approveOnProbation(desk, person)
        desk.watch(null)
        await endProbation(desk, person.email)
        await settle(desk)
        expect(await homeserver.user(name)).toMatchObject({ locked: false, suspended: false })
        return { name, open: true }
      },
    },
    {
      name: 'asked, approved on probation, denied while it reads',
      settings: probation,
      from: /^commit denied\b/,
      async live(desk, person) {
        const name = await approveOnProbation(desk, person)
        await decide(desk, person.email, 'deny')
        await settle(desk)
        expect(await homeserver.user(name)).toMatchObject({ deactivated: true })
        return { name, open: false }
      },
    },
    ...(room === null ? [] : [inTheRoom(room)]),
  ]

  /** The account that speaks is made, a moderator reacts to what it wrote, and the program reads that. */
  function inTheRoom(room: ModeratorsRoom): PreparedLife {
    return {
      name: "asked, approved in the moderators' room",
      // The first account that is made is the one that speaks.
      also: /^synapse PUT users \{\}: (?:before|after)$/,
      async prepare(id) {
        const anna = await room.member(`anna-${id}`)
        const bot = `bot-${id}`
        const adminRoom = { room_id: room.id, decide: 'reactions', details: true }
        return {
          settings: { matrix_notifications: { enabled: true, bot, admin_room: adminRoom } },
          linked: anna.id,
          async live(desk, person) {
            const name = await askForAccount(desk, person)
            await nobodyIsIn(name, person)
            const notice = await until(desk, async () => (await room.about(name, bot)).at(-1) ?? null)
            await quiet(desk)
            // That account was not in the room when the program first looked: it would look again in a minute.
            await desk.restart()
            await until(desk, () => desk.places().includes('room read, waiting: before') || null)
            await nobodyIsIn(name, person)
            const reaction = await room.react(anna, notice.id, '✅')
            const approved = () =>
              desk.rows(
                `select moderator_id, detail ->> 'room_event' as event from events where kind = 'approved'`,
              )
            await until(desk, async () => (await approved())[0] ?? null)
            await quiet(desk)
            // It rests for a minute.
            await desk.restart()
            await settle(desk)
            await quiet(desk)
            const [moderator] = await desk.rows('select id from moderators')
            const once = [{ moderator_id: moderator?.id, event: reaction }]
            expect(await approved(), 'it was decided once, in the room').toEqual(once)
            expect(await room.about(name, bot), 'the room says it once, and holds no more than that').toEqual(
              [{ id: notice.id, text: expect.stringMatching(/^✅ Approved by moderator\n@/), under: [] }],
            )
            return { name, open: true }
          },
        }
      },
    }
  }

  /** Until it is open; whenever somebody looks, it is never open without being suspended. */
  async function approveOnProbation(desk: Desk, person: Person): Promise<string> {
    const name = await askForAccount(desk, person)
    desk.watch(async () => {
      const user = await homeserver.user(name)
      const isLoose = user !== null && !user.deactivated && !user.locked && !user.suspended
      expect(isLoose, 'an account on probation is never open without being suspended').toBe(false)
    })
    await decide(desk, person.email, 'probation')
    await settle(desk)
    expect(await homeserver.user(name)).toMatchObject({ locked: false, suspended: true })
    return name
  }

  async function nobodyIsIn(name: string, { password }: Person): Promise<void> {
    expect(await homeserver.mayComeIn(name, password), 'nobody gets in unapproved').toBe(false)
  }

  /** Lives one life, dying at a place; answers the places that were reached, and whether the program died there. */
  async function run(
    life: Life | PreparedLife,
    crashAt?: string,
  ): Promise<{ places: string[]; hasDied: boolean }> {
    const id = randomUUID().slice(0, 12)
    const { settings, linked, live } = 'prepare' in life ? await life.prepare(id) : life
    const person: Person = {
      name: `c-${id}`,
      spare: `c-${id}-2`,
      email: `c-${id}@mail.test`,
      password: 'seven quiet herons at dusk',
    }
    const stranger = `stranger-${id}`
    await homeserver.makeAccount(stranger, STRANGERS_PASSWORD)
    const before = await homeserver.record(stranger)
    const desk = await openDesk(homeserver, settings, { linked })
    try {
      await desk.start(crashAt)
      const { name, open } = await live(desk, person)
      const hasDied = await desk.hasDied()
      expect(await homeserver.mayComeIn(name, person.password), 'the decision took effect').toBe(open)
      const [row] = await desk.rows(
        `select state, email from registrations where username = '${name}' and holds_name = ${open ? 1 : 0}`,
      )
      expect(row?.state, 'the registration is where its decision says').toBe(open ? 'completed' : 'denied')
      const user = await homeserver.user(name)
      expect(user?.threepids.map(({ address }) => address)).toEqual(open ? [row?.email] : [])
      expect(await homeserver.record(stranger), 'no other account was touched').toEqual(before)
      expect(
        await desk.rows(
          "select kind, error from jobs where state = 'failed' or error is not null and state = 'waiting'",
        ),
        'nothing is stuck without a word',
      ).toEqual([])
      await theNameThatWasLost(desk, person, name)
      await mailedOnce(desk)
      return { places: desk.places(), hasDied }
    } finally {
      await desk.close()
    }
  }

  /** Where the answer to the claim got lost, the case stands in front of a moderator, and nobody can sign in there. */
  async function theNameThatWasLost(desk: Desk, person: Person, name: string): Promise<void> {
    const doubts = await desk.rows("select localpart from accounts where state = 'doubtful'")
    const lost = [person.name, person.spare].filter((other) => other !== name)
    for (const other of lost) {
      const user = await homeserver.user(other)
      if (user === null) continue
      expect(await homeserver.mayComeIn(other, person.password)).toBe(false)
      const ours = await desk.rows(`select state from accounts where localpart = '${other}'`)
      expect(ours.length, 'an account that may be ours is in the ledger').toBe(1)
    }
    if (name === person.spare) expect(doubts).toEqual([{ localpart: person.name }])
  }

  /**
   * Each decision is mailed once. A stop between the mail and its record leaves a copy: one at most, under the same
   * Message-ID, by which mail programs know it.
   */
  async function mailedOnce(desk: Desk): Promise<void> {
    const jobs = await desk.rows(
      `select id, registration_id, json_extract(payload, '$.mail') as mail from jobs
      where kind = 'mail' and mail in ('approved', 'denied', 'set_password', 'probation_over')`,
    )
    const decisions = new Set(
      jobs.map(({ registration_id, mail }) => `${String(registration_id)} ${String(mail)}`),
    )
    expect(jobs.length, 'one mail for each decision').toBe(decisions.size)
    expect(jobs.length).toBeGreaterThan(0)
    for (const { id } of jobs) {
      const copies = desk.mail.mails.filter(({ messageId }) => messageId?.includes(String(id)) === true)
      expect(copies.length, 'the mail arrived').toBeGreaterThan(0)
      expect(copies.length, 'at most one copy of it').toBeLessThanOrEqual(2)
    }
  }

  const covered = new Set<string>()
  const table: [place: string, life: string, result: string][] = []
  afterAll(async () => {
    await homeserver.close()
    console.log(`\nCrash points, on ${homeserver.name}:`)
    for (const [place, life, result] of table) console.log(`  ${result.padEnd(4)}  ${place}   (${life})`)
    console.log(
      `${table.filter(([, , result]) => result === 'ok').length} of ${table.length} crash points ok`,
    )
  })

  for (const life of LIVES) {
    const passed = [...new Set((await run(life)).places)]
    const { from, also } = life
    const start = from === undefined ? -1 : passed.findIndex((place) => from.test(place))
    if (from !== undefined && start < 0) throw new Error(`No place of "${life.name}" is ${String(from)}`)
    const reached = passed.filter(
      (place, index) => !covered.has(place) || (start >= 0 && index >= start) || also?.test(place) === true,
    )
    for (const place of reached) covered.add(place)
    const first = Number(process.env.CRASH_FIRST ?? 0) % every
    const places = reached.filter((_, index) => index % every === first)
    describe(`killed while ${life.name}`, () => {
      test.concurrent.for(places)('%s', async (place) => {
        const line: (typeof table)[number] = [place, life.name, 'BAD']
        table.push(line)
        // In which order the homeserver answers decides whether a few of them are passed at all.
        for (let lives = 1; !(await run(life, place)).hasDied; lives++)
          expect(lives, 'the place was reached, and the program died there').toBeLessThan(MOST_LIVES)
        line[2] = 'ok'
      })
    })
  }
}
