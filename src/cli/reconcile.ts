import type { DifferenceCode } from '$lib/registration/differences'
import { matrixId, parseUsername, type Username } from '$lib/registration/username'
import type { Disagreement } from '$lib/server/registrations/reconcile'
import { readOptions, UsageError } from './usage'
import { withServices } from './with-services'

/** Of each difference: what it is and means, which follows the name, and what `--mend` does. */
const WORDS: Record<DifferenceCode, { means: string; mending: string }> = {
  not_opened: {
    means: 'is approved, but nothing is on its way that opens the account',
    mending: 'opens it, with all that follows an approval',
  },
  found_open: {
    means:
      'is open at the homeserver, while its registration still waits here: it was approved after this copy was made, or opened by an operator',
    mending: 'takes note: the registration is completed, without a mail',
  },
  found_removed: {
    means:
      'waits for a decision here, but its account is removed at the homeserver: it was denied or withdrawn after this copy was made, or deactivated by an operator',
    mending: 'takes note: the registration is denied, without a mail, and name and address can be used again',
  },
  name_taken: {
    means: 'is held by a registration here, but an account that was not made for it has the name',
    mending: 'lets the applicant pick another name; the account stays as it is',
  },
  account_missing: {
    means: 'has a registration here, but its account is not at the homeserver, nor is its password',
    mending: 'mails the applicant, where they are past that step, a link to set the password again',
  },
  nothing_there: {
    means: 'is in the ledger, but there is no such account at the homeserver, and nobody waits for it',
    mending: 'strikes it from the ledger',
  },
  locked_again: {
    means:
      "was opened here, but is locked at the homeserver without the applicant's address: either the homeserver is an older copy, or somebody locked it",
    mending: 'Nothing is done here; if nobody locked it on purpose, unlock it at the homeserver',
  },
  not_removed: {
    means: 'was made here and never opened, nobody waits for it, and nothing is on its way that removes it',
    mending: 'removes it',
  },
  cannot_open: {
    means: 'is approved, but its account was deactivated at the homeserver',
    mending:
      'Nothing is done here; a moderator approves the request anew, so that a new password is asked for, or denies it',
  },
  in_hands: {
    means:
      'was made here and never opened here, yet it shows at the homeserver that somebody else has it: it is unlocked, used, or changed',
    mending:
      'puts it before the moderators and never touches it; an applicant who waits for it picks another name',
  },
  back_locked: {
    means: 'was removed here, but stands at the homeserver, locked',
    mending: 'removes it again',
  },
  back_open: {
    means: 'was removed here, but is open at the homeserver: somebody has it',
    mending: 'strikes it from the ledger, so that it is never given to somebody else',
  },
  unknown_lock: {
    means:
      'is locked at the homeserver and unknown here: it was made here after this copy, or locked by an operator for reasons of their own',
    mending: 'puts it before the moderators, who adopt it (then it is removed) or leave it as it is',
  },
}

/** Lists in what homeserver and database disagree, and mends it where asked to. Throws where something is left. */
export async function reconcile(args: string[]): Promise<void> {
  const options = readOptions(args, { mend: { type: 'boolean' }, only: { type: 'string' } })
  const left = await withServices(async ({ reconciliation, homeserver: { domain } }) => {
    const only = options.only === undefined ? null : readName(options.only, domain)
    const differences = await reconciliation.list(only)
    let left = differences.length
    for (const difference of differences) {
      const tried = options.mend === true && (only !== null || !difference.byNameOnly)
      const mended = tried && (await reconciliation.mend(difference))
      if (mended) left -= 1
      const end = mended ? 'Mended.' : remedy(difference, tried)
      const id = matrixId(difference.username, domain)
      process.stdout.write(`${id} ${WORDS[difference.code].means}. ${end}\n`)
    }
    if (differences.length === 0) process.stdout.write('Homeserver and database agree\n')
    else if (left === 0) process.stdout.write('All is mended; the running server does what follows from it\n')
    return left
  })
  if (left > 0) throw new Error(left === 1 ? '1 difference is left' : `${left} differences are left`)
}

function readName(typed: string, domain: string): Username {
  const parsed = parseUsername(typed, domain)
  if (parsed.ok) return parsed.value
  throw new UsageError(`--only expects a name on ${domain}, and "${typed}" cannot be one`)
}

/** What is to be done about a difference that is left. */
function remedy({ username, code, mend, byNameOnly }: Disagreement, tried: boolean): string {
  const { mending } = WORDS[code]
  if (mend === null) return `${mending}.`
  if (tried) return 'It changed while it was looked at and was left as it is; run reconcile again.'
  return byNameOnly ? `--mend leaves it alone; --mend --only ${username} ${mending}.` : `--mend ${mending}.`
}
