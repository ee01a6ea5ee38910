import type { Username } from '$lib/registration/username'
import { givenToken } from './access-token'
import { refused, wrongSetUp } from './answer-errors'
import { HomeserverError, type Homeserver } from './homeserver'
import { createMasAccounts } from './mas-accounts'
import { createMasAddresses } from './mas-addresses'
import { createMasCall } from './mas-call'
import { createMasServer } from './mas-server'
import { createMasSession, ownMasAccount } from './mas-session'
import { CALL_TIMEOUT_MS } from './synapse'
import type { ServerOptions } from './server-call'
import { createSynapseCall } from './synapse-call'
import { createSynapseRooms } from './synapse-rooms'
import { ASK_WHO, createSynapseServer } from './synapse-server'
import { createWriter } from './writer'

export interface MasHomeserverOptions extends Omit<ServerOptions, 'url' | 'timeout'> {
  /** Synapse's URL. */
  url: string
  /** The part of its Matrix IDs after the colon. */
  domain: string
  /** A Synapse access token that the operator made; null: this program makes its own. */
  token: string | null
  mas: {
    url: string
    clientId: string
    clientSecret: string
    /** This program's own account, for rooms and messages. */
    account: Username
  }
  /** Whether that account is created if there is none. */
  mayCreate?: boolean
  timeout?: number
  /** Milliseconds since 1970. */
  clock?: () => number
}

const NO_CONSENT = 'a homeserver that leaves its accounts to MAS records no consent'

/**
 * The two servers, and the token for Synapse that comes from MAS. Throws at once only if the certificate file cannot be
 * read.
 */
export function connectMas({
  url,
  domain,
  token,
  mas: { url: masUrl, account, ...client },
  mayCreate = true,
  timeout = CALL_TIMEOUT_MS,
  clock,
  ...options
}: MasHomeserverOptions) {
  const shared = { ...options, timeout }
  const mas = createMasCall({ ...shared, ...client, url: masUrl, ...(clock === undefined ? {} : { clock }) })
  const access =
    token === null
      ? createMasSession(mas, { ...ownMasAccount(mas, { domain, account, mayCreate }), clock })
      : givenToken(token)
  return { domain, clock, mas, access, synapse: createSynapseCall({ ...shared, url, token: access }) }
}

export type MasConnection = ReturnType<typeof connectMas>

/**
 * Synapse (measured with 1.160) whose accounts live in MAS (matrix-authentication-service 1.22): accounts, passwords and
 * addresses through MAS's admin API, rooms and messages through Synapse's.
 */
export function createMasHomeserver({ mas, synapse, access, domain, clock }: MasConnection): Homeserver {
  const { whoAmI, serverVersion, issuer } = createSynapseServer(synapse)
  const server = createMasServer(mas)

  return {
    domain,
    ...createMasAccounts(mas, synapse, { domain, clock }),
    ...createMasAddresses(mas, domain),
    ...createSynapseRooms(synapse, domain, access),
    ...createWriter(synapse, domain, { invite: access.owner }),

    async passwordPolicy() {
      const { minimumScore } = await server.siteConfig('read the password policy')
      return { minimumScore }
    },

    recordsConsent: false,
    consent: (username) => Promise.reject(refused(`record the consent of ${username}`, NO_CONSENT)),
    consentProblem: () => Promise.resolve({ code: 'none', why: `${NO_CONSENT}; remove consent_version` }),

    async identity() {
      const masVersion = await server.version(ASK_WHO)
      const { serverName } = await server.siteConfig(ASK_WHO)
      if (serverName !== domain)
        throw wrongSetUp(
          'set_up',
          `synapse.domain is ${domain}, but MAS at mas.server manages the accounts of ${serverName}. Set mas.server to the MAS of ${domain}.`,
          'mas.server',
        )
      const { userId, device } = await whoAmI()
      const version = `${await serverVersion()}, MAS ${masVersion}`
      if (device === null)
        throw wrongSetUp(
          'set_up',
          `synapse.admin_token has no device, so that Synapse sends no messages with it. Remove synapse.admin_token: this program then makes a token by itself.`,
          'synapse.admin_token',
        )
      // Under MAS, Synapse does not say whether a user is an administrator (404); a token is one by its scope.
      const reply = await synapse
        .call('GET', '/_synapse/admin/v2/users?limit=1&guests=false', ASK_WHO)
        .catch((error: unknown) => {
          if (error instanceof HomeserverError && error.kind === 'token') return null
          throw error
        })
      if (reply !== null && !reply.granted) throw reply.error
      return { userId, admin: reply !== null, version }
    },

    async accountsManagedBy() {
      const task = 'check who manages the accounts'
      const [delegatedTo, own] = await Promise.all([issuer(), server.issuer(task)])
      if (delegatedTo === null)
        throw wrongSetUp(
          'delegated',
          'mas.server is set, but the homeserver at synapse.server manages its accounts itself; nothing was changed there. Remove mas from the configuration, or set matrix_authentication_service in homeserver.yaml.',
        )
      if (withoutSlash(delegatedTo) !== withoutSlash(own))
        throw wrongSetUp(
          'delegated',
          `The homeserver at synapse.server leaves its accounts to ${delegatedTo}, but mas.server is ${own}; nothing was changed there. Set mas.server to the address of ${delegatedTo}.`,
        )
      return `The homeserver leaves its accounts to MAS at ${own}`
    },
  }
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '')
