import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Services } from '$lib/server/app'
import { updateModerator } from '$lib/server/database/moderators'
import { registrations } from '$lib/server/database/schema'
import { resetFactor } from '../../src/cli/admin'
import { figures } from '../../src/cli/figures'
import { createInvitation, endInvitation, listInvitations } from '../../src/cli/invitations'
import { closeOpening, openOpening, showOpening } from '../../src/cli/opening'
import { printJson, printLines } from '../../src/cli/printed'
import {
  approveRegistration,
  denyRegistration,
  listRegistrations,
  showRegistration,
} from '../../src/cli/registrations'
import { exportRules, importRules } from '../../src/cli/rules'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asNobody } from '../support/as-nobody'
import { aModerator, aWorld, requested, type TestWorld } from '../support/world'

const held = vi.hoisted(() => ({ services: null as unknown }))
vi.mock('../../src/cli/with-services', () => ({
  withServices: <T>(command: (services: Services) => Promise<T>) => command(held.services as Services),
}))

let world: TestWorld
let output: string
beforeEach(async () => {
  world = await aWorld()
  held.services = world.services
  output = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text)
    return true
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await world.dispose()
})

/** What was printed since the last time. */
function said(): string {
  const text = output
  output = ''
  return text
}

const auditLog = async () =>
  (await (await aModerator(world.services, 'boss', 'administrator')).api.auditLog.page({})).events.map(
    ({ kind, actor }) => `${kind} ${actor}`,
  )

test('a decision is told as one of the command line, in the log and on the pages', async () => {
  await requested(world, 'ada')
  await listRegistrations({ json: true })
  const { registrations } = JSON.parse(said()) as { registrations: { id: string; username: string }[] }
  expect(registrations).toMatchObject([{ username: 'ada', state: 'requested', decidedBy: null }])
  const id = registrations[0]?.id ?? ''
  await approveRegistration('@Ada:example.test', { message: 'Welcome' })
  expect(said()).toContain('@ada:example.test is approved')
  const { api } = await aModerator(world.services)
  const view = await api.moderation.registration({ id })
  expect(view).toMatchObject({ state: 'approved', decidedBy: 'command line', message: 'Welcome' })
  expect(view.events).toContainEqual(
    expect.objectContaining({ kind: 'approved', actor: 'command_line', moderator: 'command line' }),
  )
  const { items } = await api.moderation.queue({ tab: 'all' })
  expect(items).toMatchObject([{ username: 'ada', decidedBy: 'command line' }])
  await showRegistration('ada', {})
  expect(said()).toContain('approved (command line)')
  await expect(denyRegistration(id, {})).resolves.toBeUndefined()
  await expect(approveRegistration('ada', {})).rejects.toThrow(/[Cc]ommand line/)
})

test('an approval tells that the username is taken, and what follows', async () => {
  const { view } = await requested(world, 'ada')
  await world.database.write((tx) =>
    tx
      .update(registrations)
      .set({ holdsName: false, passwordMode: 'after_approval' })
      .where(eq(registrations.id, view.id)),
  )
  await approveRegistration('ada', {})
  expect(said()).toMatch(
    /^@ada:example\.test is approved\n.*\nThe username is taken: the applicant has to choose another one/,
  )
  await requested(world, 'bob')
  await approveRegistration('bob', {})
  expect(said()).not.toContain('taken')
})

test.each(['seo-expert-89', 'a.b_c', 'river'])('%s is found by the username alone', async (name) => {
  await requested(world, name)
  await requested(world, `${name}.other`)
  await showRegistration(name, { json: true })
  expect(JSON.parse(said())).toMatchObject({ username: name })
})

test('of several with one username the one that waits is meant, or else its ID has to be given', async () => {
  for (let times = 0; times < 2; times++) {
    const { view } = await requested(world, 'ada', `ada${times}@mail.test`)
    await denyRegistration(view.id, { silent: true })
    await world.drain()
  }
  await expect(showRegistration('ada', {})).rejects.toThrow(
    /^There are several registrations for ada; give the ID of one:\n\S+ {2}denied {2}\S+Z {2}ada\d@mail\.test\n.*ada\d@mail\.test$/,
  )
  const { view } = await requested(world, 'ada', 'ada3@mail.test')
  said()
  await showRegistration('ada', { json: true })
  expect(JSON.parse(said())).toMatchObject({ id: view.id })
})

test('what cannot be meant is refused', async () => {
  await expect(approveRegistration('nobody', {})).rejects.toThrow('There is no registration "nobody"')
  await requested(world, 'ada')
  await expect(denyRegistration('ada', { category: 'none of them' })).rejects.toThrow(
    '--category must be one of',
  )
  await expect(denyRegistration('ada', { message: 'a'.repeat(5000) })).rejects.toThrow('--message')
})

