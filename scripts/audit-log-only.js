import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))
const AUDIT_LOG = 'lib/server/database/events.ts'
const CHANGES = ['insert', 'update', 'delete']
/** The table of the audit log in SQL as text. */
const CHANGE_IN_SQL = /\b(insert\s+(or\s+\w+\s+)?into|replace\s+into|update|delete\s+from)\s+["'`[]?events\b/i

/** @param {import('eslint').Rule.RuleContext} context */
const fileOf = (context) => relative(SOURCE, context.filename).split(sep).join('/')

/** @param {import('estree').Node} node */
const nameOf = (node) =>
  node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : null

/**
 * The lint rule: rows of the audit log are written and deleted in one file alone, whatever the table is called where it
 * is imported. @type {import('eslint').Rule.RuleModule}
 */
export const auditLogOnly = {
  create(context) {
    const file = fileOf(context)
    if (file.startsWith('..') || file === AUDIT_LOG) return {}
    const message = `The audit log is written in src/${AUDIT_LOG} alone: call insertEvents.`
    /** @type {Set<string>} */
    const tables = new Set()
    /** @type {Set<string>} */
    const schemas = new Set()
    /** @param {import('estree').Node | undefined} node */
    const isTable = (node) =>
      (node?.type === 'Identifier' && tables.has(node.name)) ||
      (node?.type === 'MemberExpression' &&
        node.object.type === 'Identifier' &&
        schemas.has(node.object.name) &&
        nameOf(node.property) === 'events')
    return {
      ImportDeclaration({ source, specifiers }) {
        if (!/(^|\/)schema(\.[jt]s)?$/.test(String(source.value))) return
        for (const specifier of specifiers)
          if (specifier.type === 'ImportNamespaceSpecifier') schemas.add(specifier.local.name)
          else if (specifier.type === 'ImportSpecifier' && nameOf(specifier.imported) === 'events')
            tables.add(specifier.local.name)
      },
      CallExpression(node) {
        if (node.callee.type !== 'MemberExpression') return
        const name = nameOf(node.callee.property)
        if (name !== null && CHANGES.includes(name) && isTable(node.arguments[0]))
          context.report({ node, message })
      },
      Literal(node) {
        if (typeof node.value === 'string' && CHANGE_IN_SQL.test(node.value))
          context.report({ node, message })
      },
      TemplateElement(node) {
        if (CHANGE_IN_SQL.test(node.value.raw)) context.report({ node, message })
      },
    }
  },
}
