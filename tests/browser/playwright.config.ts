import { defineConfig } from '@playwright/test'
import { CHROMIUM_ARGS, testBrowserPath } from '../../scripts/chromium.js'

const executablePath = testBrowserPath()

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  timeout: 120_000,
  // A busy machine answers late; what is wrong stays wrong.
  expect: { timeout: 15_000 },
  workers: 2,
  forbidOnly: true,
  // A colour that is just changing is no fault of the colour.
  use: {
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: { args: CHROMIUM_ARGS, ...(executablePath === null ? {} : { executablePath }) },
  },
  projects: [
    { name: 'with-js', use: { javaScriptEnabled: true } },
    // What scripts alone do has no other side.
    {
      name: 'without-js',
      use: { javaScriptEnabled: false },
      testIgnore: ['offline.spec.ts', '*-scripts.spec.ts'],
    },
  ],
})