test("a stranger's text is text for a terminal, and nothing else", () => {
  const typed = 'two\u001B[2Jpeople \u202Efrom the repair\ncafé \u009B31m'
  printLines(typed)
  expect(said()).toBe('two[U+001B][2Jpeople [U+202E]from the repair café [U+009B]31m\n')
  printJson({ typed })
  expect(output).not.toMatch(/[^\n -~]/)
  expect(JSON.parse(said())).toEqual({ typed })
})

test('invitation codes are created, listed without the code, and ended', async () => {
  await createInvitation({ note: 'Friends', uses: '2', json: true })
  const { id, code, link } = JSON.parse(said()) as { id: string; code: string; link: string }
  expect(link).toContain(code)
  await listInvitations({})
  const listed = said()
  expect(listed).toContain(`${id}  used 0 of 2  never expires  by command line  Friends`)
  expect(listed).not.toContain(code)
  await endInvitation(id)
  await expect(endInvitation('nothing')).rejects.toThrow('There is no invitation "nothing"')
  await expect(createInvitation({ uses: 'many' })).rejects.toThrow()
  expect(await auditLog()).toEqual(
    expect.arrayContaining(['invitation_code_made command_line', 'invitation_code_ended command_line']),
  )
})

test('registration is closed and opened', async () => {
  await closeOpening({ message: 'Back soon' })
  said()
  await showOpening({ json: true })
  expect(JSON.parse(said())).toMatchObject({
    version: 1,
    opening: { open: false, why: 'by_hand', message: { en: 'Back soon' } },
  })
  await openOpening({})
  expect(said()).toBe('Registration is open\n')
  await expect(closeOpening({ until: 'tomorrow' })).rejects.toThrow()
  expect(await auditLog()).toEqual(
    expect.arrayContaining(['registration_closed command_line', 'registration_opened command_line']),
  )
})

test('registration is told to be closed while the homeserver says that the setup is wrong, and nothing is recorded', async () => {
  world.standIn.faults = () => ({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'Invalid' } })
  await showOpening({})
  expect(said()).toMatch(/^Registration is closed \(set_up\)\n.*synapse\.admin_token.*\nWaiting requests: 0/)
  await showOpening({ json: true })
  expect(JSON.parse(said())).toMatchObject({ opening: { open: false, why: 'set_up' } })
  await openOpening({})
  expect(said()).toMatch(/^Registration is closed \(set_up\)\n.*synapse\.admin_token.*\n$/)
  expect(await world.services.outages.current()).toEqual([])
  world.standIn.faults = () => 'cut'
  await showOpening({})
  expect(said()).toMatch(/^Registration is open\n/)
})

test('the figures are JSON', async () => {
  await figures({ days: '7' })
  expect(JSON.parse(said())).toMatchObject({ version: 1, days: 7 })
  await expect(figures({ days: '8' })).rejects.toThrow('--days must be one of 7, 30, 90, 365')
})

test('rules are imported from a file, and exported as a table that adds nothing when it comes back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registration-'))
  try {
    const lines = join(folder, 'list.txt')
    writeFileSync(lines, 'spam.test\n# a comment\nspam.test\nnot a domain\n')
    await expect(importRules(lines, { kind: 'domain', reason: 'a list', dryRun: true })).rejects.toThrow(
      '1 line',
    )
    expect(said()).toMatch(
      /Line 4: not a domain: .*\n1 would be added; nothing was changed; 0 there already, 1 repeated, 1 not/s,
    )
    await expect(importRules(lines, { kind: 'domain', reason: 'a list' })).rejects.toThrow(
      '1 line is no rule',
    )
    expect(said()).toContain('1 added; 0 there already')
    await exportRules({})
    const table = said()
    expect(table).toContain('domain,spam.test,block,a list,')
    writeFileSync(join(folder, 'rules.csv'), table)
    await importRules(join(folder, 'rules.csv'), {})
    expect(said()).toContain('0 added; 1 there already')
    expect(await auditLog()).toEqual(
      expect.arrayContaining(['rules_imported command_line', 'exported command_line']),
    )
    await exportRules({ effect: 'allow' })
    expect(said()).not.toContain('spam.test')
    writeFileSync(join(folder, 'bad.csv'), 'no,header\n')
    await expect(importRules(join(folder, 'bad.csv'), {})).rejects.toThrow()
    const missing = join(folder, 'missing.csv')
    await expect(importRules(missing, {})).rejects.toThrow(`${missing} cannot be read: no such file`)
    await expect(importRules(folder, {})).rejects.toThrow(`${folder} cannot be read: it is a folder`)
    await expect(asNobody(() => importRules(lines, {}))).rejects.toThrow('no permission to read it')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a second factor that is reset says what else ends with it', async () => {
  const { id } = await aModerator(world.services, 'anna')
  await resetFactor({ username: 'anna' })
  expect(said()).toBe('anna can sign in with the password alone, and set up a new second factor\n')
  const matrixId = '@anna:example.test'
  await world.database.write((tx) => updateModerator(tx, id, { matrixId }))
  await resetFactor({ username: 'anna' })
  expect(said()).toContain(`${matrixId} is no longer linked, and decides nothing in the moderators' room\n`)
})
