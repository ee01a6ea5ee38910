import { randomUUID } from 'node:crypto'
import type { Hashing } from '../crypto/hash-queue'
import { findInvitations } from '../database/moderator-tokens'
import { findLastSeen, findModerators } from '../database/moderators'
import type { Database } from '../database/open'
import { findPasskeyHolders } from '../database/passkeys'
import type { ModeratorMails } from '../rate-limits/moderator-mails'
import { createModeratorAccounts } from './moderator-accounts'
import { createModeratorInvitations } from './moderator-invitations'
import { createModeratorLinks } from './moderator-links'
import { createOwnAccount } from './own-account'

export type People = ReturnType<typeof createPeople>

/**
 * Moderators' accounts as moderators and administrators manage them: invitations, roles, access; and each one's own
 * password, email and sessions. Everything is recorded in the audit log.
 */
export function createPeople({
  database,
  hashing,
  clock,
  mails,
  randomId = randomUUID,
}: {
  database: Database
  hashing: Pick<Hashing, 'hashOfKnown' | 'verifyOfKnown'>
  clock: () => number
  mails: ModeratorMails
  randomId?: () => string
}) {
  const accounts = createModeratorAccounts({ database, clock, randomId })
  const links = createModeratorLinks({ database, clock, randomId })
  const { setRole, setDisabled, signOut, setPreferences } = accounts
  const { isLink, mintLink, deleteOld } = links
  return {
    setRole,
    setDisabled,
    signOut,
    setPreferences,
    isLink,
    mintLink,
    deleteOld,
    ...createModeratorInvitations({ database, hashing, clock, mails, accounts, links }),
    ...createOwnAccount({ database, hashing, clock, mails, accounts, links }),

    /** All moderators, disabled ones included, with when they were last seen; and open invitations. */
    async list() {
      return database.read(async (reader) => {
        const seen = await findLastSeen(reader)
        const holders = await findPasskeyHolders(reader)
        const people = (await findModerators(reader)).map((row) => ({
          id: row.id,
          username: row.username,
          email: row.email,
          role: row.role,
          confirmed: row.emailConfirmedAt !== null,
          secondFactor: row.totpSince !== null || holders.has(row.id),
          disabledAt: row.disabledAt,
          seenAt: seen.get(row.id) ?? null,
        }))
        const invitations = (await findInvitations(reader, clock())).map(({ hash: _, ...row }) => row)
        return { people, invitations }
      })
    },
  }
}
