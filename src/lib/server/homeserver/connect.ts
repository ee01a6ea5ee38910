import { givenToken } from './access-token'
import type { Homeserver } from './homeserver'
import type { HomeserverInspection } from './inspection'
import { connectMas, createMasHomeserver, type MasHomeserverOptions } from './mas'
import { createMasInspection, type MasInspection } from './mas-inspection'
import { CALL_TIMEOUT_MS, createSynapse, type SynapseOptions } from './synapse'
import { createSynapseInspection } from './synapse-inspection'

/** A homeserver, whoever manages its accounts: Synapse itself (`mas` is null), or MAS. */
export type HomeserverOptions = Omit<SynapseOptions, 'token'> &
  Omit<MasHomeserverOptions, 'mas' | 'token'> & {
    /** An access token for Synapse; never null without `mas`. */
    token: string | null
    mas: MasHomeserverOptions['mas'] | null
  }

/** What is asked of a homeserver, and what only a check of the set-up asks of it and of MAS (null: there is none). */
export interface Connected {
  homeserver: Homeserver
  inspection: HomeserverInspection
  mas: MasInspection | null
}

/** Throws at once only if the certificate file cannot be read. */
export function connectHomeserver({ mas, token, ...options }: HomeserverOptions): Connected {
  const { timeout = CALL_TIMEOUT_MS } = options
  if (mas === null) {
    const given = token ?? ''
    return {
      homeserver: createSynapse({ ...options, token: given }),
      inspection: createSynapseInspection({ ...options, timeout, token: givenToken(given) }),
      mas: null,
    }
  }
  const connection = connectMas({ ...options, token, mas })
  const synapse = createSynapseInspection({ ...options, timeout, token: connection.access })
  return { homeserver: createMasHomeserver(connection), ...createMasInspection(connection, synapse) }
}
