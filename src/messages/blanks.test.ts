import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, type AST } from 'svelte/compiler'
import { describe, expect, it } from 'vitest'

type Node = AST.Fragment['nodes'][number]

/** What shows nothing where it stands. */
const isSilent = ({ type }: Node) => ['Comment', 'ConstTag', 'DebugTag', 'SnippetBlock'].includes(type)

/** The branches of a block; null of what is none. */
function branchesOf(node: Node): AST.Fragment[] | null {
  const branches = (...fragments: (AST.Fragment | null | undefined)[]) =>
    fragments.filter((fragment) => fragment !== null && fragment !== undefined)
  if (node.type === 'IfBlock') return branches(node.consequent, node.alternate)
  if (node.type === 'EachBlock') return branches(node.body, node.fallback)
  if (node.type === 'AwaitBlock') return branches(node.pending, node.then, node.catch)
  if (node.type === 'KeyBlock') return branches(node.fragment)
  return null
}

/**
 * The positions of blanks that a block begins or ends with, where something adjoins it: Svelte drops them, so that two
 * words become one. `before`, `after`: whether something adjoins the fragment itself.
 */
function lostIn({ nodes: all }: AST.Fragment, before: boolean, after: boolean): number[] {
  const nodes = all.filter((node) => !isSilent(node))
  const snippets = all.flatMap((node) =>
    node.type === 'SnippetBlock' ? lostIn(node.body, false, false) : [],
  )
  const inside = nodes.flatMap((node, index) => {
    const [last, next] = [nodes[index - 1], nodes[index + 1]]
    const follows = last === undefined ? before : last.type !== 'Text' || /\S$/.test(last.data)
    const goesOn = next === undefined ? after : next.type !== 'Text' || /^\S/.test(next.data)
    if (node.type === 'Text')
      return [
        ...(index === 0 && before && /^\s/.test(node.data) ? [node.start] : []),
        ...(next === undefined && after && /\s$/.test(node.data) ? [node.end] : []),
      ]
    const branches = branchesOf(node)
    if (branches !== null) return branches.flatMap((branch) => lostIn(branch, follows, goesOn))
    return 'fragment' in node ? lostIn(node.fragment, false, false) : []
  })
  return [...snippets, ...inside]
}

/** The lines of a component with such blanks. */
const linesOf = (source: string): number[] =>
  lostIn(parse(source, { modern: true }).fragment, false, false).map(
    (at) => source.slice(0, at).split('\n').length,
  )

describe('a blank between two words of a page is one that Svelte keeps', () => {
  it.each([
    ['{a}{#if b} · {b}{/if}', true],
    ['{#if a}{a} ·\n{/if}{b}', true],
    ['{#if a}<b>{a}</b>: {/if}{b}', true],
    ['{a}{#if b}{b}{:else} · {/if}', true],
    ['{a}{#if b}{#if c} · {c}{/if}{/if}', true],
    ['{a}{#if b}{` · `}{b}{/if}', false],
    ['{a} {#if b} · {b} {/if}\n<b></b>', false],
    ['<p>{#if a} {a} {/if}</p>', false],
  ])('%j: %s', (source, isLost) => {
    expect(linesOf(source).length > 0).toBe(isLost)
  })

  it('on every page', () => {
    const folder = join(import.meta.dirname, '..')
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.svelte'),
    )
    expect(names.length).toBeGreaterThan(100)
    const lost = names.map((name) => [name, linesOf(readFileSync(join(folder, name), 'utf8'))] as const)
    expect(lost.filter(([, lines]) => lines.length > 0)).toEqual([])
  })
})
