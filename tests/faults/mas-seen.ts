import { startMasWorld } from '../../src/stand-in/mas'
import type { SeenHomeserver } from './homeserver-seen'

const CLIENT = { clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }
const DOMAIN = 'example.test'

/** A homeserver whose accounts live in a MAS: both are stand-ins, and asked here by what they know. */
export async function openMasHomeserver(): Promise<SeenHomeserver & { masUrl: string }> {
  const { mas, homeserver, close } = await startMasWorld({ ...CLIENT, domain: DOMAIN })
  const { state } = mas
  const find = (localpart: string) => state.find(localpart)
  const emailsOf = (id: string) => state.emailsOf(id).map(({ email }) => email)
  // Who invites: the account that this program makes for itself is let into both rooms.
  const ours = state.addUser('registration')
  await state.synapse?.provision({ localpart: 'registration', locked: false })
  for (const room of homeserver.rooms.values()) room.members.add(`@${ours.username}:${DOMAIN}`)

  return {
    name: 'stand-ins for Synapse and MAS',
    url: homeserver.url,
    masUrl: mas.url,
    domain: DOMAIN,
    token: '',
    formSecret: '',
    consentVersion: '1.0',
    joinRoom: `#lobby:${DOMAIN}`,
    adminRoom: `#moderators:${DOMAIN}`,
    config: {
      synapse: { server: homeserver.url, domain: DOMAIN },
      mas: { server: mas.url, client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
    },
    consentConfig: {},

    record(localpart) {
      const user = find(localpart)
      return Promise.resolve(
        user === undefined ? null : structuredClone({ ...user, emails: emailsOf(user.id) }),
      )
    },

    user(localpart) {
      const user = find(localpart)
      if (user === undefined) return Promise.resolve(null)
      const seen = homeserver.users.get(`@${user.username}:${DOMAIN}`)
      return Promise.resolve({
        locked: user.lockedAt !== null,
        suspended: seen?.suspended ?? false,
        deactivated: user.deactivatedAt !== null,
        consent_version: null,
        threepids: emailsOf(user.id).map((address) => ({ medium: 'email', address })),
      })
    },

    async makeAccount(localpart, password) {
      state.addUser(localpart, { password })
      await state.synapse?.provision({ localpart, locked: false })
    },

    mayComeIn(localpart, password) {
      const user = find(localpart)
      const isIn = user?.password === password && (user.lockedAt ?? user.deactivatedAt) === null
      return Promise.resolve(isIn)
    },

    rooms(localpart) {
      const id = `@${localpart}:${DOMAIN}`
      const joined = [...homeserver.rooms.values()].filter(({ members }) => members.has(id))
      return Promise.resolve(joined.map((room) => room.id))
    },

    close,
  }
}
