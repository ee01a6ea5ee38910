import { createAdmin, disableAdmin, enableAdmin, listAdmins, resetFactor, setPassword } from './admin'
import { backup } from './backup'
import { cleanup } from './cleanup'
import { checkConfig } from './config'
import { doctor } from './doctor'
import { healthcheck } from './healthcheck'
import { importFile } from './import'
import { migrate } from './migrate'
import { reconcile } from './reconcile'
import { restore } from './restore'
import { serve } from './serve'
import { UsageError } from './usage'

/** A command: its name, its help, and what it runs. */
export interface Command {
  /** One word, or two if several commands share the first. */
  name: string
  /** The options and arguments after the name. */
  options: string
  does: string
  /** Resolves to the exit code, or to nothing for 0. */
  run: (args: string[]) => Promise<void> | Promise<number>
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    options: '',
    does: 'runs the site and its background jobs (PORT, HOST or SOCKET_PATH; CONFIG names the config file)',
    run: serve,
  },
  {
    name: 'doctor',
    options: '[--json] [--send-mail ADDRESS]',
    does: 'checks the whole set-up and changes nothing: configuration, files, homeserver, rooms, mail, proxy, work; exit code 1 with errors, 3 with warnings only; --send-mail sends a test email',
    run: doctor,
  },
  {
    name: 'config check',
    options: '',
    does: 'checks config.yaml and the settings in the environment, and writes nothing; exit code 2 with problems, 3 with warnings only',
    run: checkConfig,
  },
  {
    name: 'migrate',
    options: '',
    does: 'applies database migrations; serve does this automatically',
    run: migrate,
  },
  {
    name: 'healthcheck',
    options: '',
    does: 'asks the running server whether it answers (at PORT, HOST or SOCKET_PATH); exit code 1 if not',
    run: healthcheck,
  },
  {
    name: 'admin create',
    options: '--username U --email E [--role moderator] [--password-stdin]',
    does: 'creates an administrator, or a moderator; asks for a password, or generates and prints one',
    run: createAdmin,
  },
  { name: 'admin list', options: '', does: 'lists moderators and administrators', run: listAdmins },
  {
    name: 'admin disable',
    options: '--username U [--end-codes]',
    does: 'signs a moderator (not the last administrator) out and blocks sign-in; revokes the invitation codes they may know, or says how many there are',
    run: disableAdmin,
  },
  {
    name: 'admin enable',
    options: '--username U',
    does: 'lets a disabled moderator sign in again, with the password of before',
    run: enableAdmin,
  },
  {
    name: 'admin password',
    options: '--username U [--password-stdin]',
    does: 'sets a new password and signs the moderator out everywhere; asks for a password, or generates and prints one',
    run: setPassword,
  },
  {
    name: 'admin reset-factor',
    options: '--username U',
    does: 'removes the second factor, recovery codes and passkeys of a moderator who lost them, and signs them out everywhere; they can then sign in with the password alone',
    run: resetFactor,
  },
  {
    name: 'cleanup',
    options: '[--dry-run]',
    does: 'deletes data whose retention period has passed; --dry-run only lists it',
    run: cleanup,
  },
  {
    name: 'backup',
    options: 'FILE',
    does: 'copies the database to a new file, even while the server runs',
    run: backup,
  },
  {
    name: 'restore',
    options: 'FILE',
    does: 'replaces the database with a backup, while no server runs; keeps the old one',
    run: restore,
  },
  {
    name: 'reconcile',
    options: '[--mend] [--only NAME]',
    does: 'lists differences between homeserver and database after a restore; --mend repairs them',
    run: reconcile,
  },
  {
    name: 'import',
    options: 'FILE [--dry-run] [--tell]',
    does: 'takes over the registrations in the SQLite database of the Django program and sends nothing; --dry-run only lists what would happen; --tell emails those who are approved a link to set their password',
    run: importFile,
  },
]

/** The command as typed, and its arguments; throws `UsageError` if there is none. */
export function findCommand(typed: readonly string[]): { command: Command; args: string[] } {
  for (const command of COMMANDS) {
    const words = command.name.split(' ')
    if (words.every((word, place) => typed[place] === word))
      return { command, args: typed.slice(words.length) }
  }
  const [first = '', second] = typed
  const kin = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (kin.length === 0) throw new UsageError(`Unknown command "${first}"`)
  if (second !== undefined) throw new UsageError(`${first} has no command "${second}"`)
  const ways = kin.map(({ name }) => name.slice(first.length + 1))
  const last = ways.at(-1) ?? ''
  if (ways.length === 1) throw new UsageError(`Did you mean "${first} ${last}"?`)
  throw new UsageError(`${first} needs one of ${ways.slice(0, -1).join(', ')} or ${last}`)
}

const INDENT = 36
const WIDTH = 110

/** The help for these commands, each with its own text beside or below it. */
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
