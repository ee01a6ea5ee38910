import { resolve } from 'node:path'
import tab from '@bomb.sh/tab/commander'
import { Command, Help, Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Command as UntypedCommand } from 'commander'
import { ROLES } from '$lib/moderation/moderator'
import { TABS } from '$lib/moderation/queue-filter'
import { RULE_EFFECTS } from '$lib/moderation/rule'
import { KINDS } from '$lib/moderation/rule-kind'
import { RULE_DAYS } from '$lib/moderation/rule-list'
import { LANGUAGES } from '$lib/registration/language'
import { PROGRAM } from '$lib/server/version'
import { UsageError } from './usage'

/** What a command answers with: its exit code, or nothing for 0. */
type Answer = Promise<void> | Promise<number>

const WIDTH = 110

/**
 * A file as it was typed. The command of deploy/systemd enters the folder of the data, and says in CALLED_FROM from where
 * it was called: a relative path is meant from there.
 */
function asCalled(path: string): string {
  const { CALLED_FROM } = process.env
  return CALLED_FROM ? resolve(CALLED_FROM, path) : path
}

/**
 * All commands, with their options and help. Each loads its code when it is run: `healthcheck` runs every few seconds,
 * and needs next to nothing of the server. `onExit` receives the exit code of the command that ran. Wrong use is thrown
 * as a `CommanderError`, after the message and the help were printed.
 */
