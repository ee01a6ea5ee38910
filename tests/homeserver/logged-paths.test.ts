import { expect, test } from 'vitest'
import { matrixId } from '$lib/registration/username'
import { connectHomeserver, type Connected } from '$lib/server/homeserver/connect'
import type { CallTaken } from '$lib/server/homeserver/server-call'
import { checkSetUp } from '$lib/server/homeserver/set-up'
import { aBotStore } from '../support/bot-store'
import { email, username } from '../support/registration'
import { masStandInTarget } from './mas-target'
import { revived, standInTarget, type Target } from './target'

/** Names that look like the words of a path. */
const RIVER = username('river')
const ADDRESS = email('river@mail.test')
const BOT = username('speaker')
const TRANSACTIONS = ['transaction', 'other', 'third', 'fourth'] as const
const NAMES: string[] = [RIVER, BOT, 'lounge', ...TRANSACTIONS]

/** Does everything that this program does at a homeserver. */
async function everything(target: Target, { homeserver, inspection, bot, roomReader, mas }: Connected) {
  const { raw, domain } = target
  await checkSetUp(homeserver)
  await mas?.issuer()
  await mas?.version()
  await homeserver.nameAnswer(RIVER)
  await homeserver.passwordPolicy()
  await homeserver.claim(RIVER)
  await homeserver.lock(RIVER)
  await homeserver.fill(RIVER, 'Pw.1-of-a-river')
  await homeserver.open(RIVER)
  await homeserver.addressOwner(ADDRESS)
  await homeserver.bindAddress(RIVER, ADDRESS)
  await homeserver.addressOwner(ADDRESS)
  if (homeserver.recordsConsent) await homeserver.consent(RIVER, '1.0')
  await homeserver.consentProblem('1.0')
  await homeserver.suspend(RIVER, true)
  await homeserver.suspend(RIVER, false)
  await homeserver.account(RIVER)
  await homeserver.lockedAccounts(null)

  const userId = (await bot?.userId()) ?? ''
  await bot?.whoAmI()
  const alias = `#lounge:${domain}`
  const made = await raw('POST', '/_matrix/client/v3/createRoom', {
    room_alias_name: 'lounge',
    invite: [userId],
  })
  const room = String(made.body['room_id'])
  await homeserver.joinRoom(RIVER, alias)
  await homeserver.joinedRooms(RIVER)
  await homeserver.roomId(alias)
  await homeserver.enterRoom(alias)
  const event = await homeserver.sendMessage(room, TRANSACTIONS[0], { text: 'Hello' })
  await homeserver.editMessage(room, event, TRANSACTIONS[1], { text: 'Hello!' })
  await homeserver.react(room, event, TRANSACTIONS[2], '✅')
  await homeserver.directRoom(RIVER, 'key')
  const from = (await roomReader?.end(room)) ?? ''
  await roomReader?.since(room, from, { wait: 0 })
  await roomReader?.between(room, from, from)
  await roomReader?.standing(room, event)
  await roomReader?.redactionOf(room, event)
  await roomReader?.traits(room)
  await homeserver.redact(room, event, TRANSACTIONS[3])

  await inspection.time()
  await inspection.signsInByPassword()
  await inspection.ownRegistration()
  await inspection.upstreamProviders()
  await inspection.room(alias, matrixId(RIVER, domain))
  await homeserver.remove(RIVER)
  await revived(target, RIVER)
}

/** How each is connected, and a path of it that has to be recognized in the log. */
const KINDS: Record<string, [string, (onCall: (call: CallTaken) => void) => Promise<[Target, Connected]>]> = {
  Synapse: [
    '/_synapse/admin/v2/users/[id]/devices',
    async (onCall) => {
      const target = await standInTarget()
      const { url, domain, token, formSecret } = target
      const options = { url, domain, token, formSecret, verifyCert: true, mas: null, onCall }
      return [target, connectHomeserver({ ...options, bot: { account: BOT, store: aBotStore() } })]
    },
  ],
  MAS: [
    '/api/admin/v1/users/by-username/[id]',
    async (onCall) => {
      const target = await masStandInTarget()
      return [target, target.connect({ onCall, bot: { account: BOT, store: aBotStore() } })]
    },
  ],
}

test.each(Object.keys(KINDS))('no call of %s is logged with a name in its path', async (kind) => {
  const [known = '', start] = KINDS[kind] ?? []
  const paths = new Set<string>()
  const [target, connected] = (await start?.(({ path }) => paths.add(path))) ?? []
  if (target === undefined || connected === undefined) throw new Error(`There is no ${kind}`)
  await everything(target, connected)
  await target.close()
  const named = [...paths].filter((path) => path.split('/').some((part) => NAMES.includes(part)))
  expect(named).toEqual([])
  expect([...paths]).toContain(known)
  expect([...paths].filter((path) => /\/(v\d+|\.well-known)\/\[id\]/.test(path))).toEqual([])
})
