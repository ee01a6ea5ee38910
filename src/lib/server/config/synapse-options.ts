import type { Config } from './derive'

/** How Synapse is reached and by whom, as its client takes it. */
export function synapseOptions({ synapse, consent }: Pick<Config, 'synapse' | 'consent'>) {
  return {
    url: synapse.server,
    domain: synapse.domain,
    token: synapse.adminToken,
    verifyCert: synapse.ca ?? synapse.verifyCert,
    ...(consent === null ? {} : { formSecret: consent.formSecret }),
  }
}
