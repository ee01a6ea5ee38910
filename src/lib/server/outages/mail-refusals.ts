import { MailError, type Letter } from '../mail/mail'

/**
 * This many different emails in a row, or attempts of one email, rejected because of us: the problem is not a single
 * email.
 */
const MAILS = 3
/** This many different recipients in a row that supposedly do not exist: the problem is not their addresses. */
const RECEIVERS = 3
/** Servers defer strangers (4yz) for some minutes (greylisting, RFC 6647); any longer is a fault. */
const PUT_OFF_MS = 15 * 60_000
/** How many individually rejected emails are remembered. */
const REMEMBERED = 1000

/**
 * Weighs the mail server's rejections since it last accepted an email: whether it rejects this one email, or us. An
 * email that was rejected before another one was accepted is rejected individually, and no longer tells anything
 * about the others.
 */
export function createMailRefusals({ clock }: { clock: () => number }) {
  /** Rejected because of us, by the email's ID. */
  const ours = new Map<string, { first: number; tries: number }>()
  /** Rejected because of the recipient, and so ended; the recipient by the email's ID. */
  const unknown = new Map<string, string>()
  const alone = new Set<string>()

  return {
    /** The server accepted an email: its earlier rejections were about those emails. */
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

    /** Whether this email was rejected before and others were not. */
    isAlone: (id: string) => alone.has(id),

    /** The emails that ended because their recipients supposedly do not exist. */
    unknown: () => [...unknown.keys()],

    /**
     * What a rejection means for all emails: null if, as far as is known, it is about this one only. After many
     * recipients in a row that supposedly do not exist, an error that is ours.
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
