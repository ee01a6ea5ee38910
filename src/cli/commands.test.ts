import { readFileSync } from 'node:fs'
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { describe, expect, test, vi } from 'vitest'
import { createProgram, leavesOf, pathOf } from './commands'
import { UsageError } from './usage'

vi.mock('./migrate', () => ({
  migrate: () => Promise.reject(new UsageError('a value that the command refuses itself')),
}))

/** What the commands that take a file were given as such. */
const files = vi.hoisted(() => vi.fn<(file: string) => Promise<void>>(() => Promise.resolve()))
vi.mock('./backup', () => ({ backup: files }))
vi.mock('./restore', () => ({ restore: files }))
vi.mock('./import', () => ({ importFile: files }))
vi.mock('./rules', () => ({ importRules: files }))

/** Runs the program with these arguments, up to a command's own code; what it printed, and how it ended. */
async function type(...typed: string[]) {
  const said = { out: '', err: '' }
  const codes: number[] = []
  const program = createProgram((code) => codes.push(code))
  const heard = (command: CommandUnknownOpts): void => {
    command.configureOutput({
      writeOut: (text) => (said.out += text),
      writeErr: (text) => (said.err += text),
    })
    command.commands.forEach(heard)
  }
  heard(program)
  try {
    await program.parseAsync(typed, { from: 'user' })
    return { ...said, codes, ended: 'ran', exitCode: 0 }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { ...said, codes, ended: error.code, exitCode: error.exitCode }
  }
}

const LEAVES = leavesOf(createProgram(() => undefined)).map((command) => ({ name: pathOf(command), command }))

describe('the help', () => {
  test.each(LEAVES)('of all names $name, and its own says the same of it', async ({ name, command }) => {
    const flat = (text: string) => text.replace(/\s+/g, ' ')
    const all = await type('--help')
    expect(all).toMatchObject({ ended: 'commander.helpDisplayed', exitCode: 0 })
    expect(flat(all.out)).toContain(` ${name} `)
    expect(flat(all.out)).toContain(flat(command.description()))
    const own = await type(...name.split(' '), '--help')
    expect(own).toMatchObject({ ended: 'commander.helpDisplayed', exitCode: 0, codes: [] })
    expect(flat(own.out)).toContain(flat(command.description()))
    for (const option of command.options) expect(own.out).toContain(option.flags)
    for (const line of `${all.out}${own.out}`.split('\n')) expect(line.length).toBeLessThanOrEqual(110)
  })

  test('has a text of its own for every command', () => {
    expect(new Set(LEAVES.map(({ command }) => command.description())).size).toBe(LEAVES.length)
    for (const { command } of LEAVES)
      for (const option of command.options) expect([option.flags, option.description]).not.toContain('')
  })

  test('tells somebody who lost their second factor the right command', async () => {
    expect((await type('admin', 'reset-factor', '--help')).out).toContain('second factor')
    expect((await type('admin', 'password', '--help')).out).not.toContain('second factor')
  })
})

describe('wrong use', () => {
  test.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['constructor'], "unknown command 'constructor'"],
    [['helthcheck'], '(Did you mean healthcheck?)'],
    [['admin'], 'reset-factor'],
    [['config'], 'check'],
    [['admin', 'nonsense'], "unknown command 'nonsense'"],
    [['admin', 'creat'], '(Did you mean create?)'],
    [['admin', 'disable'], "required option '--username <name>' not specified"],
    [['admin', 'create', '--username', 'a', '--email', 'b', '--role', 'king'], 'moderator, administrator'],
    [['backup'], "missing required argument 'file'"],
    [['backup', 'one', 'two'], 'too many arguments'],
    [['config', 'check', '--fix'], "unknown option '--fix'"],
    [['healthcheck', '--nonsense'], "unknown option '--nonsense'"],
    [['migrate'], 'a value that the command refuses itself'],
  ])('%j is refused before anything runs, with the help', async (typed, says) => {
    const { err, out, codes, exitCode } = await type(...typed)
    expect(err).toContain(says)
    expect(err).toContain('Usage: synapse-registration')
    expect({ out, codes }).toEqual({ out: '', codes: [] })
    expect(exitCode).toBe(1)
  })
})

describe('a file', () => {
  const TAKING = LEAVES.filter(({ command }) =>
    command.registeredArguments.some((argument) => argument.name() === 'file'),
  )

  test.each(TAKING)(
    'of $name is meant from where it was typed, even if it runs elsewhere',
    async ({ name }) => {
      const fileOf = async (typed: string, from: string) => {
        vi.stubEnv('CALLED_FROM', from)
        files.mockClear()
        expect(await type(...name.split(' '), typed)).toMatchObject({ ended: 'ran' })
        vi.unstubAllEnvs()
        return files.mock.calls[0]?.[0]
      }
      expect(await fileOf('a b.db', '')).toBe('a b.db')
      expect(await fileOf('a b.db', '/root/old')).toBe('/root/old/a b.db')
      expect(await fileOf('../b.db', '/root/old')).toBe('/root/b.db')
      expect(await fileOf('/srv/b.db', '/root/old')).toBe('/srv/b.db')
    },
  )

  test('is taken by the commands that read or write one', () => {
    expect(TAKING.map(({ name }) => name).sort()).toEqual(['backup', 'import', 'restore', 'rules import'])
  })
})

test('the exit code is that of the command', async () => {
  vi.stubEnv('CONFIG', '/nowhere/config.yaml')
  const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  expect(await type('config', 'check')).toMatchObject({ ended: 'ran', codes: [2] })
  silent.mockRestore()
  vi.unstubAllEnvs()
  // It loads all of the configuration.
}, 60_000)

test.each(['bash', 'zsh', 'fish'])('%s learns to complete commands', async (shell) => {
  const printed = vi.spyOn(console, 'log').mockReturnValue(undefined)
  await type('completion', shell)
  expect(printed.mock.calls.join('\n')).toContain('synapse-registration complete --')
  printed.mockClear()
  await type('complete', '--', 'admin', 'dis')
  expect(printed.mock.calls.join('\n')).toMatch(/^disable\t/)
  printed.mockRestore()
})

test('a command loads its code when it is run, and not before', () => {
  const source = readFileSync(new URL('./commands.ts', import.meta.url), 'utf8')
  const local = [...source.matchAll(/^import .* from '(\..*)'/gm)].map(([, from]) => from)
  expect(local).toEqual(['./usage'])
})
