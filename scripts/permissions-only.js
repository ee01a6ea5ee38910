import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))

/** Where the roles are defined, and who has which permission. */
const DEFINED_IN = ['lib/moderation/moderator.ts', 'lib/moderation/permission.ts']
const ROLES = ['moderator', 'administrator']
const COMPARISONS = ['==', '===', '!=', '!==']
/** Of drizzle, and of arrays. */
const CALLS = ['eq', 'ne', 'inArray', 'notInArray', 'includes', 'indexOf']

/** @typedef {import('estree').Node} Node */

/** @param {Node | null | undefined} node @returns {boolean} */
const isRole = (node) =>
  (node?.type === 'Literal' && ROLES.some((role) => role === node.value)) ||
  (node?.type === 'ArrayExpression' && node.elements.some(isRole))

/** Whether what is compared is called a role: `role`, `moderator.role`, `moderators.role`. @param {Node} node */
const isCalledRole = (node) =>
  /role$/i.test(
    node.type === 'Identifier'
      ? node.name
      : node.type === 'MemberExpression' && node.property.type === 'Identifier'
        ? node.property.name
        : '',
  )

/**
 * The lint rule: whether somebody may do a thing is asked of `can` and `rolesWith`, and no role is compared with one by
 * name, in code or SQL. `administrator` means nothing else where it is compared; `moderator` is also a kind of actor.
 * @type {import('eslint').Rule.RuleModule}
 */
export const permissionsOnly = {
  create(context) {
    const file = relative(SOURCE, context.filename).split(sep).join('/')
    if (DEFINED_IN.includes(file)) return {}
    /** @param {Node} node */
    const report = (node) =>
      context.report({
        node,
        message: 'Ask for a permission (lib/moderation/permission.ts), not for a role.',
      })
    /** @param {Node[]} sides */
    const compares = (sides) =>
      sides.some(
        (side) =>
          isRole(side) &&
          ((side.type === 'Literal' && side.value === 'administrator') || sides.some(isCalledRole)),
      )
    return {
      BinaryExpression(node) {
        if (COMPARISONS.includes(node.operator) && compares([node.left, node.right])) report(node)
      },
      CallExpression(node) {
        const { callee } = node
        const of = callee.type === 'MemberExpression' ? callee.property : callee
        const sides = callee.type === 'MemberExpression' ? [callee.object, ...node.arguments] : node.arguments
        if (of.type === 'Identifier' && CALLS.includes(of.name) && compares(sides)) report(node)
      },
      SwitchStatement(node) {
        if (node.cases.some(({ test }) => test && compares([node.discriminant, test]))) report(node)
      },
      TemplateElement(node) {
        if (/'administrator'|'moderator'/.test(node.value.raw)) report(node)
      },
    }
  },
}
