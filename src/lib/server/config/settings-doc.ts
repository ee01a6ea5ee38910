import * as v from 'valibot'
import { configSchema } from './cross-rules'
import { variableOf } from './environment'
import { listedEntriesOf, settingsOf, type Setting } from './setting-paths'

const INTRODUCTION = `# Settings

All settings, made from \`config.dist.yaml\` and the schema by \`npm run docs\`: do not edit this page.

Set them in \`config.yaml\`, or in the environment: each has a variable, which is \`SYNAPSE_REGISTRATION_\` and its key. The
environment wins over the file, and where it sets anything, there need be no \`config.yaml\`. \`npm run cli -- config check\`
says what is wrong before the first start.

\`\`\`yaml
environment:
  SYNAPSE_REGISTRATION_SYNAPSE_SERVER: https://matrix.example.org
  SYNAPSE_REGISTRATION_SYNAPSE_ADMIN_TOKEN_FILE: /run/secrets/admin_token
  SYNAPSE_REGISTRATION_EMAIL_PORT: "465"
  SYNAPSE_REGISTRATION_HOSTS: register.example.org, www.example.org
  SYNAPSE_REGISTRATION_REGISTRATION_BLOCKED_EMAILS: '[".*@spam\\\\.example"]'
  SYNAPSE_REGISTRATION_LEGAL: '[{"title": "Terms", "url": "https://example.org/terms"}]'
\`\`\`

- Numbers, texts, \`true\` and \`false\` are written as in the file. An empty variable counts as not set.
- A list is YAML or JSON in brackets, or texts separated by commas. Texts that contain commas or double quotes need the
  brackets.
- A list of groups (\`legal\`, \`site.apps\`) is YAML or JSON.
- Where the file can say \`""\` for deliberately empty, the variable can be \`""\`, quotes included.
- A secret can be in a file, whose path is in the variable with \`_FILE\`.
`

/** How wide config.dist.yaml is. */
const WIDTH = 118

interface Block {
  /** With the width that each line has in the file. */
  comment: { text: string; width: number }[]
  /** What follows the key of a list of groups. */
  example: string[]
  settings: Setting[]
  /** The group that the comment is about, if it is about no setting. */
  group: string | null
}

interface Section {
  title: string
  blocks: Block[]
}

/** The reference of all settings as Markdown, from config.dist.yaml: its sections, comments and keys, in its order. */
export function settingsDoc(dist: string): string {
  return [INTRODUCTION, ...sectionsOf(dist).map(sectionText)].join('\n')
}

/** The settings that the page has, in its order. */
export function documentedSettings(dist: string): Setting[] {
  return sectionsOf(dist).flatMap(({ blocks }) => blocks.flatMap(({ settings }) => settings))
}

