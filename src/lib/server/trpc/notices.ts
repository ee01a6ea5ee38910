import * as v from 'valibot'
import { noticesSchema, REMIND_HOURS } from '$lib/moderation/notices'
import { refuse } from '$lib/registration/refusal'
import { insertEvents } from '../database/events'
import { findModerator } from '../database/moderators'
import { updateNotices } from '../database/notices'
import { refusalError } from './refusal-error'
import { signedInProcedure, router } from './t'

/** Which email a moderator gets: everybody sets their own. */
export const noticesRouter = router({
  /** `confirmed`: whether the address is verified; without that no email is sent. */
  get: signedInProcedure.query(async ({ ctx }) => {
    const { database } = ctx.services
    const row = await database.read((reader) => findModerator(reader, ctx.moderator.id))
    if (row === null) throw refusalError(refuse({ code: 'not_found' }))
    const { email, notices, remindHours, language, emailConfirmedAt } = row
    return { email, notices, remindHours, language, confirmed: emailConfirmedAt !== null }
  }),

  set: signedInProcedure.input(v.parser(noticesSchema)).mutation(async ({ ctx, input }) => {
    const { remindHours } = input
    const { minimum, maximum } = REMIND_HOURS
    const isWrong = (hours: number) => !Number.isInteger(hours) || hours < minimum || hours > maximum
    if (remindHours !== null && isWrong(remindHours))
      throw refusalError(refuse({ code: 'remind_hours_wrong', minimum, maximum }))
    const { database, registrar } = ctx.services
    const actor = { kind: 'moderator', id: ctx.moderator.id } as const
    const detail = { notices: input.notices, remind_hours: remindHours ?? 0, language: input.language }
    await database.write(async (tx) => {
      await updateNotices(tx, ctx.moderator.id, input)
      await insertEvents(tx, null, [{ kind: 'settings_changed', detail }], actor, registrar.now())
    })
  }),
})
