import { parseEmail } from '$lib/registration/email'
import type { DifferenceCode } from '$lib/registration/differences'
import { matrixId, parseUsername, type Username } from '$lib/registration/username'
import type { Disagreement, NoAdoption } from '$lib/server/registrations/reconcile'
import { UsageError } from './usage'
import { withServices } from './with-services'

/** For each difference: what it means (the text follows the name), and what `--mend` does. */
const WORDS: Record<DifferenceCode, { means: string; mending: string }> = {
  not_opened: {
    means: 'is approved, but no task is queued to unlock the account',
    mending: 'unlocks it and does everything that follows an approval',
  },
  found_open: {
    means:
      'is active on the homeserver, but its request is still waiting here: it was approved after the backup was made, or unlocked by an operator',
    mending: 'marks the registration as completed, without sending an email',
  },
  found_removed: {
    means:
      'is waiting for a decision or on probation here, but its account is deactivated on the homeserver: it was denied or withdrawn after the backup was made, or deactivated by an operator',
    mending: 'marks the registration as denied, without sending an email, and frees the username and email',
  },
  found_unsuspended: {
    means:
      'is on probation here, but its account is not suspended on the homeserver: that was ended after the backup was made, or by an operator',
    mending: 'ends the probation, without sending an email',
  },
  not_unsuspended: {
    means: 'had its probation ended, but its account is still suspended, and no task is queued to lift that',
    mending: 'lifts the suspension',
  },
  name_taken: {
    means: 'is reserved by a registration here, but an account that was not created for it has the username',
    mending: 'lets the applicant choose another username; the account stays as it is',
  },
  account_missing: {
    means: 'has a registration here, but neither its account nor its password is on the homeserver',
    mending: 'emails the applicant a link to set the password again, if they are past that step',
  },
  nothing_there: {
    means:
      'is recorded as ours, but there is no such account on the homeserver, and nobody is waiting for it',
    mending: 'deletes the record',
  },
  locked_again: {
    means:
      "was unlocked here, but is locked on the homeserver without the applicant's email: either the homeserver was restored from an older backup, or somebody locked it",
    mending: 'Nothing is changed; if nobody locked it on purpose, unlock it on the homeserver',
  },
  not_removed: {
    means:
      'was created here and never unlocked, nobody is waiting for it, and no task is queued to remove it',
    mending: 'removes it',
  },
  cannot_open: {
    means: 'is approved, but its account was deactivated on the homeserver',
    mending:
      'Nothing is changed; a moderator must approve the request again, so that a new password is set, or deny it',
  },
  in_hands: {
    means:
      'was created here and never unlocked here, but somebody else has it: it was unlocked, used, or changed on the homeserver',
    mending:
      'hands it to the moderators and never changes it; an applicant waiting for it chooses another username',
  },
  back_locked: {
    means: 'was removed here, but is still on the homeserver, locked',
    mending: 'removes it again',
  },
  back_open: {
    means: 'was removed here, but is active on the homeserver: somebody has it',
    mending: 'deletes the record, so that it is never given to somebody else',
  },
  unknown_lock: {
    means:
      'is locked on the homeserver and unknown here: it was created here after the backup, or locked by an operator for other reasons',
    mending:
      'hands it to the moderators, who remove it or leave it as it is; --adopt makes a request of it instead',
  },
}

const NOT_ADOPTED: Record<NoAdoption['why'], string> = {
  not_locked: 'is not a locked account on the homeserver',
  known: 'is known here: reconcile says whether anything is to be done',
  no_address: 'has no email address of its own (name it with --email), several, or another one',
  address_taken: 'has the email address of a registration in progress',
  signs: 'is, or was, used by somebody, so it stays as it is',
}

/** Lists the differences between homeserver and database, and repairs them if asked to. Throws if some are left. */
export async function reconcile(options: {
  mend?: boolean
  only?: string
  adopt?: string
  email?: string
}): Promise<void> {
  if (options.adopt !== undefined) return adopt(options.adopt, options.email ?? null)
  if (options.email !== undefined) throw new UsageError('--email goes with --adopt')
  const left = await withServices(async ({ reconciliation, homeserver: { domain } }) => {
    const only = options.only === undefined ? null : readName(options.only, domain, '--only')
    const differences = await reconciliation.list(only)
    let left = differences.length
    for (const difference of differences) {
      const tried = options.mend === true && (only !== null || !difference.byNameOnly)
      const mended = tried && (await reconciliation.mend(difference))
      if (mended) left -= 1
      const end = mended ? 'Repaired.' : remedy(difference, tried)
      const id = matrixId(difference.username, domain)
      process.stdout.write(`${id} ${WORDS[difference.code].means}. ${end}\n`)
    }
    if (differences.length === 0) process.stdout.write('The homeserver and the database agree\n')
    else if (left === 0) process.stdout.write('Everything is repaired; the running server does the rest\n')
    return left
  })
  if (left > 0) throw new Error(left === 1 ? '1 difference is left' : `${left} differences are left`)
}

/** Makes a waiting request of a locked account. Throws if it cannot be one. */
async function adopt(typed: string, typedEmail: string | null): Promise<void> {
  const address = typedEmail === null ? null : parseEmail(typedEmail)
  if (typedEmail !== null && address === null)
    throw new UsageError(`--email needs an email address; "${typedEmail}" is none`)
  await withServices(async ({ reconciliation, homeserver: { domain } }) => {
    const name = readName(typed, domain, '--adopt')
    const no = await reconciliation.adopt(name, address)
    const id = matrixId(name, domain)
    if (no !== null)
      throw new Error(`${id} ${NOT_ADOPTED[no.why]}${no.why === 'signs' ? ` (${no.signs.join(', ')})` : ''}`)
    process.stdout.write(`${id} waits for a decision now; the running server tells the moderators\n`)
  })
}

function readName(typed: string, domain: string, option: string): Username {
  const parsed = parseUsername(typed, domain)
  if (parsed.ok) return parsed.value
  throw new UsageError(`${option} needs a username on ${domain}; "${typed}" cannot be one`)
}

/** What to do about a difference that is left. */
function remedy({ username, code, mend, byNameOnly }: Disagreement, tried: boolean): string {
  const { mending } = WORDS[code]
  if (mend === null) return `${mending}.`
  if (tried) return 'It changed while it was being checked, so it was left as it is; run reconcile again.'
  return byNameOnly ? `--mend skips it; --mend --only ${username} ${mending}.` : `--mend ${mending}.`
}
