import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { leaveField, onDeskKey, watchFields } from './desk-keys'

/** As much of an element as keys need. */
class FakeElement extends EventTarget {
  isContentEditable = false
  constructor(readonly tag: string) {
    super()
  }
  matches(selector: string): boolean {
    const tags = selector.replaceAll(/:not\(.*?\)/g, '').split(/,\s*/)
    return tags.includes(this.tag)
  }
  blur(): void {
    focused = body
  }
}

const body = new FakeElement('body')
let focused = body
let stop: () => void

const addEventListener = (type: string, hear: (event: unknown) => void) => {
  handlers.set(type, [...(handlers.get(type) ?? []), hear])
}
class FakeDocument {
  addEventListener = addEventListener
  get activeElement() {
    return focused
  }
  querySelector = () => null
  querySelectorAll = () => []
}
const window = Object.assign(new EventTarget(), { addEventListener })
let page: FakeDocument
let handlers: Map<string, ((event: unknown) => void)[]>

/** What a person does to an element, as the page hears it. */
const send = (type: string, target: EventTarget, more: Record<string, unknown> = {}) => {
  const hear = handlers.get(type) ?? []
  const event = { type, target, isTrusted: true, defaultPrevented: false, preventDefault() {}, ...more }
  for (const one of hear) one(event)
  return event
}
const focus = (element: FakeElement) => {
  focused = element
  send('focusin', element)
}
/** The page takes the field away: what had the focus is the body, and nothing says so. */
const vanish = (element: FakeElement) => {
  if (focused === element) focused = body
}
/** Types a key; returns whether it did something. */
function press(key: string): boolean {
  const act = vi.fn()
  const event = send('keydown', focused, { key })
  onDeskKey(event as unknown as KeyboardEvent, { [key]: act })
  return act.mock.calls.length > 0
}

beforeEach(() => {
  handlers = new Map()
  page = new FakeDocument()
  focused = body
  vi.stubGlobal('document', page)
  vi.stubGlobal('window', window)
  vi.stubGlobal('HTMLElement', FakeElement)
  stop = watchFields()
})
afterEach(() => {
  stop()
  vi.unstubAllGlobals()
})

describe('a key does something', () => {
  test('at rest', () => expect(press('a')).toBe(true))
  test.each(['textarea', 'select', 'input'])('not in a %s', (tag) => {
    focus(new FakeElement(tag))
    expect(press('a')).toBe(false)
  })
  test('once the field was left by Escape', () => {
    focus(new FakeElement('textarea'))
    press('Escape')
    expect(press('a')).toBe(true)
  })
  test.each([
    ['Tab', 'textarea', () => press('Tab')],
    ['a press', 'textarea', () => send('pointerdown', body)],
    ['a click without a pointer, as by a voice', 'textarea', () => send('click', body)],
    ['Enter, which sends a form of one line', 'input', () => press('Enter')],
  ])('once the field was left by %s, also where it goes later', (_, tag, leave) => {
    const field = new FakeElement(tag)
    focus(field)
    press('b')
    leave()
    focus(new FakeElement('button'))
    vanish(field)
    expect(press('a')).toBe(true)
  })
  test.each([
    ['through the history', leaveField],
    ['to another window, or what is no page', () => send('blur', window)],
  ])('once the person went from the field %s', (_, leave) => {
    const field = new FakeElement('textarea')
    focus(field)
    press('b')
    leave()
    vanish(field)
    expect(press('a')).toBe(true)
  })
  test('once the page was left with a field in use, and opened again', () => {
    const field = new FakeElement('input')
    focus(field)
    press('b')
    stop()
    vanish(field)
    stop = watchFields()
    expect(press('a')).toBe(true)
  })
  test('once a field was closed by a key of its own', () => {
    const field = new FakeElement('textarea')
    focus(field)
    const event = send('keydown', field, { key: 'Escape', defaultPrevented: true })
    focus(new FakeElement('summary'))
    onDeskKey(event as unknown as KeyboardEvent, {})
    expect(press('a')).toBe(true)
  })
})

describe('where a field goes under the hands that type in it', () => {
  test.each(['a', 'd', 'q', 'j', 'Enter'])('%s does nothing, however often', (key) => {
    const field = new FakeElement('textarea')
    focus(field)
    press('b')
    vanish(field)
    expect([press(key), press(key), press('a')]).toEqual([false, false, false])
  })
  test.each([
    ['a script', () => send('click', body, { isTrusted: false })],
    ['an error that takes the focus', () => focus(new FakeElement('div'))],
    ['Enter in a field of several lines', () => press('Enter')],
    ['a redirect to a place on the page', () => send('popstate', window)],
  ])('nor where it loses the focus to %s', (_, happen) => {
    const field = new FakeElement('textarea')
    focus(field)
    press('b')
    happen()
    if (focused === field) vanish(field)
    expect([press('d'), press('a')]).toEqual([false, false])
  })
  test('nor where nothing had been typed yet', () => {
    const field = new FakeElement('textarea')
    focus(field)
    vanish(field)
    expect(press('a')).toBe(false)
  })
  test.each([
    ['a press elsewhere', () => send('pointerdown', body)],
    ['Tab', () => press('Tab')],
    ['Escape, which itself does nothing else', () => expect(press('Escape')).toBe(false)],
  ])('%s ends it', (_, act) => {
    const field = new FakeElement('textarea')
    focus(field)
    vanish(field)
    act()
    expect(press('a')).toBe(true)
  })
  test('nor where the person comes back to a field, and it goes then', () => {
    const field = new FakeElement('textarea')
    focus(field)
    send('blur', window)
    focus(field)
    vanish(field)
    expect(press('a')).toBe(false)
  })
  test('nor where they type on until the page that they go back to is there', () => {
    const field = new FakeElement('textarea')
    focus(field)
    leaveField()
    press('b')
    vanish(field)
    expect(press('a')).toBe(false)
  })
  test('typing goes on in another field, and a press on it does not end that', () => {
    const [field, other] = [new FakeElement('textarea'), new FakeElement('textarea')]
    focus(field)
    vanish(field)
    focus(other)
    send('pointerdown', other)
    expect(press('a')).toBe(false)
    vanish(other)
    expect(press('a')).toBe(false)
  })
})
