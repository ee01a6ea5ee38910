import { describe, expect, test } from 'vitest'
import { checkSetUp } from '$lib/server/homeserver/set-up'
import { createSynapse } from '$lib/server/homeserver/synapse'
import { errorOf } from '../support/homeserver-error'

const from = (name: string) => process.env[`MAS_SYNAPSE_${name}`] ?? ''

/** A real Synapse that leaves its accounts to MAS, where MAS_SYNAPSE_URL, _DOMAIN and _ADMIN_TOKEN name one. */
describe.runIf(from('URL') !== '')('on a real Synapse with MAS', () => {
  test('that it leaves its accounts to another service is seen, and told', async () => {
    const homeserver = createSynapse({
      url: from('URL'),
      domain: from('DOMAIN'),
      token: from('ADMIN_TOKEN'),
      verifyCert: true,
    })
    expect(await errorOf(checkSetUp(homeserver))).toMatchObject({
      kind: 'delegated',
      permanent: true,
      outage: true,
    })
  })
})
