import { REMIND_HOURS, type NoticesWish } from '$lib/moderation/notices'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { insertEvents } from '../database/events'
import { findModerator } from '../database/moderators'
import { updateNotices } from '../database/notices'
import type { Database } from '../database/open'
import { byModerator } from '$lib/registration/registration'

/** Which email a moderator gets: everybody sets their own. */
export function createNotificationSettings({ database, clock }: { database: Database; clock: () => number }) {
  return {
    /** `confirmed`: whether the address is verified; without that no email is sent. Null: no such moderator. */
    async of(id: string) {
      const row = await database.read((reader) => findModerator(reader, id))
      if (row === null) return null
      const { email, notices, remindHours, language, emailConfirmedAt } = row
      return { email, notices, remindHours, language, confirmed: emailConfirmedAt !== null }
    },

    /** Refuses hours beyond `REMIND_HOURS`. */
    async set(id: string, wish: NoticesWish): Promise<Result<null>> {
      const { notices, remindHours, language } = wish
      const { minimum, maximum } = REMIND_HOURS
      const isWrong = (hours: number) => !Number.isInteger(hours) || hours < minimum || hours > maximum
      if (remindHours !== null && isWrong(remindHours))
        return refuse({ code: 'remind_hours_wrong', minimum, maximum })
      const detail = { notices, remind_hours: remindHours ?? 0, language }
      await database.write(async (tx) => {
        await updateNotices(tx, id, wish)
        const event = { kind: 'settings_changed', detail } as const
        await insertEvents(tx, null, [event], byModerator(id), clock())
      })
      return accept(null)
    },
  }
}
