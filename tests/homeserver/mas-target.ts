import { vi } from 'vitest'
import type { Username } from '$lib/registration/username'
import { connectHomeserver, type HomeserverOptions } from '$lib/server/homeserver/connect'
import { realDelegated } from '../../src/stand-in/delegated'
import { startMasStandIn, startMasWorld, type MasOptions, type MasStandIn } from '../../src/stand-in/mas'
import type { StandInOptions } from '../../src/stand-in/homeserver'
import { aName, rawOf, type Target } from './target'

const CLIENT = { clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }
const ADMIN_SCOPE = 'urn:matrix:client:api:* urn:synapse:admin:* urn:matrix:client:device:OPERATOR01'

/** A homeserver whose accounts live in a MAS, and that MAS. */
export interface MasTarget extends Target {
  mas: MasStandIn
  /** Our own account there. */
  account: Username
  /** Whether Synapse asks MAS about a token each time: Synapse 1.160 keeps the answer for two minutes. */
  asksAlways: boolean
  /** Another client of both. */
  connect(change?: Partial<HomeserverOptions>): ReturnType<typeof connectHomeserver>
}

async function target(
  mas: MasStandIn,
  { url, domain, asksAlways }: { url: string; domain: string; asksAlways: boolean },
  close: () => Promise<void>,
): Promise<MasTarget> {
  const { state } = mas
  await state.synapse?.provision({ localpart: 'admin', locked: false })
  const admin = state.addUser('admin')
  const token = state.addToken('mct', ADMIN_SCOPE, admin.id, null)
  await state.synapse?.addDevice('admin', 'OPERATOR01')
  // A real Synapse may know those of earlier runs.
  const account = aName('desk-')
  const connect = (change: Partial<HomeserverOptions> = {}) =>
    connectHomeserver({
      url,
      domain,
      token,
      verifyCert: true,
      mas: { ...CLIENT, url: mas.url, account },
      ...change,
    })
  const synapse = rawOf(url, token)
  const atMas = rawOf(mas.url, token)
  // Else ten rooms would be made in a quarter of an hour, also by an administrator.
  const limits = `/_synapse/admin/v1/users/@admin:${domain}/override_ratelimit`
  await synapse('POST', limits, { messages_per_second: 0, burst_count: 0 })
  return {
    mas,
    account,
    asksAlways,
    connect,
    url,
    domain,
    token,
    admin: `@admin:${domain}`,
    showsLock: true,
    formSecret: '',
    consentVersion: '1.0',
    homeserver: connect().homeserver,
    client: (change) => connect(change).homeserver,
    speakingAs: (bot, clock = Date.now) => connect({ bot, clock }),
    inspection: (as = token) => connect({ token: as }).inspection,
    // As a proxy in front of both does.
    raw: (method, path, body, as) =>
      (path === '/_matrix/client/v3/login' ? atMas : synapse)(method, path, body, as),
    variant: () => Promise.resolve(null),
    oldAccount: () => Promise.resolve(false),
    close,
  }
}

/** Both are stand-ins. */
export async function masStandInTarget(
  options: Partial<MasOptions> = {},
  more: Partial<StandInOptions> = {},
): Promise<MasTarget> {
  const domain = 'stand-in.test'
  const { mas, homeserver, close } = await startMasWorld({ ...CLIENT, domain, ...options }, more)
  return target(mas, { url: homeserver.url, domain, asksAlways: true }, close)
}

/**
 * A real Synapse that leaves its accounts to a MAS at `port` with the shared secret `secret`; the stand-in takes that
 * place. MAS_SYNAPSE_URL and _DOMAIN name it, MAS_PORT and MAS_SECRET the rest.
 */
export async function masSynapseTarget(): Promise<MasTarget> {
  const from = (name: string) => process.env[name] ?? ''
  const [url, domain] = [from('MAS_SYNAPSE_URL'), from('MAS_SYNAPSE_DOMAIN')]
  const secret = from('MAS_SECRET')
  const mas = await startMasStandIn({ ...CLIENT, domain, port: Number(from('MAS_PORT')), secret })
  mas.state.synapse = realDelegated(url, secret)
  const made = await target(mas, { url, domain, asksAlways: false }, () => mas.close())
  await ready(made)
  return made
}

/** In the first half minute of its life, Synapse answers 500 to bringing accounts back. */
async function ready({ homeserver }: MasTarget): Promise<void> {
  const name = aName()
  await homeserver.claim(name)
  await homeserver.lock(name)
  await homeserver.remove(name)
  await vi.waitFor(() => homeserver.revive(name), { timeout: 90_000, interval: 1_000 })
}
