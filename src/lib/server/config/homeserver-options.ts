import * as v from 'valibot'
import { usernameSchema } from '$lib/registration/username'
import type { Config } from './derive'

/** How the homeserver is reached and by whom, as its client takes it. */
export function homeserverOptions({ synapse, mas, consent }: Pick<Config, 'synapse' | 'mas' | 'consent'>) {
  return {
    url: synapse.server,
    domain: synapse.domain,
    token: synapse.adminToken,
    verifyCert: synapse.ca ?? synapse.verifyCert,
    mas: mas === null ? null : { ...mas, url: mas.server, account: v.parse(usernameSchema, mas.account) },
    ...(consent === null ? {} : { formSecret: consent.formSecret }),
  }
}
