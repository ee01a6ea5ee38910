import type { Role } from '$lib/moderation/moderator'
import { parseEmail, type EmailAddress } from '$lib/registration/email'
import type { DjangoModerator } from './rows'

/** Who moderates here already, and who was invited. */
export interface ModeratorsHere {
  /** What a moderator's username becomes here. */
  nameOf: (username: string) => string
  /** Usernames and email addresses of moderators, disabled ones included. */
  usernames: ReadonlySet<string>
  addresses: ReadonlySet<string>
  /** Email addresses with an open invitation. */
  invited: ReadonlySet<string>
  /** The ID by which an invitation is remembered, and those that were invited. */
  idOf: (row: DjangoModerator) => string
  known: ReadonlySet<string>
}

/** What becomes of a moderator of there: invited, if the operator wants so (`taken`), invited before, or left out. */
export type PlannedModerator = { row: DjangoModerator; id: string; notes: string[] } & (
  { outcome: 'taken'; email: EmailAddress; role: Role } | { outcome: 'known' } | { outcome: 'left_out' }
)

/** Plans whom to invite; pure. The passwords of there cannot be used: they are hashed in another way. */
export function planModerators(rows: readonly DjangoModerator[], here: ModeratorsHere): PlannedModerator[] {
  const inFile = new Set<EmailAddress>()
  for (const row of rows) {
    const email = parseEmail(row.email)
    if (email !== null && here.known.has(here.idOf(row))) inFile.add(email)
  }
  return rows.map((row): PlannedModerator => {
    const id = here.idOf(row)
    const out = (why: string): PlannedModerator => ({ row, id, outcome: 'left_out', notes: [why] })
    if (here.known.has(id)) return { row, id, outcome: 'known', notes: ['invited before'] }
    if (!row.is_active) return out('not active there')
    const role = roleOf(row)
    if (role === null) return out('neither staff nor superuser there')
    if (here.usernames.has(here.nameOf(row.username))) return out('there is a moderator with this username')
    if (row.email.trim() === '') return out('no email address')
    const email = parseEmail(row.email)
    if (email === null) return out('its email address cannot be used')
    if (here.addresses.has(email)) return out('there is a moderator with this email address')
    if (inFile.has(email)) return out('another moderator of the file has the same email address')
    inFile.add(email)
    if (here.invited.has(email)) return { row, id, outcome: 'known', notes: ['an invitation is open'] }
    return { row, id, outcome: 'taken', email, role, notes: [] }
  })
}

function roleOf({ is_superuser: isSuperuser, is_staff: isStaff }: DjangoModerator): Role | null {
  if (isSuperuser) return 'administrator'
  return isStaff ? 'moderator' : null
}
