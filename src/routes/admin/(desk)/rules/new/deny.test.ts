import { render } from 'svelte/server'
import { describe, expect, test, vi } from 'vitest'
import { RULE_EFFECTS, type RuleEffect } from '$lib/moderation/rule'
import type { ReachView } from '$lib/moderation/views'
import { m } from '$lib/paraglide/messages'
import { actions } from './+page.server'
import Page from './+page.svelte'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$app/state', () => ({ page: {} }))
vi.mock('$lib/browser/refresh', () => ({ refresh: () => undefined }))

const reachOf = (effect: RuleEffect): ReachView => ({
  rule: { subject: 'domain', form: 'exact', value: 'spam.test', effect },
  breadth: null,
  waiting: {
    count: 1,
    looked: 1,
    more: false,
    some: [
      {
        id: 'r1',
        version: 3,
        matrixId: '@anna:example.test',
        email: 'anna@spam.test',
        clientAddress: '192.0.2.1',
        reason: null,
        stateSince: 1,
      },
    ],
  },
  approved: { count: 0, looked: 0, more: false },
})

/** The page with what was typed, and with the preview of it, if there is one. */
function pageOf(effect: RuleEffect, reach: ReachView | null): string {
  const typed = {
    kind: 'domain',
    value: 'spam.test',
    effect,
    days: '30',
    reason: '',
    message: 'Words to them',
    category: 'spam',
    silent: true,
    unticked: [],
  }
  const choices = { any: false, categories: ['spam'] }
  const data = { from: null, typed, reach, choices, now: 1, site: { name: 'Test' } }
  return render(Page, { props: { data, form: null } as never }).body
}

/** Saves a rule by the button that also denies. */
async function saveAndDeny(effect: RuleEffect) {
  const add = vi.fn(() => Promise.resolve({ rule: null, isNew: true, denied: 1, left: [] }))
  const preview = vi.fn(() => Promise.resolve(reachOf(effect)))
  const body = new URLSearchParams({ kind: 'domain', value: 'spam.test', effect, save: 'deny', deny: 'r1.3' })
  const url = new URL('http://localhost/admin/rules/new?/add')
  const request = new Request(url, { method: 'POST', body })
  const event = { request, url, locals: { api: { rules: { add, preview } } } }
  const answer = await actions['add']?.(event as never)
  return { answer, add }
}

describe('only a rule that blocks denies', () => {
  test.each(RULE_EFFECTS)('a preview of “%s” offers what its rule can do', (effect) => {
    const html = pageOf(effect, reachOf(effect))
    const denies = effect === 'block'
    expect(html).toContain('@anna:example.test')
    expect(html.includes('name="deny"')).toBe(denies)
    expect(html.includes(m.rule_save_and_deny())).toBe(denies)
    expect(html.includes(m.rule_denial())).toBe(denies)
    expect(html).toContain(m.rule_save())
  })

  test.each(RULE_EFFECTS)(
    '“Save and deny selected” of “%s” does both or neither, and says so',
    async (effect) => {
      const { answer, add } = await saveAndDeny(effect)
      if (effect === 'block') {
        expect(add).toHaveBeenCalledWith(expect.objectContaining({ deny: [{ id: 'r1', version: 3 }] }))
        return
      }
      expect(add).not.toHaveBeenCalled()
      expect(answer).toMatchObject({
        status: 400,
        data: { problem: m.rule_denies_not(), reach: { rule: { effect } }, typed: { effect } },
      })
    },
  )
})

describe('what was typed for the denials stays where they are not offered', () => {
  test.each([
    ['another action', 'hold', reachOf('hold')],
    ['no preview, as of a value that was refused', 'block', null],
    [
      'nobody who waits',
      'block',
      { ...reachOf('block'), waiting: { ...reachOf('block').waiting, count: 0 } },
    ],
  ] as const)('%s', (_, effect, reach) => {
    const html = pageOf(effect, reach)
    expect(html).toMatch(/type="hidden" name="message" value="Words to them"/)
    expect(html).toMatch(/type="hidden" name="category" value="spam"/)
    expect(html).toMatch(/type="hidden" name="silent" value="yes"/)
  })
})
