import type { HomeserverInspection } from './inspection'
import type { MasCall } from './mas-call'
import { createMasServer } from './mas-server'

/** What only a check of the set-up asks of MAS. Every method throws `HomeserverError` and nothing else. */
export interface MasInspection {
  /** Whether MAS answers at its address; needs no token. Answers where its users sign in. */
  issuer(): Promise<string>
  /** Whether it lets this program in. */
  authenticate(): Promise<void>
  /** Whether its admin API answers; its version. */
  version(): Promise<string>
  /** The homeserver that it manages the accounts of. */
  serverName(): Promise<string>
}

/** Asks MAS (1.22) what Synapse does not know where MAS manages the accounts. */
export function createMasInspection(
  { mas }: { mas: MasCall },
  synapse: HomeserverInspection,
): { inspection: HomeserverInspection; mas: MasInspection } {
  const server = createMasServer(mas)
  return {
    inspection: {
      ...synapse,
      remedies: {
        passwordLogin: "Set passwords.enabled: true in MAS's config.yaml",
        ownRegistration: "Set account.password_registration_enabled: false in MAS's config.yaml",
        upstreamRegistration:
          "Remove them from upstream_oauth2.providers in MAS's config.yaml, or restrict there or at these services who may register",
      },
      signsInByPassword: async () => (await server.siteConfig('ask how people sign in')).passwordLogin,
      ownRegistration: async () => (await server.siteConfig('ask who can register')).registration,
      upstreamProviders: () => server.upstreamProviders('ask for the single sign-on providers'),
    },
    mas: {
      issuer: () => server.issuer('find MAS'),
      authenticate: () => mas.authenticate(),
      version: () => server.version('ask MAS for its version'),
      serverName: async () => (await server.siteConfig('ask MAS for its homeserver')).serverName,
    },
  }
}
