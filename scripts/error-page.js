import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @param {string} path relative to the root */
const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
/** @param {string} path @returns {unknown} */
const json = (path) => JSON.parse(readFileSync(file(path), 'utf8'))
/** @param {unknown} object @param {string} key */
const textAt = (object, key) => {
  const text = Reflect.get(Object(object), key)
  if (typeof text !== 'string') throw new Error(`${key} is no text`)
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/**
 * What SvelteKit answers when not even an error page can be rendered: it can have no words from outside, and knows no
 * reader's language. So it says the same in each, from src/messages.
 */
export function errorPage() {
  /** @type {unknown} */
  const locales = Reflect.get(Object(json('project.inlang/settings.json')), 'locales')
  if (!Array.isArray(locales)) throw new Error('project.inlang/settings.json has no locales')
  const [first = '', ...others] = locales.map(String)
  /** @param {string} language @param {string} heading */
  const words = (language, heading) => {
    const messages = json(`src/messages/${language}.json`)
    return `<${heading}>${textAt(messages, 'error_500_title')}</${heading}>
      <p>${textAt(messages, 'error_500_words')}</p>
      <p><a href="/">${textAt(messages, 'error_home')}</a></p>`
  }
  const sections = others.map(
    (language) => `<section lang="${language}" dir="auto">\n      ${words(language, 'h2')}\n      </section>`,
  )
  const page = readFileSync(file('src/error.html'), 'utf8')
  return page
    .replace('%language%', () => first)
    .replace('%words%', () => [words(first, 'h1'), ...sections].join('\n      '))
}

/** Writes that page for the build, and returns where it is. */
export function writeErrorPage() {
  const path = file('.svelte-kit/error.html')
  mkdirSync(file('.svelte-kit'), { recursive: true })
  writeFileSync(path, errorPage())
  return path
}
