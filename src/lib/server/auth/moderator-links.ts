import { randomUUID } from 'node:crypto'
import { parseEmail } from '$lib/registration/email'
import type { Language } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { DAY } from '$lib/registration/time'
import { insertJob } from '../database/jobs'
import {
  deleteModeratorTokens,
  findModeratorToken,
  insertModeratorToken,
  renewModeratorToken,
  type ModeratorTokenRow,
} from '../database/moderator-tokens'
import { findModerator } from '../database/moderators'
import type { Database, Reader, Transaction } from '../database/open'
import { purge } from '../database/purge'
import { hashToken, mintToken, type Token } from '../crypto/tokens'

/** The lifetime of a link to a moderator, in days. */
export const LINK_DAYS = 7

/** What a link in an email to a moderator is for. */
export type LinkPurpose = 'invitation' | 'address'

export type ModeratorLinks = ReturnType<typeof createModeratorLinks>

/** Links in emails to moderators: an invitation, or the confirmation of an address. Each works once. */
export function createModeratorLinks({
  database,
  clock,
  randomId = randomUUID,
}: {
  database: Database
  clock: () => number
  randomId?: () => string
}) {
  return {
    /** A link for an email: its token is created when the email is sent. Returns the email's ID. */
    async send(
      tx: Transaction,
      link: Pick<ModeratorTokenRow, 'purpose' | 'moderatorId' | 'email' | 'role' | 'createdBy'>,
      mail: 'invitation' | 'confirm_moderator',
      language: Language,
    ): Promise<{ id: string; mail: string }> {
      const id = randomId()
      const email = parseEmail(link.email ?? '')
      if (email === null) throw new Error('A link to a moderator needs an email address')
      const now = clock()
      const times = { createdAt: now, expiresAt: now + LINK_DAYS * DAY }
      await insertModeratorToken(tx, { ...link, ...times, id, hash: `unsent ${id}` })
      const job = { kind: 'mail', mail, link: id, email, language } as const
      const mailId = randomId()
      await insertJob(tx, job, { id: mailId, registrationId: null, now, rest: 0 })
      return { id, mail: mailId }
    },

    /** The link that a token opens, or why it does not. */
    async open(reader: Reader, token: Token, purpose: LinkPurpose): Promise<Result<ModeratorTokenRow>> {
      const row = await findModeratorToken(reader, hashToken(token), purpose)
      if (row === null) return refuse({ code: 'link_broken' })
      if (row.spentAt !== null) return refuse({ code: 'link_spent' })
      return row.expiresAt <= clock() ? refuse({ code: 'link_expired' }) : accept(row)
    },

    /** Whether this link was ever sent, whatever became of it. */
    isKnown: (token: Token, purpose: LinkPurpose): Promise<boolean> =>
      database.read(async (reader) => (await findModeratorToken(reader, hashToken(token), purpose)) !== null),

    /** A token for the email of a link, and whom it is about; null if the link is no longer valid. */
    async mint(id: string) {
      const { plain: token, hash } = mintToken()
      return database.write(async (tx) => {
        const row = await renewModeratorToken(tx, id, hash, clock() + LINK_DAYS * DAY)
        if (row === null) return null
        const by = row.createdBy === null ? null : await findModerator(tx, row.createdBy)
        const whose = row.moderatorId === null ? null : await findModerator(tx, row.moderatorId)
        return { token, role: row.role, by: by?.username ?? null, username: whose?.username ?? null }
      })
    },

    /** Deletes links that expired a week ago. */
    deleteOld: () =>
      purge(database, (tx, limit) => deleteModeratorTokens(tx, clock() - LINK_DAYS * DAY, limit)),
  }
}
