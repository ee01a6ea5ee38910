import { MailError, type Letter } from '../mail/mail'

/** So many different mails in a row, or tries of one mail, that are refused for our sake are no matter of one mail. */
const MAILS = 3
/** So many different receivers in a row that are said not to exist are no matter of their addresses. */
const RECEIVERS = 3
/** Being put off (4yz) is what servers do to strangers for some minutes (greylisting, RFC 6647); for longer it is a fault. */
const PUT_OFF_MS = 15 * 60_000
/** How many mails are remembered that were refused alone. */
const REMEMBERED = 1000

export type Refusals = ReturnType<typeof createRefusals>

/**
 * Weighs refusals of the mail server since it last took a mail: whether it refuses this one mail, or us. A mail after
 * whose refusal another one was taken is refused alone, and tells nothing about the others any more.
 */
export function createRefusals({ clock }: { clock: () => number }) {
  /** Refused for our sake, by the mail's id. */
  const ours = new Map<string, { first: number; tries: number }>()
  /** Refused for the receiver's sake, and so ended; the receiver by the mail's id. */
  const unknown = new Map<string, string>()
  const alone = new Set<string>()

  return {
    /** The server took a mail: whatever it refused before was about those mails. */
    taken(id: string): void {
      for (const refused of [...ours.keys(), ...unknown.keys()]) alone.add(refused)
      alone.delete(id)
      for (const oldest of alone) {
        if (alone.size <= REMEMBERED) break
        alone.delete(oldest)
      }
      ours.clear()
      unknown.clear()
    },

    /** Whether this mail was refused before and others were not. */
    isAlone: (id: string) => alone.has(id),

    /** The mails that ended because their receivers were said not to exist. */
    unknown: () => [...unknown.keys()],

    /**
     * What a refusal tells about all mails: null where it is about this one alone, as far as is known. Of many receivers
     * in a row that are said not to exist, an error that is ours.
     */
    weigh({ id, to }: Letter, error: MailError): MailError | null {
      if (alone.has(id)) return null
      if (error.blame === 'receiver') {
        if (!error.permanent) return null
        unknown.set(id, to.join(' '))
        const receivers = new Set(unknown.values()).size
        return receivers < RECEIVERS ? null : tooMany(receivers, error)
      }
      const { first, tries } = ours.get(id) ?? { first: clock(), tries: 0 }
      ours.set(id, { first, tries: tries + 1 })
      const forAll = error.lasting ? ours.size >= MAILS || tries + 1 >= MAILS : clock() - first >= PUT_OFF_MS
      return forAll ? error : null
    },
  }
}

function tooMany(receivers: number, { message }: MailError): MailError {
  const remedy = 'check email.host, and that it lets this program send to any recipient'
  return new MailError(
    `The mail server says that ${receivers} recipients in a row do not exist, which is more than typing errors explain: ${remedy}. ${message}`,
    { permanent: false, blame: 'us', lasting: true },
  )
}
