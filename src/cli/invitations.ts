import { readCodeWish } from '$lib/moderation/invitation'
import { refusalText } from '$lib/text/refusal-text'
import { moment, printJson, printLines } from './printed'
import { UsageError } from './usage'
import { withServices } from './with-services'

/** Creates an invitation code, and prints it: it cannot be read again. */
export async function createInvitation({
  note = '',
  uses = '',
  days = '',
  json = false,
}: {
  note?: string
  uses?: string
  days?: string
  json?: boolean
}): Promise<void> {
  const wish = readCodeWish({ note, uses, days })
  if (!wish.ok) throw new UsageError(refusalText(wish.refusal))
  const { id, code, link } = await withServices(async ({ invitations, config }) => {
    const made = await invitations.make({ ...wish.value, skipReview: false }, { kind: 'command_line' })
    const url = new URL('/register', config.site.url)
    url.searchParams.set('code', made.code)
    return { ...made, link: url.href }
  })
  if (json) printJson({ version: 1, id, code, link })
  else printLines(`Code: ${code}`, `Link: ${link}`, `ID: ${id}`, 'The code is not shown again')
}

/** Prints the valid codes, or (`over`) those that have ended, without the codes themselves. */
export async function listInvitations({ over = false, json = false }: { over?: boolean; json?: boolean }) {
  const listed = await withServices(async ({ invitations }) => {
    const found: Awaited<ReturnType<typeof invitations.page>>['items'] = []
    for (let before: string | null | undefined; before !== null;) {
      const page = await invitations.page({ over, skipping: true }, before)
      found.push(...page.items)
      before = page.next
    }
    return found.map(({ invitation, author }) => ({
      id: invitation.id,
      note: invitation.note,
      uses: invitation.uses,
      usesMaximum: invitation.usesMaximum,
      skipReview: invitation.skipReview,
      author,
      madeAt: moment(invitation.madeAt),
      expiresAt: invitation.expiresAt === null ? null : moment(invitation.expiresAt),
    }))
  })
  if (json) return printJson({ version: 1, invitations: listed })
  for (const { id, uses, usesMaximum, expiresAt, author, note } of listed)
    printLines(
      [
        id,
        `used ${uses} of ${usesMaximum ?? 'any number'}`,
        expiresAt === null ? 'never expires' : `until ${expiresAt}`,
        `by ${author ?? 'a deleted moderator'}`,
        note ?? '',
      ]
        .join('  ')
        .trimEnd(),
    )
  if (listed.length === 0) printLines('There are none')
}

/** Ends a code. */
export async function endInvitation(id: string): Promise<void> {
  const ended = await withServices(({ invitations }) =>
    invitations.end(id, { kind: 'command_line' }, () => true),
  )
  if (!ended.ok)
    throw new Error(`There is no invitation ${JSON.stringify(id)}; "invitations list" shows all of them`)
  printLines('Nobody can register with this code any more')
}
