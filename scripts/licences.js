import { Contrib } from '@cyclonedx/cyclonedx-library'

/**
 * What packages do not contain: `license` as an SPDX identifier, and the copyright holder. svelte-email's is in its
 * repository (carstenlebek/svelte-email, LICENSE), drizzle-orm's in its own package.json.
 * @type {Record<string, { license: string, copyright: string }>}
 */
export const LEFT_OUT = {
  'svelte-email': { license: 'MIT', copyright: 'Copyright (c) 2023 Carsten Lebek' },
  'drizzle-orm': { license: 'Apache-2.0', copyright: 'Copyright Drizzle Team' },
  '@bomb.sh/tab': { license: 'MIT', copyright: 'Copyright (c) Bombshell Authors' },
}

const RULE = '-'.repeat(80)
const HEAD = `Licenses of the packages that are in the bundles of this build, in whole or in part. The packages and their
versions are listed in sbom.cdx.json beside this file. Packages with the same license text are grouped.`

const gatherer = new Contrib.License.Utils.LicenseEvidenceGatherer()

/** The licenses and notices in a package's folder, unchanged. @param {string} folder */
function textsIn(folder) {
  return [...gatherer.getFileAttachments(folder)]
    .sort((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ text: { content, encoding } }) =>
      Buffer.from(String(content), encoding ?? 'utf8').toString('utf8'),
    )
    .map((text) => text.replace(/\r\n?/g, '\n').trim())
    .join('\n\n')
}

/**
 * All license texts, each once, under the packages that have it.
 * @param {{ folder: string, manifest: { name: string, version: string, license?: unknown } }[]} packages
 */
export function licencesOf(packages) {
  const sorted = packages
    .map(({ folder, manifest: { name, version, license } }) => ({
      title: `${name} ${version}`,
      name,
      license,
      text: textsIn(folder),
    }))
    .sort((a, b) => (a.title < b.title ? -1 : 1))

  /** The standard text of a license, from a package that contains it. @param {string} license */
  function commonText(license) {
    const text = sorted.find((one) => one.license === license && one.text !== '')?.text
    if (text === undefined) throw new Error(`No package in the bundle contains the text of ${license}`)
    return text.replace(/^copyright .*\n+/gim, '')
  }

  /** @type {Map<string, string[]>} */
  const byText = new Map()
  for (const { title, name, text } of sorted) {
    const left = LEFT_OUT[name]
    if (text === '' && left === undefined)
      throw new Error(`${title} contains no license: look it up (LEFT_OUT)`)
    const words = text === '' && left ? `${left.copyright}\n\n${commonText(left.license)}` : text
    byText.set(words, [...(byText.get(words) ?? []), title])
  }
  const sections = [...byText].map(([text, titles]) => `${RULE}\n${titles.join('\n')}\n${RULE}\n\n${text}\n`)
  return [HEAD, ...sections].join('\n\n').replace(/\n{3,}/g, '\n\n')
}
