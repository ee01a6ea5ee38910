import { refuse, type Refusal, type Refused } from '$lib/registration/refusal'
import { COMMAND_LINE } from '$lib/registration/registration'
import { findModerator, findModerators } from '../database/moderators'
import type { Database } from '../database/open'

export type Usernames = ReturnType<typeof createUsernames>

/** Moderators' usernames: rows and refusals name them by ID, and people read names. */
export function createUsernames({ database }: { database: Database }) {
  const of = async (id: string): Promise<string | null> =>
    id === COMMAND_LINE
      ? COMMAND_LINE
      : ((await database.read((reader) => findModerator(reader, id)))?.username ?? null)

  async function inRefusal(refusal: Refusal): Promise<Refusal> {
    if (refusal.code === 'claimed') return { ...refusal, by: (await of(refusal.by)) ?? refusal.by }
    if (refusal.code !== 'already_decided' || refusal.by === null) return refusal
    return { ...refusal, by: await of(refusal.by) }
  }

  return {
    /** Null if there is no such moderator; `COMMAND_LINE` for the command line. */
    of,

    /** Everybody, disabled moderators included, by username. */
    all: () =>
      database.read(async (reader) =>
        (await findModerators(reader)).map(({ id, username }) => ({ id, username })),
      ),

    /** The refusal with the username of the moderator whom it names. */
    in: async (refused: Refused): Promise<Refused> => refuse(await inRefusal(refused.refusal)),
  }
}
