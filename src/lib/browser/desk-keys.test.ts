import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { onDeskKey, watchFields } from './desk-keys'

/** As much of an element as keys need. */
class FakeElement extends EventTarget {
  shown = true
  isContentEditable = false
  constructor(readonly tag: string) {
    super()
  }
  matches(selector: string): boolean {
    return selector.split(/[ ,]/).includes(this.tag)
  }
  checkVisibility(): boolean {
    return this.shown
  }
  blur(): void {
    focused = body
  }
}

const body = new FakeElement('body')
let focused = body
let stop: () => void

class FakeDocument extends EventTarget {
  querySelector = () => null
  querySelectorAll = () => []
}
let page: FakeDocument

/** An event of the page at an element. */
const send = (type: string, target: FakeElement) => {
  const event = new Event(type)
  Object.defineProperty(event, 'target', { value: target })
  page.dispatchEvent(event)
}
const focus = (element: FakeElement) => {
  focused = element
  send('focusin', element)
}
/** The page takes the field away: what had the focus is the body, and nothing says so. */
const vanish = (element: FakeElement) => {
  element.shown = false
  if (focused === element) focused = body
}
/** Types a key; returns whether it did something. */
function press(key: string): boolean {
  const act = vi.fn()
  const event = new Event('keydown', { cancelable: true })
  Object.defineProperties(event, { key: { value: key }, target: { value: focused } })
  onDeskKey(event as KeyboardEvent, { [key]: act })
  return act.mock.calls.length > 0
}

beforeEach(() => {
  page = new FakeDocument()
  focused = body
  vi.stubGlobal('document', page)
  vi.stubGlobal('HTMLElement', FakeElement)
  stop = watchFields()
  press('Escape')
})
afterEach(() => {
  stop()
  vi.unstubAllGlobals()
})

describe('a key does something', () => {
  test('at rest', () => expect(press('a')).toBe(true))
  test.each(['textarea', 'select'])('not in a %s', (tag) => {
    focus(new FakeElement(tag))
    expect(press('a')).toBe(false)
  })
  test('once the field was left by Escape', () => {
    focus(new FakeElement('textarea'))
    press('Escape')
    expect(press('a')).toBe(true)
  })
  test('once the focus was moved elsewhere, also where the field goes later', () => {
    const field = new FakeElement('textarea')
    focus(field)
    press('b')
    focus(new FakeElement('button'))
    vanish(field)
    expect(press('a')).toBe(true)
  })
  test('once a field was closed by a key of its own', () => {
    const field = new FakeElement('textarea')
    focus(field)
    const event = new Event('keydown', { cancelable: true })
    Object.defineProperties(event, { key: { value: 'Escape' }, target: { value: field } })
    focus(new FakeElement('summary'))
    field.shown = false
    event.preventDefault()
    onDeskKey(event as KeyboardEvent, {})
    expect(press('a')).toBe(true)
  })
  test('once the field lost the focus without being taken away', () => {
    const field = new FakeElement('textarea')
    focus(field)
    field.blur()
    expect(press('a')).toBe(true)
    vanish(field)
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
  test('nor where nothing had been typed yet', () => {
    const field = new FakeElement('textarea')
    focus(field)
    vanish(field)
    expect(press('a')).toBe(false)
  })
  test.each([
    ['a press elsewhere', () => send('pointerdown', body)],
    ['the focus elsewhere', () => focus(new FakeElement('button'))],
    ['Escape, which itself does nothing else', () => expect(press('Escape')).toBe(false)],
  ])('%s ends it', (_, act) => {
    const field = new FakeElement('textarea')
    focus(field)
    vanish(field)
    act()
    expect(press('a')).toBe(true)
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
