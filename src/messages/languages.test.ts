import { compile } from '@inlang/paraglide-js'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { locales } from '$lib/paraglide/runtime'
import { directionOf, LANGUAGES, languageOrFirst, ownName } from '$lib/registration/language'
import settings from '../../project.inlang/settings.json'
import { errorPage } from '../../scripts/error-page.js'
import { paraglide } from '../../scripts/messages.js'
import en from './en.json'

const SOURCE = join(import.meta.dirname, '..')

describe('languages', () => {
  it('are the same where they are defined, where messages are compiled, and as files', () => {
    expect(locales).toEqual(LANGUAGES)
    const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))
    expect(files.sort()).toEqual(LANGUAGES.map((language) => `${language}.json`).sort())
  })

  it('have only messages that there are, in their order; those that we speak ourselves have every one', () => {
    const keysOf = (language: string) =>
      Object.keys(Object(JSON.parse(readFileSync(join(import.meta.dirname, `${language}.json`), 'utf8'))))
    for (const language of LANGUAGES) {
      const keys = new Set(keysOf(language))
      expect([language, [...keys]]).toEqual([language, Object.keys(en).filter((key) => keys.has(key))])
      if (language === 'en' || language === 'de') expect(keys.size).toBe(Object.keys(en).length)
    }
  })

  it('say in English what their file lacks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'registration-texts-'))
    try {
      const project = join(folder, 'project.inlang')
      for (const name of [project, join(folder, 'messages')]) mkdirSync(name)
      const modules = [createRequire(import.meta.url).resolve('@inlang/plugin-message-format')]
      writeFileSync(
        join(project, 'settings.json'),
        JSON.stringify({
          ...settings,
          modules,
          'plugin.inlang.messageFormat': { pathPattern: './messages/{locale}.json' },
        }),
      )
      for (const language of LANGUAGES)
        writeFileSync(
          join(folder, 'messages', `${language}.json`),
          JSON.stringify({ said: language, ...(language === 'en' ? { lacking: 'in English' } : {}) }),
        )
      const outdir = join(folder, 'compiled')
      await compile({ ...paraglide, project, outdir })
      const { m: compiled } = await import(pathToFileURL(join(outdir, 'messages.js')).href)
      for (const locale of LANGUAGES) {
        expect(compiled.said({}, { locale })).toBe(locale)
        expect(compiled.lacking({}, { locale })).toBe('in English')
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('have a name of their own, and a direction', () => {
    expect(LANGUAGES.map((language) => [language, ownName(language), directionOf(language)])).toEqual([
      ['en', 'English', 'ltr'],
      ['de', 'Deutsch', 'ltr'],
      ['fr', 'Français', 'ltr'],
      ['es', 'Español', 'ltr'],
      ['ar', 'العربية', 'rtl'],
    ])
    expect(ownName('tlh')).toBe('tlh')
    expect([languageOrFirst('de'), languageOrFirst('tlh'), languageOrFirst('')]).toEqual(['de', 'en', 'en'])
  })

  it('are all on the page for when nothing can be rendered', () => {
    const page = errorPage()
    for (const language of LANGUAGES) {
      expect(page).toContain(`lang="${language}"`)
      expect(page).toContain(m.error_500_words({}, { locale: language }))
    }
    expect(page).not.toContain('%words%')
  })

  it('are named nowhere else in the program: what there is for each loops over them', () => {
    const defined = ['lib/registration/language.ts', 'demo/people.ts'].map((name) => join(SOURCE, name))
    const files = readdirSync(SOURCE, { recursive: true, withFileTypes: true }).filter(
      ({ name, parentPath }) => /(?<!\.test)\.(ts|svelte)$/.test(name) && !parentPath.includes('paraglide'),
    )
    expect(files.length).toBeGreaterThan(300)
    const named = files
      .map(({ name, parentPath }) => join(parentPath, name))
      .filter(
        (path) =>
          !defined.includes(path) &&
          /['"`](de|Deutsch|fr|Français|es|Español|ar)['"`]|\b(de|fr|es|ar):|_(de|fr|es|ar)\b/.test(
            readFileSync(path, 'utf8'),
          ),
      )
    expect(named).toEqual([])
  })
})
