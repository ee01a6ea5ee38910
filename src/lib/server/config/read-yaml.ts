import * as yaml from 'yaml'

type Read = { ok: true; value: unknown } | { ok: false; problems: string[] }

/** What to check, by the parser's code. No message quotes the file: the error may be in a password. */
const REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line: use spaces',
  BAD_SCALAR_START: 'a value cannot start with @, % or `: put it in quotes',
  MISSING_CHAR: 'a quote or bracket before this point is not closed',
  BLOCK_AS_IMPLICIT_KEY:
    'the line has a second ": ", or is indented too far: put the value in quotes, or fix the indentation',
  MULTILINE_IMPLICIT_KEY: 'the line has no ": " after its key, or is not indented like the lines around it',
  BAD_INDENT: 'the line is not indented like the lines around it, or a bracket before it is not closed',
  UNEXPECTED_TOKEN: 'there is text after the end of the value: check the quotes',
  TAG_RESOLVE_FAILED: 'a value that starts with ! must be in quotes',
  BAD_ALIAS: 'a value that starts with * must be in quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes starts an escape sequence: use single quotes',
  BAD_DIRECTIVE: 'a line cannot start with %',
  MULTIPLE_DOCS: 'a second document starts here: remove the line ---',
}
const OTHERWISE = 'this is not valid YAML: check this line and the one before it'

/** As in the original's YAML reader: YAML 1.1 includes yes and no. */
const BOOLEANS = [
  { value: true, test: /^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/ },
  { value: false, test: /^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/ },
].map(({ value, test }): yaml.ScalarTag => {
  return {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test,
    resolve: () => value,
    identify: (node) => node === value,
  }
})

/**
 * Parses YAML. Numbers stay text as written: a version of `1.0` is not `1`, and a numeric password keeps its zeros.
 * Errors are reported by line and column; duplicate keys are errors.
 */
export function readYaml(text: string): Read {
  const lines = new yaml.LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `line ${line}, column ${col}`
  }
  const document = yaml.parseDocument(text, {
    schema: 'failsafe',
    customTags: ['null', ...BOOLEANS],
    merge: true,
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  })
  const wrong = new Map<number, string>()
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(pos[0])
    if (!wrong.has(line)) wrong.set(line, `${place(pos[0])}: ${REMEDIES[code] ?? OTHERWISE}`)
  }
  if (wrong.size > 0) return { ok: false, problems: [...wrong.values()] }

  const problems = [...unusual(document, text, place)]
  if (problems.length > 0) return { ok: false, problems }
  try {
    return { ok: true, value: document.toJS() }
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    return {
      ok: false,
      problems: ['its anchors (&) and aliases (*) expand to too much: write the values out'],
    }
  }
}

/** Valid YAML that is not what the operator meant. */
function unusual(document: yaml.Document, text: string, place: (offset: number) => string): Set<string> {
  const problems = new Set<string>()
  const offset = (node: unknown) => (yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0)
  yaml.visit(document, {
    Map(_, map, ancestors) {
      const seen = new Map<string, number>()
      for (const { key } of map.items) {
        const name = String(key)
        const first = seen.get(name)
        const path = [...ancestors.filter(yaml.isPair).map((pair) => String(pair.key)), name].join('.')
        if (first !== undefined)
          problems.add(`${path} is given twice (${place(first)} and ${place(offset(key))}): keep one`)
        seen.set(name, first ?? offset(key))
      }
    },
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        problems.add(`${place(offset(alias))}: ${REMEDIES.BAD_ALIAS}`)
    },
    Scalar(position, scalar) {
      const start = offset(scalar)
      if (position === 'key' || scalar.value !== null || scalar.source !== '') return
      if (/^[ \t]*#[^\s#]/.test(text.slice(start)))
        problems.add(
          `${place(start)}: a value that starts with # must be in quotes, otherwise it is a comment`,
        )
    },
  })
  return problems
}