function sectionsOf(dist: string): Section[] {
  const [, ...parts] = dist.split(/^# -{20,}\n# (.*)\n# -{20,}\n/m)
  const sections: Section[] = []
  for (let index = 0; index < parts.length; index += 2)
    sections.push({ title: parts[index] ?? '', blocks: blocksOf(parts[index + 1] ?? '') })
  return sections
}

/** A comment, and the keys below it until the next one or an empty line. */
function blocksOf(text: string): Block[] {
  const known = new Map(settingsOf(configSchema).map((setting) => [setting.path.join('.'), setting]))
  const blocks: Block[] = []
  let block: Block | null = null
  let groups: string[] = []
  for (const line of text.split('\n')) {
    const comment = /^ *# (\S.*)$/.exec(line)?.[1]
    const [, indent = '', name] = /^( *)#?([a-z_]+):(?: |$)/.exec(line) ?? []
    if (line.trim() === '') block = null
    if (comment === undefined && name === undefined) {
      block?.example.push(line.replace('#', ''))
      continue
    }
    if (block === null || (comment !== undefined && (block.settings.length > 0 || block.group !== null)))
      blocks.push((block = { comment: [], example: [], settings: [], group: null }))
    if (comment !== undefined) block.comment.push({ text: comment, width: line.length })
    if (name === undefined) continue
    groups = [...groups.slice(0, indent.length / 2), name]
    const setting = known.get(groups.join('.'))
    if (setting === undefined) block.group = groups.join('.')
    else block.settings.push(setting)
  }
  return blocks.filter(({ comment, settings }) => comment.length > 0 || settings.length > 0)
}

function sectionText({ title, blocks }: Section): string {
  return [`## ${title}`, '', ...blocks.flatMap(blockLines)].join('\n')
}

function blockLines({ comment, example, settings, group }: Block): string[] {
  const keys = settings.length > 0 ? settings.map(({ path }) => path.join('.')) : [group ?? '']
  const words = paragraphs(comment.filter(({ text }) => !text.startsWith('Environment variable: ')))
  const isAbout = (pattern: RegExp) => pattern.test(words.join(' '))
  const rows = settings.map(({ path, schema }) => {
    const initial = defaultOf(schema, {
      isRequired: isAbout(/^Required\./),
      isDescribed: isAbout(/default/i),
    })
    return `| \`${path.join('.')}\` | ${initial} | \`${variableOf(path)}\` |`
  })
  const entries = settings.map(({ schema }) => listedEntriesOf(schema)).find((found) => found !== null)
  const isAboutAKey = settings.length > 0 || group !== null
  return [
    ...(isAboutAKey ? [`### ${keys.map(code).join(', ')}`, ''] : []),
    ...words.flatMap((line) => [prose(line), '']),
    ...(entries ? [`Each entry has ${Object.keys(entries).map(code).join(', ')}:`, '', '```yaml'] : []),
    ...(entries ? [`${settings[0]?.path.at(-1) ?? ''}:`, ...undented(example), '```', ''] : []),
    ...(rows.length > 0
      ? ['| setting | default | environment variable |', '| --- | --- | --- |', ...rows, '']
      : []),
  ]
}

/** Joins lines to paragraphs. One that ends early, where the next word had room, ends its paragraph. */
function paragraphs(lines: Block['comment']): string[] {
  const texts: string[] = []
  let hadRoom = true
  for (const [index, { text, width }] of lines.entries()) {
    if (hadRoom) texts.push(text)
    else texts[texts.length - 1] += ` ${text}`
    const [next = ''] = lines[index + 1]?.text.split(' ') ?? []
    hadRoom = width + 1 + next.length <= WIDTH
  }
  return texts
}

/** The lines with the first one indented by two spaces, and all others as far from it as they were. */
function undented(lines: readonly string[]): string[] {
  const depth = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0
  return lines.map((line) => `  ${line.slice(depth)}`)
}

/** The default as in the file; in words where the schema has none. */
function defaultOf(
  schema: v.GenericSchema,
  { isRequired, isDescribed }: { isRequired: boolean; isDescribed: boolean },
): string {
  const isOptional = schema.type === 'optional'
  const initial: unknown = isOptional ? v.getDefault(schema) : undefined
  const isNone = initial === undefined || (Array.isArray(initial) && initial.length === 0)
  if (!isNone) return code(Array.isArray(initial) ? `[${initial.join(', ')}]` : String(initial))
  if (!isOptional || (isRequired && Array.isArray(initial))) return 'required'
  return isDescribed ? 'see above' : 'not set'
}

const code = (text: string): string => `\`${text}\``

/** A line of a comment as Markdown: what could be read as markup is code, like `{username}` and `*`. */
function prose(line: string): string {
  return line.replaceAll(
    /"[^"]*[*_<>{}[\]@][^"]*"|\[[^\]]*, [^\]]*\]|[^\s(]*[*_<>{}[\]@][^\s)]*/g,
    (word) => {
      const [, inner = '', end = ''] = /^(.*?)([.,;:]*)$/.exec(word) ?? []
      return inner === '' ? word : code(inner) + end
    },
  )
}
