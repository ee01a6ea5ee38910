import { m } from '$lib/paraglide/messages'
import { COMMAND_LINE } from '$lib/registration/registration'

/** Who did something: a moderator by username, or the command line. */
export const authorText = (name: string): string =>
  name === COMMAND_LINE ? m.history_who_command_line() : name
