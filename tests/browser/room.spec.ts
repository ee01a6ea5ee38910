import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { askDatabase, type Site } from '../support/site'
import { expect, expectAccessible, expectFit, newName, requestAccount, signIn, test } from './fixtures'

/** Moderators link their Matrix ID on the page and in the room, and decide there; the program reads it by itself. */
const ROOM = '#moderators:example.test'

test.use({
  settings: {
    matrix_notifications: {
      enabled: true,
      bot: 'desk-bot',
      admin_room: { room_id: ROOM, decide: 'reactions' },
    },
  },
})

async function call(
  site: Site,
  token: string,
  method: string,
  path: string,
  content: object,
): Promise<string> {
  const response = await fetch(`${site.standIn?.url ?? ''}/_matrix/client/v3${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
  const answer = v.parse(
    v.object({ event_id: v.optional(v.string(), ''), access_token: v.optional(v.string(), '') }),
    await response.json(),
  )
  expect(response.ok).toBe(true)
  return answer.event_id + answer.access_token
}

/** Somebody of the homeserver who is in the moderators' room. */
async function aMember(site: Site, name: string) {
  const id = `@${name}:example.test`
  const password = randomUUID()
  const admin = { authorization: 'Bearer stand-in-token', 'content-type': 'application/json' }
  const api = `${site.standIn?.url ?? ''}/_synapse/admin`
  const made = await fetch(`${api}/v2/users/${encodeURIComponent(id)}`, {
    method: 'PUT',
    headers: admin,
    body: JSON.stringify({ password }),
  })
  expect(made.ok).toBe(true)
  const joined = await fetch(`${api}/v1/join/${encodeURIComponent(ROOM)}`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ user_id: id }),
  })
  expect(joined.ok).toBe(true)
  const identifier = { type: 'm.id.user', user: name }
  const token = await call(site, '', 'POST', '/login', { type: 'm.login.password', identifier, password })
  return {
    id,
    react: (target: string, key: string) =>
      call(
        site,
        token,
        'PUT',
        `/rooms/${encodeURIComponent(site.standIn?.room(ROOM)?.id ?? '')}/send/m.reaction/${randomUUID()}`,
        { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } },
      ),
  }
}

/** The event ID of the newest message in the room that says this. */
async function told(site: Site, words: string): Promise<string> {
  const find = () =>
    site.standIn?.room(ROOM)?.messages.findLast(({ content }) => JSON.stringify(content).includes(words))
  await expect.poll(find).toBeTruthy()
  return find()?.eventId ?? ''
}

test('a moderator links a Matrix ID, and a reaction in the room decides', async ({ page, site }) => {
  const anna = await aMember(site, newName())
  await signIn(page, site)
  await page.goto(`${site.url}/admin/account#matrix-id`)
  await page.getByLabel('Matrix ID').fill('@anna:other.test')
  await page.getByRole('button', { name: 'Link Matrix ID' }).click()
  await expect(page.getByText(/example\.test/).first()).toBeVisible()
  await expectFit(page)
  await page.getByLabel('Matrix ID').fill(anna.id)
  await page.getByRole('button', { name: 'Link Matrix ID' }).click()
  const message = await told(site, `"user_ids":["${anna.id}"]`)
  await expect(async () => {
    await page.reload()
    const sent = page.getByText(`A message in the moderators’ room mentions ${anna.id}.`)
    await expect(sent).toBeVisible({ timeout: 500 })
  }).toPass()
  await expectAccessible(page)
  await expectFit(page)
  await anna.react(message, '🔗')
  await expect(async () => {
    await page.reload()
    await expect(page.getByText(`What ${anna.id} does in the moderators’ room`)).toBeVisible({ timeout: 500 })
  }).toPass()
  await expectAccessible(page)
  await expectFit(page)

  const name = newName()
  await page.context().clearCookies()
  await requestAccount(page, site, name)
  await anna.react(await told(site, '/admin/registrations/'), '👍')
  await expect
    .poll(() => askDatabase(site, 'select state from registrations where username = ?', [name]))
    .toMatchObject({ rows: [{ state: 'approved' }] })
  await page.context().clearCookies()
  await signIn(page, site)
  await page.goto(`${site.url}/admin/audit-log`)
  await expect(page.getByText('in the moderators’ room, event')).toBeVisible()
})
