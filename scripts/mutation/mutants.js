import ts from 'typescript'

/**
 * One small change to a source file. `was` and `became` are the lines it touches, in one line each: they name it for as
 * long as the code stays the same, wherever it moves.
 * @typedef {{ line: number, was: string, became: string, text: string }} Mutant
 * @typedef {{ start: number, end: number, by: string }} Edit
 */

const EDGES = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
])
const ARITHMETIC = new Map([
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PercentToken, '*'],
])
const EQUALITIES = [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken]
/** Functions that have a counterpart: Drizzle's conditions, and those of arrays and numbers. */
const COUNTERPARTS = new Map(
  [
    ['gt', 'gte'],
    ['lt', 'lte'],
    ['asc', 'desc'],
    ['some', 'every'],
    ['min', 'max'],
  ].flatMap(([one = '', other = '']) => [
    /** @type {const} */ ([one, other]),
    /** @type {const} */ ([other, one]),
  ]),
)
/** Drizzle's, which the file has to import where they stand alone. */
const IMPORTED = ['gt', 'gte', 'lt', 'lte', 'asc', 'desc']
/** Steps of a chain that can be left out, and the rest is still of the same type. */
const STEPS = ['where', 'filter', 'sort', 'reverse', 'trim', 'toLowerCase', 'replace', 'replaceAll', 'slice']

/**
 * Every mutant of a source: conditions that always or never hold, operands of `&&`, `||` and `??` that are gone, edges of
 * comparisons, arithmetic, flipped booleans, statements, elements and cases left out, and conditions of queries left out.
 * Negations and exchanged `&&` and `||` are not among them: a test that notices these notices those.
 * @param {string} source @returns {Mutant[]}
 */
export function mutantsOf(source) {
  const file = ts.createSourceFile('mutated.ts', source, ts.ScriptTarget.Latest, true)
  /** @type {Map<string, Mutant>} */
  const mutants = new Map()
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return
    for (const edit of editsOf(node, file)) {
      const mutant = applied(source, file, edit)
      if (mutant.text !== source) mutants.set(mutant.text, mutant)
    }
    node.forEachChild(visit)
  }
  visit(file)
  return [...mutants.values()]
}

/** @param {string} source @param {ts.SourceFile} file @param {Edit} edit @returns {Mutant} */
function applied(source, file, { start, end, by }) {
  const name = IMPORTED.find((one) => one === by)
  const isImported = name === undefined || new RegExp(`import[^;]*\\b${name}\\b[^;]*drizzle-orm`).test(source)
  const head = isImported ? '' : `import { ${name} } from 'drizzle-orm';`
  const text = head + source.slice(0, start) + by + source.slice(end)
  const from = source.lastIndexOf('\n', start - 1) + 1
  const nextEnd = source.indexOf('\n', end)
  const to = nextEnd < 0 ? source.length : nextEnd
  const parsed = ts.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext },
  })
  if ((parsed.diagnostics ?? []).length > 0)
    throw new Error(`A mutant that is no TypeScript: ${oneLine(source.slice(start, end))} => ${by}`)
  return {
    line: file.getLineAndCharacterOfPosition(start).line + 1,
    was: oneLine(source.slice(from, to)),
    became: oneLine(source.slice(from, start) + by + source.slice(end, to)),
    text,
  }
}

const oneLine = (/** @type {string} */ text) => text.replace(/\s+/g, ' ').trim()

/** @param {ts.Node} node @param {ts.SourceFile} file @returns {Edit[]} */
function editsOf(node, file) {
  /** @type {(old: ts.Node, by: string) => Edit} */
  const put = (old, by) => ({ start: old.getStart(file), end: old.getEnd(), by })
  const always = (/** @type {ts.Node} */ condition) => [put(condition, 'true'), put(condition, 'false')]

  if (ts.isIfStatement(node)) return always(node.expression)
  if (ts.isConditionalExpression(node)) return always(node.condition)
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return [put(node.expression, 'false')]
  if (ts.isForStatement(node)) return node.condition ? [put(node.condition, 'false')] : []
  if (node.kind === ts.SyntaxKind.TrueKeyword) return isToldByTypes(node) ? [] : [put(node, 'false')]
  if (node.kind === ts.SyntaxKind.FalseKeyword) return isToldByTypes(node) ? [] : [put(node, 'true')]
  if (ts.isExpressionStatement(node)) return isOnlyOf(node) ? [] : [put(node, ';')]
  if (ts.isThrowStatement(node)) return isOnlyOf(node) ? [] : [put(node, ';')]
  if (ts.isCaseClause(node)) return node.statements.length === 0 ? [] : [put(node, '')]
  if (ts.isArrayLiteralExpression(node)) return withoutEach(node.elements, file)
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return isCondition(node) ? [] : always(node)
  if (ts.isBinaryExpression(node)) return editsOfBinary(node, put)
  if (ts.isCallExpression(node)) return editsOfCall(node, file, put)
  return []
}

