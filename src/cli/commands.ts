import { createAdmin, disableAdmin, listAdmins, resetFactor, setPassword } from './admin'
import { backup } from './backup'
import { cleanup } from './cleanup'
import { migrate } from './migrate'
import { reconcile } from './reconcile'
import { restore } from './restore'
import { serve } from './serve'
import { UsageError } from './usage'

/** One command: what is typed, what the help says of it, and what it runs. */
export interface Command {
  /** One word, or two where several commands are about the same thing. */
  name: string
  /** The options and arguments behind the name. */
  options: string
  does: string
  run: (args: string[]) => Promise<void>
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    options: '',
    does: 'the site, and the work behind it (PORT, HOST or SOCKET_PATH; CONFIG names the config file)',
    run: serve,
  },
  {
    name: 'migrate',
    options: '',
    does: 'brings the database up to date; serve does so by itself',
    run: migrate,
  },
  {
    name: 'admin create',
    options: '--username U --email E [--role moderator] [--password-stdin]',
    does: 'makes a moderator; asks for the password, or makes one and prints it',
    run: createAdmin,
  },
  { name: 'admin list', options: '', does: 'the moderators', run: listAdmins },
  {
    name: 'admin disable',
    options: '--username U [--end-codes]',
    does: 'signs a moderator out and lets them in no more; ends the invitation codes that they could know, or says how many there are',
    run: disableAdmin,
  },
  {
    name: 'admin password',
    options: '--username U [--password-stdin]',
    does: 'sets another password and signs the moderator out everywhere; asks for the password, or makes one and prints it',
    run: setPassword,
  },
  {
    name: 'admin reset-factor',
    options: '--username U',
    does: 'takes away the second factor, the recovery codes and the passkeys of a moderator who lost them, and signs them out everywhere; the password alone lets them in again',
    run: resetFactor,
  },
  {
    name: 'cleanup',
    options: '[--dry-run]',
    does: 'takes away what is due by retention now; --dry-run only lists it',
    run: cleanup,
  },
  {
    name: 'backup',
    options: 'FILE',
    does: 'copies the database into a new file, also while the server runs',
    run: backup,
  },
  {
    name: 'restore',
    options: 'FILE',
    does: "puts a backup in the database's place, while no server runs; keeps the old one",
    run: restore,
  },
  {
    name: 'reconcile',
    options: '[--mend] [--only NAME]',
    does: 'lists in what homeserver and database disagree after a restore; --mend mends it',
    run: reconcile,
  },
]

/** The command that was typed, and what was typed behind it; throws `UsageError` where there is none. */
export function findCommand(typed: readonly string[]): { command: Command; args: string[] } {
  for (const command of COMMANDS) {
    const words = command.name.split(' ')
    if (words.every((word, place) => typed[place] === word))
      return { command, args: typed.slice(words.length) }
  }
  const [first = '', second] = typed
  const kin = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (kin.length === 0) throw new UsageError(`There is no command "${first}"`)
  if (second !== undefined) throw new UsageError(`${first} has no "${second}"`)
  const ways = kin.map(({ name }) => name.slice(first.length + 1))
  throw new UsageError(`${first} needs ${ways.slice(0, -1).join(', ')} or ${ways.at(-1) ?? ''}`)
}

const INDENT = 36
const WIDTH = 110

/** The help on these commands, each with its own text behind or below it. */
export function helpOn(commands: readonly Command[]): string {
  return commands.map(entry).join('')
}

function entry({ name, options, does }: Command): string {
  const head = `  ${name} ${options}`.trimEnd()
  const [first = '', ...more] = wrapped(does, WIDTH - INDENT)
  const start = head.length < INDENT - 1 ? [head.padEnd(INDENT) + first] : [head, ' '.repeat(INDENT) + first]
  return [...start, ...more.map((line) => ' '.repeat(INDENT) + line), ''].join('\n')
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`
    else lines.push(word)
  }
  return lines
}
