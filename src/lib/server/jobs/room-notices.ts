import type { Language } from '$lib/registration/language'
import type { NewJob } from '$lib/registration/job'
import type { Registration } from '$lib/registration/registration'
import { withoutLinks, withoutLinksInAddress, withoutLinksInId } from '$lib/registration/linkable'
import { matrixId } from '$lib/registration/username'
import { withoutDirections } from '$lib/moderation/visible-text'
import { momentText } from '$lib/text/moment'
import { m } from '$lib/paraglide/messages'
import type { OpeningNews } from '../mail/mail'
import { openingWords } from '../mail/opening-words'
import { fillTemplate } from '../text/template'
import type { Waiting } from '../database/registrations'
import type { Homeserver } from '../homeserver/homeserver'
import type { Outage } from '../outages/circuit-breaker'
import type { Registrar } from '../registrations/registrar'
import type { JobResult } from '../registrations/job-results'
import { HOUR } from '$lib/registration/time'

export type RoomNotices = ReturnType<typeof createRoomNotices>

const DONE: JobResult = { state: 'done' }
const off: JobResult = {
  state: 'cancelled',
  reason: 'Messages of this kind are turned off in the configuration',
}

/** Jobs that send messages to Matrix rooms. The job's ID is the transaction ID, so that a repeat sends once. */
export function createRoomNotices({
  registrar,
  homeserver,
  site,
  settings,
}: {
  registrar: Registrar
  homeserver: Homeserver
  site: { name: string; url: string; language: Language }
  settings: {
    readonly adminRoom: { readonly room: string; readonly template: string | null } | null
    readonly welcome: { readonly room: string | null; readonly template: string } | null
  }
}) {
  const { domain } = homeserver
  const link = (id: string) => `${site.url}/admin/registrations/${id}`

  /** One request by the operator's template, or in our words with username and link only: a room keeps it forever. */
  function one(registration: Registration, template: string | null): string {
    const { id, username, email, reason } = registration
    const values = {
      username: withoutLinks(username),
      matrix_domain: domain,
      email: withoutLinksInAddress(email),
      reason: withoutLinks(withoutDirections(reason ?? '')),
      admin_url: link(id),
    }
    const text = template === null ? '' : fillTemplate(template, values).trim()
    const named = { matrixId: withoutLinksInId(matrixId(username, domain)), link: link(id) }
    if (text !== '') return text
    const words = registration.exchange === 'answered' ? m.room_answered : m.room_new_request
    return words(named, { locale: site.language })
  }

  return {
    /** Notifies the moderators' room of requests still waiting: a single one individually, several by their number. */
    async waiting(waiting: Waiting, id: string): Promise<JobResult> {
      const room = settings.adminRoom
      if (room === null) return off
      const [first] = waiting.some
      if (first === undefined || waiting.recent === 0)
        return { state: 'cancelled', reason: 'All of them are decided' }
      const { count, oldest, recent } = waiting
      const hours = Math.floor((registrar.now() - oldest) / HOUR)
      const text =
        recent === 1
          ? one(first, room.template)
          : m.room_new_requests({ count, hours, link: `${site.url}/admin` }, { locale: site.language })
      await homeserver.sendMessage(room.room, id, { text })
      return DONE
    },

    /** Welcomes a new account, in the configured room or in a direct chat. */
    async welcome({ username }: Registration, id: string): Promise<JobResult> {
      if (settings.welcome === null) return off
      // In a direct chat, there is nobody whom a username could lead somewhere.
      const name = settings.welcome.room === null ? username : withoutLinks(username)
      const named = { username: name, matrix_domain: domain }
      const text = fillTemplate(settings.welcome.template, named).trim()
      const room = settings.welcome.room ?? (await homeserver.directRoom(username, id))
      await homeserver.sendMessage(room, id, { text })
      return DONE
    },

    async outage({ since, reason, waiting }: Outage, id: string): Promise<JobResult> {
      if (settings.adminRoom === null) return off
      const { language } = site
      const values = { since: momentText(since, language, 'UTC'), reason, count: waiting }
      await homeserver.sendMessage(settings.adminRoom.room, id, {
        text: m.room_mail_outage(values, { locale: language }),
      })
      return DONE
    },

    async opening({ open, why, until, waiting }: OpeningNews, id: string): Promise<JobResult> {
      if (settings.adminRoom === null) return off
      const { language } = site
      const lines = [
        open
          ? m.mail_opening_opened({}, { locale: language })
          : m.mail_opening_closed({}, { locale: language }),
        ...openingWords({ open, why, until, waiting }, language),
        `${site.url}/admin/intake`,
      ]
      await homeserver.sendMessage(settings.adminRoom.room, id, { text: lines.join(' ') })
      return DONE
    },

    async autoJoin(job: Extract<NewJob, { kind: 'warn_auto_join' }>, id: string): Promise<JobResult> {
      if (settings.adminRoom === null) return off
      const values = { matrixId: withoutLinksInId(matrixId(job.username, domain)), count: job.rooms.length }
      await homeserver.sendMessage(settings.adminRoom.room, id, {
        text: m.room_auto_join(values, { locale: site.language }),
      })
      return DONE
    },
  }
}
