import { m } from '$lib/paraglide/messages'
import { whenReleased } from './when-released'

const WORDS = [
  m.wizard_strength_0,
  m.wizard_strength_1,
  m.wizard_strength_2,
  m.wizard_strength_3,
  m.wizard_strength_4,
]
const PAUSE_MS = 150

/**
 * Describes the strength of a new password. The estimator is large: it is loaded at the first letter, in a worker, so
 * that neither the page nor typing waits for it. The password does not leave the browser.
 */
export function hintAtStrength(): void {
  const field = document.querySelector<HTMLInputElement>('input[data-new-password]')
  const live = document.getElementById(`${field?.id ?? ''}-live`)
  const workerUrl = field?.dataset['strengthWorker']
  if (field === null || live === null || workerUrl === undefined) return
  const known = (field.dataset['known'] ?? '').split(' ')
  let worker: Worker | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let count = 0

  const start = () => {
    const started = new Worker(workerUrl, { type: 'module' })
    started.addEventListener('message', ({ data }: MessageEvent<{ id: number; score: number }>) => {
      if (data.id === count && field.value !== '') show(live, data.score)
    })
    return started
  }

  field.addEventListener('input', () => {
    clearTimeout(timer)
    const id = ++count
    if (field.value === '') live.replaceChildren()
    else
      timer = setTimeout(
        () => (worker ??= start()).postMessage({ id, password: field.value, known }),
        PAUSE_MS,
      )
  })
}

function show(live: HTMLElement, score: number): void {
  const bar = document.createElement('span')
  bar.className = `strength-bar strength-${score}`
  bar.ariaHidden = 'true'
  bar.append(...WORDS.map(() => document.createElement('span')))
  const label = document.createElement('span')
  label.className = 'quiet'
  label.textContent = `${m.wizard_strength()} `
  const words = document.createElement('strong')
  words.textContent = WORDS[score]?.() ?? ''
  const line = document.createElement('p')
  line.className = 'strength small'
  line.append(bar, label, words)
  whenReleased(live, () => live.replaceChildren(line))
}
