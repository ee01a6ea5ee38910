import type { MasInspection } from '../homeserver/mas-inspection'
import type { HomeserverWorld } from './homeserver-world'

/** The checks of MAS, in their order. */
export const MAS_CHECKS = ['mas.address', 'mas.client', 'mas.admin_api', 'mas.domain']
/** Why the rest is not asked where one of them is not right. */
export const MAS_FIRST = 'the access to MAS has to be right first'

const CHECK_MAS =
  'Check mas.server, that MAS is running, and that this machine can reach it (curl it from here)'

/** Whether MAS can be reached, lets this program in, and is that of the homeserver. */
export async function checkMas({ report, config }: HomeserverWorld, mas: MasInspection): Promise<boolean> {
  const [address = '', client = '', adminApi = '', domain = ''] = MAS_CHECKS
  const steps = [
    {
      check: address,
      key: 'mas.server',
      look: async () => `MAS answers; people sign in at ${await mas.issuer()}`,
    },
    {
      check: client,
      key: 'mas.client_id',
      look: async () => {
        await mas.authenticate()
        return "MAS takes this program's client"
      },
    },
    {
      check: adminApi,
      key: 'mas.server',
      look: async () => `The admin API answers; MAS ${await mas.version()}`,
    },
  ]
  for (const [index, { check, key, look }] of steps.entries()) {
    const isRight = await report.look({ check, key, remedy: CHECK_MAS }, async (told) =>
      told.ok(check, key, await look()),
    )
    if (!isRight) {
      report.notAsked(MAS_CHECKS.slice(index + 1), MAS_FIRST)
      return false
    }
  }
  return report.look({ check: domain, key: 'mas.server', remedy: CHECK_MAS }, async (told) => {
    const name = await mas.serverName()
    if (name === config.synapse.domain) told.ok(domain, 'mas.server', `MAS manages the accounts of ${name}`)
    else
      told.error(domain, 'mas.server', {
        found: `MAS manages the accounts of ${name}, but synapse.domain is ${config.synapse.domain}`,
        remedy: `Set mas.server to the MAS of ${config.synapse.domain}`,
      })
  })
}
