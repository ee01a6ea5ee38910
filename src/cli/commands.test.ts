import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COMMANDS, findCommand, helpOn } from './commands'

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '')

describe('the help', () => {
  test.each(COMMANDS)('says of $name what that does, and nothing of another command', (command) => {
    const own = helpOn([command])
    expect(words(own)).toEqual(words(`${command.name} ${command.options} ${command.does}`))
    expect(helpOn(COMMANDS)).toContain(own)
  })

  test('has a text of its own for every command', () => {
    expect(new Set(COMMANDS.map(({ does }) => does)).size).toBe(COMMANDS.length)
    expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
    expect(words(helpOn(COMMANDS))).toEqual(COMMANDS.flatMap((command) => words(helpOn([command]))))
    for (const line of helpOn(COMMANDS).split('\n')) expect(line.length).toBeLessThanOrEqual(110)
  })

  test.each(COMMANDS)('names every option that $name reads, and no other', ({ name, options, run }) => {
    const source = readFileSync(new URL(`./${name.split(' ')[0] ?? ''}.ts`, import.meta.url), 'utf8')
    const start = source.indexOf(`function ${run.name}(`)
    const rest = source.slice(start).split('\n}\n')[0] ?? ''
    const read = [...rest.matchAll(/'?([a-z-]+)'?: \{ type: '/g)].map(([, option]) => option)
    const named = [...options.matchAll(/--([a-z-]+)/g)].map(([, option]) => option)
    expect(start).toBeGreaterThan(-1)
    expect(read.sort()).toEqual(named.sort())
  })

  test('tells somebody who lost their second factor the right command', () => {
    expect(helpOn([findCommand(['admin', 'reset-factor']).command])).toContain('second factor')
    expect(helpOn([findCommand(['admin', 'password']).command])).not.toContain('second factor')
  })
})

describe('a command', () => {
  test.each(COMMANDS)('$name is found by its name, and hears what is behind it', ({ name, run }) => {
    const found = findCommand([...name.split(' '), 'more', '--than', 'that'])
    expect(found).toMatchObject({ command: { name, run }, args: ['more', '--than', 'that'] })
  })

  test.each([
    [['nonsense'], 'Unknown command "nonsense"'],
    [['constructor'], 'Unknown command "constructor"'],
    [['admin'], 'admin needs one of create, list, disable, enable, password or reset-factor'],
    [['config'], 'Did you mean "config check"?'],
    [['admin', 'nonsense'], 'admin has no command "nonsense"'],
  ])('%j is none', (typed, says) => expect(() => findCommand(typed)).toThrow(says))
})
