import { m } from '$lib/paraglide/messages'

/** After this long, the form is sent without its proof. */
const LONGEST_MS = 30_000
const working = new WeakMap<HTMLInputElement, Promise<void>>()

const fieldIn = (form: HTMLFormElement) => form.querySelector<HTMLInputElement>('input[data-proof-worker]')

/** Starts the proof of work as soon as the user enters the form, so that it is usually done when they submit. */
export function prove(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('main form')) {
    const field = fieldIn(form)
    if (field === null) continue
    form.addEventListener('focusin', () => void workOn(field), { once: true })
    if (form.contains(document.activeElement)) void workOn(field)
  }
}

/** Waits for the proof, and says so meanwhile; if it fails, the form is sent without one. */
export async function proved(form: HTMLFormElement): Promise<void> {
  const field = fieldIn(form)
  if (field === null) return
  const words = form.querySelector('[data-proof-words]')
  if (words !== null) words.textContent = m.proof_checking()
  await workOn(field)
  if (words !== null) words.textContent = ''
}

function workOn(field: HTMLInputElement): Promise<void> {
  const begun = working.get(field) ?? solve(field).catch(goWithout)
  working.set(field, begun)
  return begun
}

/** The browser has no such workers: the server checks the form more closely. */
function goWithout(error: unknown): void {
  console.warn('The proof of work could not be made', error)
}

/** The solver is loaded here, in a worker, so that pages without a proof of work do not load it. */
function solve(field: HTMLInputElement): Promise<void> {
  return new Promise((resolve) => {
    const worker = new Worker(field.dataset['proofWorker'] ?? '', { type: 'module' })
    const end = () => {
      clearTimeout(limit)
      worker.terminate()
      resolve()
    }
    const limit = setTimeout(end, LONGEST_MS)
    worker.addEventListener('error', end)
    worker.addEventListener('message', ({ data }: MessageEvent<string | null>) => {
      if (data !== null) field.value = data
      end()
    })
    worker.postMessage(field.value)
  })
}
