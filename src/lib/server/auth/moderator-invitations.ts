import type { Role } from '$lib/moderation/moderator'
import { readEmail, type EmailAddress } from '$lib/registration/email'
import type { Language } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { byAuthor, type AuditEvent } from '$lib/registration/registration'
import type { Hashing } from '../crypto/hash-queue'
import type { Token } from '../crypto/tokens'
import { insertEvents } from '../database/events'
import { findInvitations, spendInvitationsTo, spendModeratorToken } from '../database/moderator-tokens'
import { findModeratorByEmail } from '../database/moderators'
import type { Database, Transaction } from '../database/open'
import type { ModeratorMails } from '../rate-limits/moderator-mails'
import type { ModeratorAccounts } from './moderator-accounts'
import type { ModeratorLinks } from './moderator-links'
import { weaknessOf } from './moderator-password'
import { isModeratorName, moderatorName } from './moderator-name'
import type { Entered, From, Sessions } from './sessions'

export type ModeratorInvitations = ReturnType<typeof createModeratorInvitations>

/** Invitations to become a moderator: made and withdrawn by administrators, and followed by whom they are for. */
export function createModeratorInvitations({
  database,
  sessions,
  hashing,
  clock,
  mails,
  accounts,
  links,
}: {
  database: Database
  sessions: Pick<Sessions, 'start'>
  hashing: Pick<Hashing, 'hashOfKnown'>
  clock: () => number
  mails: ModeratorMails
  accounts: Pick<ModeratorAccounts, 'add'>
  links: Pick<ModeratorLinks, 'send' | 'open'>
}) {
  const say = (tx: Transaction, by: string, event: AuditEvent) =>
    insertEvents(tx, null, [event], byAuthor(by), clock())

  /**
   * Invites within a transaction, in place of any other invitation to the same address; nothing is refused or counted.
   * `by`: a moderator's ID, or `COMMAND_LINE`. `from`: who this is in another program, for the audit log.
   */
  async function inviteIn(
    tx: Transaction,
    { email, role, language, from }: { email: EmailAddress; role: Role; language: Language; from?: string },
    by: string,
  ): Promise<{ id: string; mail: string }> {
    await spendInvitationsTo(tx, email, clock())
    const link = { purpose: 'invitation', moderatorId: null, email, role, createdBy: by } as const
    const sent = await links.send(tx, link, 'invitation', language)
    await say(tx, by, { kind: 'moderator_invited', detail: { role, ...(from !== undefined && { from }) } })
    return sent
  }

  return {
    /** Those that are open. */
    list: () =>
      database.read(async (reader) =>
        (await findInvitations(reader, clock())).map(({ hash: _, ...row }) => row),
      ),

    /**
     * Returns the IDs of the invitation and of its email. Refuses `moderator_known`, `too_many_mails`, and invalid
     * addresses like `readEmail`.
     */
    async invite(
      wish: { email: string; role: Role; language: Language },
      by: string,
    ): Promise<Result<{ id: string; mail: string }>> {
      const read = readEmail(wish.email)
      if (!read.ok) return read
      const email = read.value
      const mail = await mails.take('invitation', by, email)
      if (!mail.ok) return mail
      return database.write(async (tx) => {
        if ((await findModeratorByEmail(tx, email)) !== null) return refuse({ code: 'moderator_known' })
        return accept(await inviteIn(tx, { ...wish, email }, by))
      })
    },

    inviteIn,

    async withdraw(id: string, by: string): Promise<Result<null>> {
      return database.write(async (tx) => {
        const invitation = (await findInvitations(tx, clock())).find((row) => row.id === id)
        if (invitation === undefined) return refuse({ code: 'not_found' })
        await spendModeratorToken(tx, invitation.hash, clock())
        await say(tx, by, { kind: 'invitation_withdrawn' })
        return accept(null)
      })
    },

    /** What an invitation is for. */
    invitation: (token: Token) =>
      database.read(async (reader) => {
        const found = await links.open(reader, token, 'invitation')
        return found.ok
          ? accept({ email: found.value.email ?? '', role: found.value.role ?? 'moderator' })
          : found
      }),

    /**
     * The email counts as confirmed, because the link was sent there. Starts a session for the new moderator. Nothing
     * is hashed without a valid link.
     */
    async join(
      token: Token,
      { username, password }: { username: string; password: string },
      from: From,
    ): Promise<Result<Entered>> {
      const name = moderatorName(username)
      const invited = await database.read((reader) => links.open(reader, token, 'invitation'))
      if (!invited.ok) return invited
      if (!isModeratorName(name)) return refuse({ code: 'moderator_name_invalid' })
      const weak = await weaknessOf(password, name)
      if (weak !== null) return refuse(weak)
      const hashed = await hashing.hashOfKnown(password)
      if (!hashed.ok) return hashed
      const passwordHash = hashed.value
      return database.write(async (tx) => {
        const found = await links.open(tx, token, 'invitation')
        if (!found.ok) return found
        const { email, role, hash } = found.value
        const added = await accounts.add(
          tx,
          {
            username: name,
            email: email ?? '',
            emailConfirmedAt: clock(),
            passwordHash,
            role: role ?? 'moderator',
          },
          'itself',
        )
        if (!added.ok) return added
        await spendModeratorToken(tx, hash, clock())
        const { id } = added.value
        return accept({ id, cookie: await sessions.start(tx, id, from) })
      })
    },
  }
}
