import * as v from 'valibot'
import type { BotStore } from '$lib/moderation/room-bot'
import { usernameSchema } from '$lib/registration/username'
import type { Config } from './derive'

/**
 * How the homeserver is reached and by whom, as its client takes it. `botStore` keeps what is known of the account that
 * speaks in rooms.
 */
export function homeserverOptions(
  { synapse, mas, consent, roomBot }: Pick<Config, 'synapse' | 'mas' | 'consent' | 'roomBot'>,
  botStore: BotStore,
) {
  return {
    url: synapse.server,
    domain: synapse.domain,
    token: synapse.adminToken,
    verifyCert: synapse.ca ?? synapse.verifyCert,
    mas: mas === null ? null : { ...mas, url: mas.server, account: v.parse(usernameSchema, mas.account) },
    bot:
      roomBot === null || roomBot.account === undefined
        ? roomBot
        : { account: v.parse(usernameSchema, roomBot.account), store: botStore },
    ...(consent === null ? {} : { formSecret: consent.formSecret }),
  }
}
