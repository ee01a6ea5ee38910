import { passwordStrength } from './password-strength'

/** Runs the estimator beside the page; replies with the number of the question. */
addEventListener('message', ({ data }: MessageEvent<{ id: number; password: string; known: string[] }>) => {
  postMessage({ id: data.id, score: passwordStrength(data.password, data.known) })
})
