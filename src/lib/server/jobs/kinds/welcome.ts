import type { JobOf } from '$lib/registration/job'
import { withoutLinks } from '$lib/registration/linkable'
import { fillTemplate } from '../../text/template'
import { DONE, REMOVED, withRegistration, type JobServices } from '../run'
import { OFF } from '../to-moderators'

/** Welcomes a new account, in the configured room or in a direct chat. */
export const welcome = withRegistration<
  JobOf<'welcome'>,
  Pick<JobServices, 'database' | 'homeserver' | 'rooms'>
>(async ({ username, account }, { homeserver, rooms: { welcome } }, _, id) => {
  if (account === 'removed') return REMOVED
  if (welcome === null) return OFF
  // In a direct chat, there is nobody whom a username could lead somewhere.
  const name = welcome.room === null ? username : withoutLinks(username)
  const named = { username: name, matrix_domain: homeserver.domain }
  const text = fillTemplate(welcome.template, named).trim()
  const room = welcome.room ?? (await homeserver.directRoom(username, id))
  await homeserver.sendMessage(room, id, { text })
  return DONE
})