/** @param {ts.BinaryExpression} node @param {(old: ts.Node, by: string) => Edit} put @returns {Edit[]} */
function editsOfBinary(node, put) {
  const { left, right, operatorToken } = node
  const kind = operatorToken.kind
  const whole = (/** @type {ts.Node} */ part) => put(node, `(${part.getText()})`)
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken)
    return isSame(left, kind) ? [whole(left)] : [whole(left), whole(right)]
  if (kind === ts.SyntaxKind.QuestionQuestionToken)
    return right.kind === ts.SyntaxKind.NullKeyword ? [] : [whole(left)]
  const edge = EDGES.get(kind)
  const asCondition = isCondition(node) ? [] : [put(node, 'true'), put(node, 'false')]
  if (edge !== undefined) return [put(operatorToken, edge), ...asCondition]
  if (EQUALITIES.includes(kind)) return asCondition
  const other = ARITHMETIC.get(kind)
  return other === undefined || isText(left) || isText(right) ? [] : [put(operatorToken, other)]
}

/** @param {ts.CallExpression} node @param {ts.SourceFile} file @param {(old: ts.Node, by: string) => Edit} put @returns {Edit[]} */
function editsOfCall(node, file, put) {
  const { expression } = node
  if (ts.isIdentifier(expression)) {
    const other = COUNTERPARTS.get(expression.text)
    const exchanged = other !== undefined && IMPORTED.includes(other) ? [put(expression, other)] : []
    const joins = ['and', 'or'].includes(expression.text) && node.arguments.length > 1
    return joins ? withoutEach(node.arguments, file) : exchanged
  }
  if (!ts.isPropertyAccessExpression(expression)) return []
  const { name } = expression
  const other = COUNTERPARTS.get(name.text)
  const exchanged = other !== undefined && !IMPORTED.includes(other) ? [put(name, other)] : []
  return STEPS.includes(name.text) ? [...exchanged, put(node, expression.expression.getText())] : exchanged
}

/** @param {ts.NodeArray<ts.Node>} nodes @param {ts.SourceFile} file @returns {Edit[]} */
const withoutEach = (nodes, file) =>
  nodes.map((node, index) => ({
    start: index === 0 ? node.getStart(file) : (nodes[index - 1]?.getEnd() ?? 0),
    end: index === 0 ? (nodes[1]?.getStart(file) ?? node.getEnd()) : node.getEnd(),
    by: '',
  }))

/** What is done where a condition holds, alone: to leave it out is what `false` for the condition does. @param {ts.Node} node */
function isOnlyOf(node) {
  const { parent } = node
  const holder = ts.isBlock(parent) && parent.statements.length === 1 ? parent.parent : parent
  return ts.isIfStatement(holder) && holder.elseStatement === undefined
}

/** Whether somebody else puts `true` and `false` in its place, or leaves it out. @param {ts.Node} node @returns {boolean} */
function isCondition(node) {
  const { parent } = node
  if (ts.isParenthesizedExpression(parent)) return isCondition(parent)
  if (ts.isIfStatement(parent) || ts.isConditionalExpression(parent))
    return 'condition' in parent ? parent.condition === node : true
  if (ts.isPrefixUnaryExpression(parent)) return true
  return (
    ts.isBinaryExpression(parent) &&
    [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken].includes(parent.operatorToken.kind)
  )
}

/** A chain of them, whose links are left out one by one. @param {ts.Node} node @param {ts.SyntaxKind} kind */
const isSame = (node, kind) => ts.isBinaryExpression(node) && node.operatorToken.kind === kind
/** `ok` tells the members of a union apart: the other one is no such member. */
const isToldByTypes = (/** @type {ts.Node} */ { parent }) =>
  ts.isLiteralTypeNode(parent) || (ts.isPropertyAssignment(parent) && parent.name.getText() === 'ok')
const isText = (/** @type {ts.Node} */ node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