export function createProgram(onExit: (code: number) => void): Command {
  const program = new Command('synapse-registration')
  program
    .description('a registration service for Matrix homeservers')
    .version(PROGRAM, '-V, --version')
    .exitOverride()
    .showHelpAfterError()
    .configureHelp({ formatHelp, helpWidth: WIDTH })
    .helpCommand('help [command]', 'shows what a command does, and its options')

  /** What a command does; a wrong value becomes the same as a wrong option. */
  const run =
    <Given extends unknown[]>(command: () => Promise<(...given: Given) => Answer>) =>
    async (...given: Given): Promise<void> => {
      try {
        const code = await (await command())(...given)
        onExit(typeof code === 'number' ? code : 0)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        // The last argument of an action is its command.
        const command: unknown = given.at(-1)
        ;(command instanceof Command ? command : program).error(error.message)
      }
    }

  program
    .command('serve')
    .description(
      'runs the site and its background tasks (PORT, HOST or SOCKET_PATH; CONFIG names the config file)',
    )
    .action(run(async () => (await import('./serve')).serve))
  program
    .command('doctor')
    .description(
      'checks the whole set-up and changes nothing: configuration, files, homeserver, rooms, mail, proxy, work; exit code 1 with errors, 3 with warnings only',
    )
    .option('--json', 'prints the findings as JSON')
    .option('--send-mail <address>', 'sends a test email')
    .action(run(async () => (await import('./doctor')).doctor))

  const config = program.command('config').description('the configuration')
  config
    .command('check')
    .description(
      'checks config.yaml and the settings in the environment, and writes nothing; exit code 2 with problems, 3 with warnings only',
    )
    .action(run(async () => (await import('./config')).checkConfig))

  program
    .command('migrate')
    .description('applies database migrations; serve does this automatically')
    .action(run(async () => (await import('./migrate')).migrate))
  program
    .command('healthcheck')
    .description(
      'asks the running server whether it answers (at PORT, HOST or SOCKET_PATH); exit code 1 if not',
    )
    .action(run(async () => (await import('./healthcheck')).healthcheck))

  const admin = program.command('admin').description('the accounts of moderators and administrators')
  admin
    .command('create')
    .description('creates an administrator, or a moderator; asks for a password, or generates and prints one')
    .requiredOption('--username <name>', 'how they sign in')
    .requiredOption('--email <address>', 'where they are notified')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES))
    .option('--password-stdin', 'reads the password from standard input')
    .action(run(async () => (await import('./admin')).createAdmin))
  admin
    .command('list')
    .description('lists moderators and administrators')
    .action(run(async () => (await import('./admin')).listAdmins))
  admin
    .command('disable')
    .description(
      'signs a moderator (not the last administrator) out and blocks sign-in; says how many valid invitation codes they may know',
    )
    .requiredOption('--username <name>', 'who')
    .option('--end-codes', 'ends the invitation codes they may know')
    .action(run(async () => (await import('./admin')).disableAdmin))
  admin
    .command('enable')
    .description('lets a disabled moderator sign in again, with the password of before')
    .requiredOption('--username <name>', 'who')
    .action(run(async () => (await import('./admin')).enableAdmin))
  admin
    .command('password')
    .description(
      'sets a new password and signs the moderator out everywhere; asks for a password, or generates and prints one',
    )
    .requiredOption('--username <name>', 'who')
    .option('--password-stdin', 'reads the password from standard input')
    .action(run(async () => (await import('./admin')).setPassword))
  admin
    .command('reset-factor')
    .description(
      'removes the second factor, recovery codes and passkeys of a moderator who lost them, signs them out everywhere, and removes the link to their Matrix ID; they can then sign in with the password alone',
    )
    .requiredOption('--username <name>', 'who')
    .action(run(async () => (await import('./admin')).resetFactor))

  const registrations = program.command('registrations').description('requests for an account')
  registrations
    .command('list')
    .description('lists requests: those that wait for a decision, or others')
    .addOption(new Option('--state <list>', 'which ones').choices(TABS))
    .option('--json', 'prints them as JSON')
    .action(run(async () => (await import('./registrations')).listRegistrations))
  registrations
    .command('show')
    .description('prints one registration and what happened to it')
    .argument('<name or id>', 'a username, or the ID of a registration')
    .option('--json', 'prints it as JSON')
    .action(run(async () => (await import('./registrations')).showRegistration))
  registrations
    .command('approve')
    .description('approves a request; the running server unlocks the account')
    .argument('<name or id>', 'a username, or the ID of a registration')
    .option('--message <text>', 'what to tell the applicant')
    .option('--silent', 'sends the applicant no email')
    .option('--over', 'also if it is assigned to a moderator')
    .action(run(async () => (await import('./registrations')).approveRegistration))
  registrations
    .command('deny')
    .description('denies a request; the running server removes the account')
    .argument('<name or id>', 'a username, or the ID of a registration')
    .option('--message <text>', 'what to tell the applicant')
    .option('--category <reason>', 'a denial reason of the configuration')
    .option('--silent', 'sends the applicant no email')
    .option('--over', 'also if it is assigned to a moderator')
    .action(run(async () => (await import('./registrations')).denyRegistration))

  const invitations = program.command('invitations').description('invitation codes for applicants')
  invitations
    .command('create')
    .description('creates an invitation code, and prints it and its link once')
    .option('--note <text>', 'what it is for; moderators see that')
    .option('--uses <number>', 'how many can register with it')
    .option('--days <number>', 'how long it is valid')
    .option('--json', 'prints it as JSON')
    .action(run(async () => (await import('./invitations')).createInvitation))
  invitations
    .command('list')
    .description('lists valid invitation codes by their ID; the codes themselves are not stored')
    .option('--over', 'those that have ended instead')
    .option('--json', 'prints them as JSON')
    .action(run(async () => (await import('./invitations')).listInvitations))
  invitations
    .command('end')
    .description('ends an invitation code')
    .argument('<id>', 'as the list shows it')
    .action(run(async () => (await import('./invitations')).endInvitation))

  const rules = program.command('rules').description('rules on who can request an account')
  rules
    .command('export')
    .description('prints the active rules as a table (CSV) that can be imported again')
    .addOption(new Option('--kind <kind>', 'only these').choices(KINDS))
    .addOption(new Option('--effect <effect>', 'only these').choices(RULE_EFFECTS))
    .action(run(async () => (await import('./rules')).exportRules))
  rules
    .command('import')
    .description('adds the rules in a file: a table as export prints it (*.csv), or values, one per line')
    .argument('<file>', 'the file', asCalled)
    .addOption(new Option('--kind <kind>', 'of lines that do not say it; domain without').choices(KINDS))
    .addOption(
      new Option('--effect <effect>', 'of lines that do not say it; block without').choices(RULE_EFFECTS),
    )
    .addOption(
      new Option('--days <number>', 'how long they last; for good without').choices(RULE_DAYS.map(String)),
    )
    .option('--reason <text>', 'what moderators read about them')
    .option('--dry-run', 'only says what would be added')
    .action(run(async () => (await import('./rules')).importRules))

  const opening = program.command('opening').description('whether new people can register')
  opening
    .command('status')
    .description('prints whether registration is open, and how many wait')
    .option('--json', 'prints it as JSON')
    .action(run(async () => (await import('./opening')).showOpening))
  opening
    .command('close')
    .description('closes registration for new applicants')
    .option('--message <text>', 'what visitors read')
    .addOption(new Option('--language <code>', 'its language; English without').choices(LANGUAGES))
    .option('--until <day>', 'opens again on this day (UTC, YYYY-MM-DD), within a year')
    .action(run(async () => (await import('./opening')).closeOpening))
  opening
    .command('open')
    .description('opens registration, in spite of a limit too')
    .option('--until <day>', 'in spite of a limit until this day (UTC)')
    .action(run(async () => (await import('./opening')).openOpening))

  program
    .command('figures')
    .description('prints the statistics as JSON')
    .option('--days <number>', 'of the last 7, 30, 90 or 365 days; 30 without')
    .option('--json', 'as JSON, which it always is')
    .action(run(async () => (await import('./figures')).figures))

  program
    .command('cleanup')
    .description('deletes data whose retention period has passed')
    .option('--dry-run', 'only lists it')
    .action(run(async () => (await import('./cleanup')).cleanup))
  program
    .command('backup')
    .description('copies the database to a new file, even while the server runs')
    .argument('<file>', 'the new file', asCalled)
    .action(run(async () => (await import('./backup')).backup))
  program
    .command('restore')
    .description('replaces the database with a backup, while no server runs; keeps the old one')
    .argument('<file>', 'the backup', asCalled)
    .action(run(async () => (await import('./restore')).restore))
  program
    .command('reconcile')
    .description('lists differences between homeserver and database after a restore')
    .option('--mend', 'repairs them')
    .option('--only <name>', 'only this username')
    .option('--adopt <name>', 'makes a waiting request of a locked account that is unknown here')
    .option('--email <address>', 'with --adopt: who it is for, if the account has no address')
    .action(run(async () => (await import('./reconcile')).reconcile))
  program
    .command('import')
    .description(
      'takes over what is in the SQLite database of the Django program; sends nothing without --tell',
    )
    .argument('<file>', 'its database, or a copy of it', asCalled)
    .option('--dry-run', 'only lists what would happen')
    .option('--rules', 'takes its block rules as well, also those that never matched there')
    .option(
      '--tell',
      'emails those who are approved a link to set their password, and invites the moderators',
    )
    .action(run(async () => (await import('./import')).importFile))

  // At run time they are one class; the types of the options make them two.
  tab(program as unknown as UntypedCommand, { completionCommandName: 'completion' })
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description(
      'prints a script that completes commands and options in a shell: bash, zsh, fish or powershell',
    )
  return program
}

/** The whole help lists every command by its full name; the help of one is the library's own. */
function formatHelp(command: CommandUnknownOpts, helper: Help): string {
  if (command.parent === null) {
    helper.visibleCommands = (root) => leavesOf(root)
    helper.subcommandTerm = (leaf) =>
      [pathOf(leaf), ...leaf.registeredArguments.map((argument) => `<${argument.name()}>`)].join(' ')
  }
  return Help.prototype.formatHelp.call(helper, command, helper)
}

/** Every command that does something, in order. */
export function leavesOf(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return new Help()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => (child.commands.length === 0 ? [child] : leavesOf(child)))
}

/** A command as it is typed, without the program's name. */
export function pathOf(command: CommandUnknownOpts): string {
  const { parent } = command
  return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`
}
